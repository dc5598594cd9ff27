package dev.millrace.pipeline;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/** The times of the latest batches: the one place from which overlap is computed. */
public final class Timings {
  private static final int KEPT = 4096;

  private final Deque<BatchTiming> latest = new ArrayDeque<>(); // @GuardedBy this
  private final Totals totals = new Totals(); // @GuardedBy this

  /**
   * Sums over all durable batches.
   *
   * @param wallNanos from the start of the first executed batch to the end of the last commit
   */
  public record Summary(
      long batches,
      long groups,
      long events,
      long executeNanos,
      long mirrorNanos,
      long commitNanos,
      long wallNanos,
      long stalledNanos) {
    /** Work done per unit of time: 1 means no overlap, 2 means two stages always busy. */
    public double overlap() {
      return wallNanos == 0 ? 1 : (double) workNanos() / wallNanos;
    }

    /**
     * The greatest possible overlap with these stage times: their sum divided by the longest, such
     * as {@code (c + s) / max(c, s)}.
     */
    public double bound() {
      long longest = Math.max(mirrorNanos, Math.max(executeNanos, commitNanos));
      return longest == 0 ? 1 : (double) workNanos() / longest;
    }

    private long workNanos() {
      return executeNanos + mirrorNanos + commitNanos;
    }
  }

  private static final class Totals {
    private long batches;
    private long groups;
    private long events;
    private long executeNanos;
    private long mirrorNanos;
    private long commitNanos;
    private long stalledNanos;
    private long first = Long.MAX_VALUE;
    private long last = Long.MIN_VALUE;
    private long lastGroup = -1;
    private long lastMirrorEnd;
  }

  synchronized void add(BatchTiming timing) {
    if (latest.size() == KEPT) {
      latest.removeFirst();
    }
    latest.addLast(timing);
    totals.batches++;
    totals.events += timing.events();
    totals.executeNanos += timing.executeEnd() - timing.executeStart();
    totals.stalledNanos += timing.stalledNanos();
    if (timing.group() != totals.lastGroup) {
      totals.lastGroup = timing.group();
      totals.groups++;
      totals.commitNanos += timing.commitEnd() - timing.commitStart();
    }
    if (timing.mirrorEnd() != totals.lastMirrorEnd) {
      totals.lastMirrorEnd = timing.mirrorEnd();
      totals.mirrorNanos += timing.mirrorEnd() - timing.mirrorStart();
    }
    totals.first = Math.min(totals.first, timing.executeStart());
    totals.last = Math.max(totals.last, timing.commitEnd());
  }

  /** The latest batches, oldest first. */
  public synchronized List<BatchTiming> latest() {
    return List.copyOf(latest);
  }

  public synchronized Summary summary() {
    long wall = totals.batches == 0 ? 0 : totals.last - totals.first;
    return new Summary(
        totals.batches,
        totals.groups,
        totals.events,
        totals.executeNanos,
        totals.mirrorNanos,
        totals.commitNanos,
        wall,
        totals.stalledNanos);
  }
}
