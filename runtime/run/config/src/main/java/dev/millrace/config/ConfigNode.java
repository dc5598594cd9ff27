package dev.millrace.config;

import java.util.List;
import java.util.Map;

/** A part of a config and its place, before it is interpreted. */
sealed interface ConfigNode {
  Location place();

  /** The kind of this node, in the words of a config's author. */
  String kind();

  /**
   * A scalar. {@code shown} is the text that messages may repeat: as written in the file, so that
   * no value that came in through {@code ${…}} is ever printed.
   */
  record Text(String value, String shown, Location place) implements ConfigNode {
    @Override
    public String kind() {
      return "one value";
    }
  }

  record Items(List<ConfigNode> items, Location place) implements ConfigNode {
    @Override
    public String kind() {
      return "a list";
    }
  }

  record Section(Map<String, ConfigNode> entries, Location place) implements ConfigNode {
    @Override
    public String kind() {
      return "a section of keys";
    }
  }

  /** A key without a value, or {@code null} or {@code ~}. */
  record Nothing(Location place) implements ConfigNode {
    @Override
    public String kind() {
      return "nothing";
    }
  }

  /** A node whose problem was reported already; not reported again. */
  record Broken(Location place) implements ConfigNode {
    @Override
    public String kind() {
      return "something wrong";
    }
  }

  /** A line of a file, or a variable of the environment. */
  sealed interface Location {
    record Line(String file, int line) implements Location {
      @Override
      public String toString() {
        return file + ":" + line;
      }
    }

    record Variable(String name) implements Location {
      @Override
      public String toString() {
        return name;
      }
    }
  }
}
