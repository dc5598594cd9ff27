package dev.millrace.lane;

import dev.millrace.loaders.MillraceException;
import dev.millrace.pipeline.Frontier;
import dev.millrace.pipeline.Source;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import org.jspecify.annotations.Nullable;

/**
 * A rewind of the lane. From the moment that a reorg is known, everything under way on the old
 * branch is dropped where it is met; fetch waits until commit has undone the durable part and
 * reports the new frontier.
 *
 * <p>While fetch waits, nothing new enters the ring, so a drop can never hit the new branch.
 */
final class RewindHandshake {
  /** The position of a lane after a rewind. */
  record RewindResult(Frontier frontier, Source.ResumePoint resumePoint) {}

  private final BlockingQueue<RewindResult> result = new ArrayBlockingQueue<>(1);
  private volatile boolean underWay;
  private volatile @Nullable MillraceException pendingReorg;

  /** Begins a rewind that the source asks for. Fetch thread. */
  void begin() {
    underWay = true;
  }

  /** Begins a rewind for a handler that has met a reorg before the source. Execute thread. */
  void reorgDetected(MillraceException met) {
    pendingReorg = met;
    underWay = true;
  }

  /** True if batches that run or wait to be durable are discarded. */
  boolean inProgress() {
    return underWay;
  }

  /** The error with which a handler met the reorg; null unless the handler met it first. */
  @Nullable MillraceException pendingReorg() {
    return pendingReorg;
  }

  /** Reports that everything above the fork is undone. Commit thread. */
  void completed(RewindResult where) {
    result.add(where);
  }

  /** Waits for the commit thread; from then on batches count again. Fetch thread. */
  RewindResult await() throws InterruptedException {
    RewindResult where = result.take();
    pendingReorg = null;
    underWay = false;
    return where;
  }
}
