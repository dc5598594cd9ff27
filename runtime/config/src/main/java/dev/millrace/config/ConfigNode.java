package dev.millrace.config;

import java.util.List;
import java.util.Map;

/** One piece of a config and where it stands, before anybody asked what it means. */
sealed interface ConfigNode {
  Place place();

  /** Words for what this is, as the author of a config would say it. */
  String kind();

  /**
   * A scalar. {@code shown} is what messages may repeat: what the file says, so that nothing that
   * came in through {@code ${…}} is ever printed.
   */
  record Text(String value, String shown, Place place) implements ConfigNode {
    @Override
    public String kind() {
      return "one value";
    }
  }

  record Items(List<ConfigNode> items, Place place) implements ConfigNode {
    @Override
    public String kind() {
      return "a list";
    }
  }

  record Section(Map<String, ConfigNode> entries, Place place) implements ConfigNode {
    @Override
    public String kind() {
      return "a section of keys";
    }
  }

  /** A key without a value, or {@code null} or {@code ~}. */
  record Nothing(Place place) implements ConfigNode {
    @Override
    public String kind() {
      return "nothing";
    }
  }

  /** Something that was reported already; nobody reports it again. */
  record Broken(Place place) implements ConfigNode {
    @Override
    public String kind() {
      return "something wrong";
    }
  }

  /** A line of a file, or a variable of the environment. */
  sealed interface Place {
    record Line(String file, int line) implements Place {
      @Override
      public String toString() {
        return file + ":" + line;
      }
    }

    record Variable(String name) implements Place {
      @Override
      public String toString() {
        return name;
      }
    }
  }
}
