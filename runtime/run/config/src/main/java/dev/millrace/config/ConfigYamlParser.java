package dev.millrace.config;

import java.io.StringReader;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;
import org.yaml.snakeyaml.nodes.Tag;

/**
 * Reads YAML into {@link ConfigNode}s and resolves {@code ${…}}.
 *
 * <p>Works on composed nodes, not on constructed objects: composed nodes still know their lines,
 * hold both of two equal keys, and have not yet parsed an address as a very large number.
 */
final class ConfigYamlParser {
  // Aliases can make a small file very large, or endless; no real config comes near these limits.
  private static final int MAX_NODES = 50_000;
  private static final int MAX_DEPTH = 50;

  private final String file;
  private final VariableInterpolation interpolation;
  private final List<ConfigProblem> problems;
  private int nodes;
  private int depth;

  ConfigYamlParser(String file, VariableInterpolation interpolation, List<ConfigProblem> problems) {
    this.file = file;
    this.interpolation = interpolation;
    this.problems = problems;
  }

  ConfigNode read(String text) {
    ConfigLocation start = new ConfigLocation.Line(file, 1);
    try {
      Node root = new Yaml(new LoaderOptions()).compose(new StringReader(text));
      return root == null
          ? new ConfigNode.Section(Map.of(), start)
          : convert(root, "", place(root));
    } catch (MarkedYAMLException wrong) {
      ConfigLocation place =
          wrong.getProblemMark() == null
              ? start
              : new ConfigLocation.Line(file, wrong.getProblemMark().getLine() + 1);
      report(place, "", "is not YAML: " + wrong.getProblem(), "");
    } catch (YAMLException wrong) {
      report(start, "", "is not YAML: " + firstLine(wrong), "");
    }
    return new ConfigNode.Broken(start);
  }

  private ConfigNode convert(Node node, String path, ConfigLocation place) {
    if (++nodes > MAX_NODES || depth > MAX_DEPTH) {
      throw new YAMLException("too large or too deep once its aliases are resolved");
    }
    depth++;
    try {
      return switch (node) {
        case MappingNode mapping -> section(mapping, path, place);
        case SequenceNode sequence -> items(sequence, path, place);
        case ScalarNode scalar -> text(scalar, path, place);
        default -> throw new YAMLException("unexpected node: tag=" + node.getTag());
      };
    } finally {
      depth--;
    }
  }

  private ConfigNode section(MappingNode mapping, String path, ConfigLocation place) {
    Map<String, ConfigNode> entries = new LinkedHashMap<>();
    Map<String, ConfigLocation> places = new LinkedHashMap<>();
    for (NodeTuple tuple : mapping.getValue()) {
      ConfigLocation line = place(tuple.getKeyNode());
      if (!(tuple.getKeyNode() instanceof ScalarNode key)) {
        report(line, path, "has a key that is not one word", "a name as key");
        continue;
      }
      String name = key.getValue();
      ConfigLocation first = places.putIfAbsent(name, line);
      if (first == null) {
        entries.put(name, convert(tuple.getValueNode(), join(path, name), line));
      } else {
        report(line, join(path, name), "is given twice, first at " + first, "it once");
      }
    }
    return new ConfigNode.Section(entries, place);
  }

  private ConfigNode items(SequenceNode sequence, String path, ConfigLocation place) {
    List<ConfigNode> items = new ArrayList<>();
    for (Node item : sequence.getValue()) {
      items.add(convert(item, path + "[" + items.size() + "]", place(item)));
    }
    return new ConfigNode.Items(List.copyOf(items), place);
  }

  private ConfigNode text(ScalarNode scalar, String path, ConfigLocation place) {
    if (scalar.getTag().equals(Tag.NULL)) {
      return new ConfigNode.Nothing(place);
    }
    String written = scalar.getValue();
    return switch (interpolation.resolve(written)) {
      case VariableInterpolation.Resolved(String value) ->
          new ConfigNode.Text(value, written, place);
      case VariableInterpolation.Unresolved(String wrong, String expected) -> {
        report(place, path, wrong, expected);
        yield new ConfigNode.Broken(place);
      }
    };
  }

  private ConfigLocation place(Node node) {
    return new ConfigLocation.Line(file, node.getStartMark().getLine() + 1);
  }

  private void report(ConfigLocation place, String path, String wrong, String expected) {
    problems.add(new ConfigProblem(place, path, wrong, expected));
  }

  static String join(String path, String key) {
    return path.isEmpty() ? key : path + "." + key;
  }

  private static String firstLine(YAMLException wrong) {
    String message = wrong.getMessage();
    return message == null ? "unreadable" : message.lines().findFirst().orElse("unreadable");
  }
}
