package dev.millrace.pipeline;

import dev.millrace.loaders.MillraceException;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import org.jspecify.annotations.Nullable;

/**
 * A stream that turns back. From the moment that this is known, whatever is under way on the old
 * branch is dropped where it is met; fetch waits until commit has undone what is durable and says
 * where the lane stands.
 *
 * <p>While fetch waits nothing new enters the ring, so a drop can never meet the new branch.
 */
final class Turn {
  /** Where a lane stands once it has turned back. */
  record Turned(Frontier frontier, Source.Standing standing) {}

  private final BlockingQueue<Turned> turned = new ArrayBlockingQueue<>(1);
  private volatile boolean underWay;
  private volatile @Nullable MillraceException news;

  /** The source says so. Fetch thread. */
  void begin() {
    underWay = true;
  }

  /** A handler has met the turn before the source could say so. Execute thread. */
  void expect(MillraceException met) {
    news = met;
    underWay = true;
  }

  /** Whether what runs or waits to be durable counts for nothing. */
  boolean isUnderWay() {
    return underWay;
  }

  /** What a handler has met; null unless it came first. */
  @Nullable MillraceException news() {
    return news;
  }

  /** Everything above the fork is undone. Commit thread. */
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
