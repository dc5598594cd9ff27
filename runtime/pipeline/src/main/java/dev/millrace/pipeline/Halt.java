package dev.millrace.pipeline;

import dev.millrace.loaders.MillraceException;
import org.jspecify.annotations.Nullable;

/** The stop flags of a lane, which any thread may set and none clears, and its rewind. */
final class Halt {
  private final Turn turn = new Turn();
  private volatile boolean draining;
  private volatile boolean failed;
  private volatile boolean abandoned;
  private volatile boolean over;
  private volatile @Nullable MillraceException lost;

  /** Lets no further batch run; batches that have run still commit. */
  void drain() {
    draining = true;
  }

  /** Records a failure: everything behind it is dropped. */
  void fail() {
    failed = true;
  }

  /** Ends all waiting: batches in transit are lost. */
  void abandon() {
    abandoned = true;
    failed = true;
  }

  /** Records that another process holds the lane: no later work of this one becomes durable. */
  void lose(MillraceException why) {
    lost = why;
    failed = true;
  }

  /** Ends the lane: no stage accepts anything any more. */
  void end() {
    over = true;
    failed = true;
  }

  boolean isOver() {
    return over || abandoned;
  }

  /** The reason why the lane is no longer held; null while it is. */
  @Nullable MillraceException lost() {
    return lost;
  }

  /** True if fetch may read more of the stream. */
  boolean allowsFetches() {
    return !draining && !failed;
  }

  /** True if execute may begin another batch. */
  boolean allowsRuns() {
    return allowsFetches() && !turn.isUnderWay();
  }

  Turn turn() {
    return turn;
  }

  boolean isDraining() {
    return draining;
  }

  /** True after a failure or an abandonment, so that batches may be missing. */
  boolean hasFailed() {
    return failed;
  }

  boolean isAbandoned() {
    return abandoned;
  }
}
