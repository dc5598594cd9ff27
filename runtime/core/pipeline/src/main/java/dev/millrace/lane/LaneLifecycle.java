package dev.millrace.lane;

import dev.millrace.loaders.MillraceException;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * The life of a lane, which any thread may move forward and no thread back, and the rewind under
 * way.
 */
final class LaneLifecycle {
  /** In order: a lane skips states, but never returns to an earlier one. */
  private enum State {
    RUNNING,
    /** No further batch runs; batches that have run still commit. */
    DRAINING,
    /** A batch failed, or another process holds the lane: everything behind it is dropped. */
    FAILED,
    /** Commit has decided how the lane ends: no stage accepts anything any more. */
    ENDED,
    /** Closed without waiting: batches in transit are lost. */
    ABANDONED
  }

  private final RewindHandshake rewindHandshake = new RewindHandshake();
  private final AtomicReference<State> state = new AtomicReference<>(State.RUNNING);
  private volatile @Nullable MillraceException lost;

  void drain() {
    moveTo(State.DRAINING);
  }

  void fail() {
    moveTo(State.FAILED);
  }

  /** Records that another process holds the lane: no later work of this one becomes durable. */
  void lose(MillraceException why) {
    lost = why;
    moveTo(State.FAILED);
  }

  void end() {
    moveTo(State.ENDED);
  }

  void abandon() {
    moveTo(State.ABANDONED);
  }

  private void moveTo(State next) {
    state.accumulateAndGet(next, (now, later) -> now.compareTo(later) < 0 ? later : now);
  }

  private boolean isAtLeast(State reached) {
    return state.get().compareTo(reached) >= 0;
  }

  boolean isOver() {
    return isAtLeast(State.ENDED);
  }

  /** The reason why the lane is no longer held; null while it is. */
  @Nullable MillraceException lost() {
    return lost;
  }

  /** True if fetch may read more of the stream. */
  boolean mayFetch() {
    return state.get() == State.RUNNING;
  }

  /** True if execute may begin another batch. */
  boolean mayExecute() {
    return mayFetch() && !rewindHandshake.inProgress();
  }

  RewindHandshake rewindHandshake() {
    return rewindHandshake;
  }

  /** True while the lane drains and nothing has failed. */
  boolean isDraining() {
    return state.get() == State.DRAINING;
  }

  /** True after a failure or an abandonment, so that batches may be missing. */
  boolean hasFailed() {
    return isAtLeast(State.FAILED);
  }

  boolean isAbandoned() {
    return state.get() == State.ABANDONED;
  }
}
