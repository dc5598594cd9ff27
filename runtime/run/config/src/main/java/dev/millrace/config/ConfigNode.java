package dev.millrace.config;

import java.util.List;
import java.util.Map;

/** A part of a config and its place, before it is interpreted. */
sealed interface ConfigNode {
  ConfigLocation place();

  /** The kind of this node, in the words of a config's author. */
  String kind();

  /**
   * A scalar. {@code shown} is the text that messages may repeat: as written in the file, so that
   * no value that came in through {@code ${…}} is ever printed.
   */
  record Text(String value, String shown, ConfigLocation place) implements ConfigNode {
    @Override
    public String kind() {
      return "one value";
    }
  }

  record Items(List<ConfigNode> items, ConfigLocation place) implements ConfigNode {
    @Override
    public String kind() {
      return "a list";
    }
  }

  record Section(Map<String, ConfigNode> entries, ConfigLocation place) implements ConfigNode {
    @Override
    public String kind() {
      return "a section of keys";
    }
  }

  /** A key without a value, or {@code null} or {@code ~}. */
  record Nothing(ConfigLocation place) implements ConfigNode {
    @Override
    public String kind() {
      return "nothing";
    }
  }

  /** A node whose problem was reported already; not reported again. */
  record Broken(ConfigLocation place) implements ConfigNode {
    @Override
    public String kind() {
      return "something wrong";
    }
  }
}
