package dev.millrace.devchain;

import java.util.Arrays;

/**
 * Path from the first block on: the fork of each block. The trunk is fork 0; every later fork has a
 * number of its own and contains all blocks above the one where it left.
 *
 * <p>A block follows from the seed, its fork and its number, so a branch of any length is a few
 * numbers and can be resumed at any time.
 */
public final class DevChainBranch {
  static final DevChainBranch TRUNK = new DevChainBranch(new long[] {0}, new int[] {0});

  private final long[] starts;
  private final int[] forks;

  private DevChainBranch(long[] starts, int[] forks) {
    this.starts = starts;
    this.forks = forks;
  }

  /** Returns the fork of a block. */
  public int fork(long number) {
    int found = Arrays.binarySearch(starts, number);
    return forks[found >= 0 ? found : Math.max(0, -found - 2)];
  }

  /** Returns the fork of the last blocks. */
  int last() {
    return forks[forks.length - 1];
  }

  /** Returns this branch through a block, and another fork from there on. */
  DevChainBranch leave(long last, int fork) {
    int kept = 0;
    while (kept < starts.length && starts[kept] <= last) {
      kept++;
    }
    long[] begins = Arrays.copyOf(starts, kept + 1);
    int[] tellers = Arrays.copyOf(forks, kept + 1);
    begins[kept] = last + 1;
    tellers[kept] = fork;
    return new DevChainBranch(begins, tellers);
  }

  /** Returns the last block that both branches have, however far they go; −1 if none. */
  long shared(DevChainBranch other) {
    for (int at = 0; ; at++) {
      boolean mine = at < starts.length;
      boolean theirs = at < other.starts.length;
      if (!mine && !theirs) {
        return Long.MAX_VALUE;
      }
      if (!mine || !theirs) {
        return (mine ? starts[at] : other.starts[at]) - 1;
      }
      if (starts[at] != other.starts[at] || forks[at] != other.forks[at]) {
        return Math.min(starts[at], other.starts[at]) - 1;
      }
    }
  }

  @Override
  public String toString() {
    return "fork=%d above=%d".formatted(last(), starts[starts.length - 1] - 1);
  }
}
