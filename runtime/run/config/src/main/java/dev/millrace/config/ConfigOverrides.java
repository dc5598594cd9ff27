package dev.millrace.config;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * Applies {@code MILLRACE_…} variables to a config: {@code MILLRACE_CHAINS_0_FROM} is {@code
 * chains[0].from}.
 *
 * <p>Only scalar keys can be overridden. {@code BATCHEVENTS} and {@code BATCH_EVENTS} both name
 * {@code batchEvents}. A variable that is set but empty counts as not set.
 */
final class ConfigOverrides {
  private static final String PREFIX = "MILLRACE_";

  private final Map<String, String> environment;
  private final List<ConfigProblem> problems;
  private final List<String> warnings;

  ConfigOverrides(
      Map<String, String> environment, List<ConfigProblem> problems, List<String> warnings) {
    this.environment = new TreeMap<>(environment);
    this.problems = problems;
    this.warnings = warnings;
  }

  ConfigNode applyTo(ConfigNode root) {
    ConfigNode result = root;
    for (Map.Entry<String, String> variable : environment.entrySet()) {
      String name = variable.getKey();
      if (!name.startsWith(PREFIX) || variable.getValue().isEmpty()) {
        continue;
      }
      List<String> words = List.of(name.substring(PREFIX.length()).split("_"));
      Optional<List<String>> path = path(words, ConfigShape.ROOT);
      if (path.isPresent()) {
        result = with(result, path.get(), name, variable.getValue(), "");
      } else {
        warnAbout(name, words);
      }
    }
    return result;
  }

  /** Resolves {@code words} below {@code shape} to keys and list positions. */
  private static Optional<List<String>> path(List<String> words, ConfigShape shape) {
    return switch (shape) {
      case ConfigShape.Leaf _ -> words.isEmpty() ? Optional.of(List.of()) : Optional.empty();
      case ConfigShape.Each each -> {
        if (words.isEmpty()) {
          yield each.orOne() ? Optional.of(List.of()) : Optional.empty();
        }
        yield words.getFirst().matches("[0-9]{1,4}")
            ? path(rest(words, 1), each.item()).map(below -> prepend(words.getFirst(), below))
            : Optional.empty();
      }
      case ConfigShape.Keys keys -> below(words, keys);
    };
  }

  private static Optional<List<String>> below(List<String> words, ConfigShape.Keys keys) {
    for (int taken = 1; taken <= words.size(); taken++) {
      String spelled = String.join("", words.subList(0, taken));
      for (Map.Entry<String, ConfigShape> child : keys.children().entrySet()) {
        if (child.getKey().toUpperCase(Locale.ROOT).equals(spelled)) {
          return path(rest(words, taken), child.getValue())
              .map(found -> prepend(child.getKey(), found));
        }
      }
    }
    return Optional.empty();
  }

  private ConfigNode with(
      ConfigNode node, List<String> path, String variable, String value, String walked) {
    ConfigLocation place = new ConfigLocation.Variable(variable);
    if (path.isEmpty()) {
      return new ConfigNode.Text(value, value, place);
    }
    String step = path.getFirst();
    if (Character.isDigit(step.charAt(0))) {
      return withItem(node, Integer.parseInt(step), rest(path, 1), variable, value, walked);
    }
    if (node instanceof ConfigNode.Items || node instanceof ConfigNode.Text) {
      return node; // The file is wrong here; its own check reports that.
    }
    Map<String, ConfigNode> entries =
        node instanceof ConfigNode.Section section
            ? new LinkedHashMap<>(section.entries())
            : new LinkedHashMap<>();
    ConfigNode old = entries.getOrDefault(step, new ConfigNode.Nothing(place));
    entries.put(
        step, with(old, rest(path, 1), variable, value, ConfigYamlParser.join(walked, step)));
    return new ConfigNode.Section(
        entries, node instanceof ConfigNode.Nothing ? place : node.place());
  }

  private ConfigNode withItem(
      ConfigNode node,
      int position,
      List<String> path,
      String variable,
      String value,
      String walked) {
    List<ConfigNode> items =
        switch (node) {
          case ConfigNode.Items list -> new ArrayList<>(list.items());
          case ConfigNode.Text one -> new ArrayList<>(List.of(one));
          case ConfigNode.Section _, ConfigNode.Nothing _, ConfigNode.Broken _ -> new ArrayList<>();
        };
    ConfigLocation place = new ConfigLocation.Variable(variable);
    if (position > items.size()) {
      problems.add(
          new ConfigProblem(
              variable,
              walked + "[" + position + "]",
              "is not in the config, which has " + items.size() + " of them",
              "a position from 0 to " + items.size()));
      return node;
    }
    if (position == items.size()) {
      items.add(new ConfigNode.Nothing(place));
    }
    String item = walked + "[" + position + "]";
    items.set(position, with(items.get(position), path, variable, value, item));
    return new ConfigNode.Items(items, node instanceof ConfigNode.Nothing ? place : node.place());
  }

  /** Other Millrace tools have variables too; warns only about names that resemble a key. */
  private void warnAbout(String name, List<String> words) {
    Set<String> top = ConfigShape.ROOT.children().keySet();
    Optional<String> meant = SpellingSuggestion.nearest(words.getFirst(), top);
    meant.ifPresent(key ->
        warnings.add(
            name + ": names no key of the config and changes nothing (below " + key + ")"));
  }

  private static List<String> rest(List<String> list, int from) {
    return list.subList(from, list.size());
  }

  private static List<String> prepend(String first, List<String> rest) {
    List<String> all = new ArrayList<>();
    all.add(first);
    all.addAll(rest);
    return List.copyOf(all);
  }
}
