package dev.millrace.config;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** The keys of a config and their nesting. Spelling, overrides and secrets all depend on it. */
sealed interface ConfigShape {

  /** One value. */
  record Leaf(boolean secret) implements ConfigShape {}

  /** A list; with {@code orOne} a single item may stand without its list. */
  record Each(ConfigShape item, boolean orOne) implements ConfigShape {}

  /** A section with these keys and no others. */
  record Keys(Map<String, ConfigShape> children) implements ConfigShape {
    /** The known key that {@code written} was probably meant to be. */
    Optional<String> nearest(String written) {
      return SpellingSuggestion.nearest(written, children.keySet());
    }
  }

  ConfigShape VALUE = new Leaf(false);
  ConfigShape SECRET = new Leaf(true);

  Keys ROOT =
      keys(
          key("name", VALUE),
          key("postgres", keys(key("url", SECRET), key("user", VALUE), key("password", SECRET))),
          key(
              "clickhouse",
              keys(
                  key("url", SECRET),
                  key("user", VALUE),
                  key("password", SECRET),
                  key("database", VALUE),
                  key("entities", VALUE))),
          key("chains", new Each(chain(), false)),
          key(
              "pipeline",
              keys(
                  key("depth", VALUE),
                  key("batchEvents", VALUE),
                  key("stagedBytes", VALUE),
                  key("commitBytes", VALUE))),
          key("jobs", jobs()),
          key("http", keys(key("port", VALUE), key("host", VALUE))));

  private static Keys jobs() {
    return keys(
        key("workers", VALUE),
        key("concurrency", VALUE),
        key("queues", new Each(keys(key("name", VALUE), key("concurrency", VALUE)), false)),
        key("lease", VALUE),
        key("drain", VALUE),
        key("retention", VALUE));
  }

  private static Keys chain() {
    return keys(
        key("id", VALUE),
        key("rpc", new Each(SECRET, true)),
        key("from", VALUE),
        key("to", VALUE),
        key("finality", keys(key("tag", VALUE), key("depth", VALUE))),
        key("cache", keys(key("bytes", VALUE))),
        key("audit", VALUE),
        key("undecodable", VALUE),
        key("poll", VALUE),
        key(
            "contracts",
            new Each(keys(key("name", VALUE), key("address", new Each(VALUE, true))), false)));
  }

  private static Keys keys(Named... children) {
    Map<String, ConfigShape> byName = new LinkedHashMap<>();
    for (Named child : children) {
      byName.put(child.name(), child.shape());
    }
    return new Keys(byName);
  }

  private static Named key(String name, ConfigShape shape) {
    return new Named(name, shape);
  }

  record Named(String name, ConfigShape shape) {}
}
