package dev.millrace.pipeline;

import dev.millrace.loaders.MillraceException;
import org.jspecify.annotations.Nullable;

/**
 * Whether a lane is to stop, and how, or to turn back. Any thread may ask; each step towards the
 * end is taken once and never taken back.
 */
final class Halt {
  private final Turn turn = new Turn();
  private volatile boolean draining;
  private volatile boolean failed;
  private volatile boolean abandoned;
  private volatile boolean over;
  private volatile @Nullable MillraceException lost;

  /** No batch begins to run any more; those that have run still commit. */
  void drain() {
    draining = true;
  }

  /** Something has failed: what comes behind it is dropped. */
  void fail() {
    failed = true;
  }

  /** Nobody waits for anything any more: what is in transit is lost. */
  void abandon() {
    abandoned = true;
    failed = true;
  }

  /** Another process has the lane: nothing that this one still does can become durable. */
  void lose(MillraceException why) {
    lost = why;
    failed = true;
  }

  /** The end of the lane is decided: no stage takes anything any more. */
  void end() {
    over = true;
    failed = true;
  }

  boolean isOver() {
    return over || abandoned;
  }

  /** Why the lane is not held any more; null while it is. */
  @Nullable MillraceException lost() {
    return lost;
  }

  /** Whether more of the stream is wanted. */
  boolean allowsFetches() {
    return !draining && !failed;
  }

  /** Whether execute may begin another batch. */
  boolean allowsRuns() {
    return allowsFetches() && !turn.isUnderWay();
  }

  Turn turn() {
    return turn;
  }

  boolean isDraining() {
    return draining;
  }

  /** Whether something has failed, or the lane was abandoned, so that batches may be missing. */
  boolean hasFailed() {
    return failed;
  }

  boolean isAbandoned() {
    return abandoned;
  }
}
