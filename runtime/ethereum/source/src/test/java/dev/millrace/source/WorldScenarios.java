package dev.millrace.source;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** The parts of scenarios, by the names that {@link WorldLimits} leaves out. */
final class WorldScenarios {
  static final List<String> PARTS =
      List.of(
          "troubles",
          "few_addresses",
          "endpoint2",
          "endpoint1",
          "crashes",
          "cache",
          "other_chain",
          "tail",
          "lacking",
          "corruption",
          "reset",
          "reorgs",
          "lag",
          "stale",
          "balanced",
          "late",
          "still",
          "moved",
          "unknown_chain",
          "clamps",
          "bloomless",
          "lying",
          "tagless",
          "traits",
          "episode",
          "tags",
          "unruled",
          "found",
          "anywhere");

  private WorldScenarios() {}

  /** Returns the first difference of two lists; null if they are equal. */
  static @Nullable String difference(List<String> expected, List<String> delivered) {
    int max = Math.max(expected.size(), delivered.size());
    for (int i = 0; i < max; i++) {
      String one = i < expected.size() ? expected.get(i) : "nothing";
      String other = i < delivered.size() ? delivered.get(i) : "nothing";
      if (!one.equals(other)) {
        return "at %d of %d expected %s, told %s".formatted(i, expected.size(), one, other);
      }
    }
    return null;
  }
}
