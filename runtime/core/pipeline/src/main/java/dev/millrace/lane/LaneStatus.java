package dev.millrace.lane;

import dev.millrace.pipeline.ExecutedBatch;
import dev.millrace.pipeline.Frontier;
import dev.millrace.pipeline.Source;
import dev.millrace.staging.ChangeSet;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The status of a lane. Everything reported as committed is durable.
 *
 * @param epoch in which this process holds the lane
 * @param commits made by all processes so far
 * @param processed the executed frontier
 * @param mirrored the frontier that has been copied; null without a mirror
 * @param committed the frontier that is durable
 * @param rewinds since this process began
 * @param extent of the stream, as far as it is known
 * @param waitingFor why nothing moves, in words; empty while all goes well
 * @param doubts facts that the source could not prove and work that the store could not do, for
 *     people
 * @param stalledNanos time that execute has waited, by cause
 * @param end the outcome of the lane; null while it runs
 */
public record LaneStatus(
    String lane,
    long epoch,
    long commits,
    Progress processed,
    @Nullable Progress mirrored,
    Progress committed,
    Rewinds rewinds,
    int batchesInTransit,
    long bytesInTransit,
    long bytesInMemory,
    Source.BlockRange extent,
    String waitingFor,
    List<String> doubts,
    Map<String, Long> stalledNanos,
    @Nullable LaneOutcome end) {
  /**
   * Rewinds of the lane.
   *
   * @param blocks that had run and were undone, all rewinds together
   * @param nanos spent undoing durable rows
   */
  public record Rewinds(long count, long blocks, long nanos) {
    Rewinds plus(long moreBlocks, long moreNanos) {
      return new Rewinds(count + 1, blocks + moreBlocks, nanos + moreNanos);
    }
  }

  /**
   * One frontier, and the work of this process up to it.
   *
   * @param block -1 before the first
   */
  public record Progress(long checkpoint, long block, long batches, long events, long changes) {
    /** Moves the frontier and keeps the counters of the work done. */
    Progress at(Frontier frontier) {
      Source.BlockRef place = frontier.place();
      return new Progress(
          frontier.checkpoint(), place == null ? -1 : place.block(), batches, events, changes);
    }

    Progress plus(ExecutedBatch batch) {
      ChangeSet set = batch.changes();
      return new Progress(
          set.lastCheckpoint(),
          batch.batch().last().number(),
          batches + 1,
          events + batch.batch().events().size(),
          changes + set.size());
    }
  }
}
