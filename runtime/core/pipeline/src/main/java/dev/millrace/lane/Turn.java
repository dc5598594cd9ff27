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
final class Turn {
  /** The position of a lane after a rewind. */
  record Turned(Frontier frontier, Source.Standing standing) {}

  private final BlockingQueue<Turned> turned = new ArrayBlockingQueue<>(1);
  private volatile boolean underWay;
  private volatile @Nullable MillraceException news;

  /** Begins a rewind that the source asks for. Fetch thread. */
  void begin() {
    underWay = true;
  }

  /** Begins a rewind for a handler that has met a reorg before the source. Execute thread. */
  void expect(MillraceException met) {
    news = met;
    underWay = true;
  }

  /** True if batches that run or wait to be durable are discarded. */
  boolean isUnderWay() {
    return underWay;
  }

  /** The error with which a handler met the reorg; null unless the handler met it first. */
  @Nullable MillraceException news() {
    return news;
  }

  /** Reports that everything above the fork is undone. Commit thread. */
  void complete(Turned where) {
    turned.add(where);
  }

  /** Waits for the commit thread; from then on batches count again. Fetch thread. */
  Turned await() throws InterruptedException {
    Turned where = turned.take();
    news = null;
    underWay = false;
    return where;
  }
}
