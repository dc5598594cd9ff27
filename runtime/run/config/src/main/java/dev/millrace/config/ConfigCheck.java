package dev.millrace.config;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Checks a config against {@link ConfigShape}: reports unknown keys and wrong kinds, and replaces
 * wrong nodes by {@link ConfigNode.Broken}, so that the readers of the values do not report them a
 * second time.
 */
final class ConfigCheck {
  private final List<ConfigProblem> problems;

  ConfigCheck(List<ConfigProblem> problems) {
    this.problems = problems;
  }

  ConfigNode conform(ConfigNode node, ConfigShape shape, String path) {
    if (node instanceof ConfigNode.Broken) {
      return node;
    }
    return switch (shape) {
      case ConfigShape.Leaf _ ->
          node instanceof ConfigNode.Text || node instanceof ConfigNode.Nothing
              ? node
              : broken(node, path, "one value");
      case ConfigShape.Each each -> items(node, each, path);
      case ConfigShape.Keys keys -> section(node, keys, path);
    };
  }

  private ConfigNode items(ConfigNode node, ConfigShape.Each each, String path) {
    return switch (node) {
      case ConfigNode.Items list -> {
        List<ConfigNode> checked = new ArrayList<>();
        for (ConfigNode item : list.items()) {
          checked.add(conform(item, each.item(), path + "[" + checked.size() + "]"));
        }
        yield new ConfigNode.Items(checked, list.place());
      }
      case ConfigNode.Text one when each.orOne() -> new ConfigNode.Items(List.of(one), one.place());
      case ConfigNode.Text _, ConfigNode.Section _ ->
          broken(node, path, each.orOne() ? "one value or a list of them" : "a list");
      case ConfigNode.Nothing _, ConfigNode.Broken _ -> node;
    };
  }

  private ConfigNode section(ConfigNode node, ConfigShape.Keys keys, String path) {
    return switch (node) {
      case ConfigNode.Section section -> {
        Map<String, ConfigNode> checked = new LinkedHashMap<>();
        section.entries().forEach((key, value) -> check(key, value, keys, path, checked));
        yield new ConfigNode.Section(checked, section.place());
      }
      case ConfigNode.Items _, ConfigNode.Text _ ->
          broken(node, path, "the keys " + String.join(", ", keys.children().keySet()));
      case ConfigNode.Nothing _, ConfigNode.Broken _ -> node;
    };
  }

  private void check(
      String key,
      ConfigNode value,
      ConfigShape.Keys keys,
      String path,
      Map<String, ConfigNode> checked) {
    String below = ConfigYamlParser.join(path, key);
    ConfigShape shape = keys.children().get(key);
    if (shape != null) {
      checked.put(key, conform(value, shape, below));
      return;
    }
    report(
        value,
        below,
        "is not a key" + keys.nearest(key).map(near -> ", did you mean " + near + "?").orElse(""),
        "one of " + String.join(", ", keys.children().keySet()));
  }

  private ConfigNode broken(ConfigNode node, String path, String expected) {
    report(node, path, "is " + node.kind(), expected);
    return new ConfigNode.Broken(node.place());
  }

  private void report(ConfigNode node, String path, String wrong, String expected) {
    problems.add(new ConfigProblem(node.place(), path, wrong, expected));
  }
}
