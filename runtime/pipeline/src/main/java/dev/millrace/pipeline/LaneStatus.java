package dev.millrace.pipeline;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Where a lane stands. What is said to be committed is durable.
 *
 * @param epoch in which this process holds the lane
 * @param commits made by all processes so far
 * @param processed the frontier that has run
 * @param mirrored the frontier that has been copied; null without a mirror
 * @param committed the frontier that is durable
 * @param rewinds how often the stream has turned back since this process began
 * @param extent of the stream, as far as it is known
 * @param waitingFor why nothing moves, in words; empty while all goes well
 * @param doubts what the source could not prove and what the store could not do, for people
 * @param stalledNanos how long execute has waited, by cause
 * @param end how the lane has ended; null while it runs
 */
public record LaneStatus(
    String lane,
    long epoch,
    long commits,
    Side processed,
    @Nullable Side mirrored,
    Side committed,
    Rewinds rewinds,
    int batchesInTransit,
    long bytesInTransit,
    long bytesInMemory,
    Source.Extent extent,
    String waitingFor,
    List<String> doubts,
    Map<String, Long> stalledNanos,
    @Nullable LaneEnd end) {
  /**
   * How often the stream has turned back.
   *
   * @param blocks that had run and did not count any more, all rewinds together
   * @param nanos that undoing what was durable has taken
   */
  public record Rewinds(long count, long blocks, long nanos) {
    Rewinds plus(long moreBlocks, long moreNanos) {
      return new Rewinds(count + 1, blocks + moreBlocks, nanos + moreNanos);
    }
  }

  /**
   * One of the two frontiers, and what this process has done up to it.
   *
   * @param block -1 before the first
   */
  public record Side(long checkpoint, long block, long batches, long events, long changes) {}
}
