package dev.millrace.lane;

import dev.millrace.pipeline.TimingSummary;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/** The times of the latest batches: the one place from which overlap is computed. */
public final class PipelineTimings {
  private static final int KEPT = 4096;

  private final Deque<BatchTiming> latest = new ArrayDeque<>(); // @GuardedBy this
  private final Totals totals = new Totals(); // @GuardedBy this

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

  public synchronized TimingSummary summary() {
    long wall = totals.batches == 0 ? 0 : totals.last - totals.first;
    return new TimingSummary(
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
