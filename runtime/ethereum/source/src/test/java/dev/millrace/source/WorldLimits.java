package dev.millrace.source;

import java.util.Set;
import java.util.TreeSet;

/**
 * Parts that a seed may use, so that a failing seed can be reduced.
 *
 * @param blocks the most blocks of the chain
 * @param without the parts to leave out, by name
 */
record WorldLimits(int blocks, Set<String> without) {
  static final WorldLimits ALL = new WorldLimits(Integer.MAX_VALUE, Set.of());

  boolean without(String name) {
    return without.contains(name);
  }

  WorldLimits leaveOut(String name) {
    Set<String> more = new TreeSet<>(without);
    more.add(name);
    return new WorldLimits(blocks, more);
  }

  WorldLimits withBlocks(int max) {
    return new WorldLimits(max, without);
  }

  @Override
  public String toString() {
    return "%s blocks, without %s"
        .formatted(blocks == Integer.MAX_VALUE ? "all" : "at most " + blocks, without);
  }
}
