package dev.millrace.runner;

import java.time.Duration;
import java.util.OptionalLong;
import java.util.function.LongSupplier;

/**
 * Decides whether a lane is ready: all blocks that its chain had {@link #MAX_LAG} ago are durable.
 * A process is ready if all of its lanes are.
 *
 * <p>"Caught up" ends with each new block until that is committed, and with each reorg until the
 * new branch is. A load balancer that saw this would take a healthy process out again and again.
 *
 * <p>The lag is measured from block to block: one block of the chain is the goal, and the next goal
 * is chosen once that is durable. So a lane that is always a block behind a fast chain is ready.
 * Any thread.
 */
final class Readiness {
  static final Duration MAX_LAG = Duration.ofSeconds(30);

  /** The time between two observations at most. */
  static final Duration PERIOD = Duration.ofSeconds(1);

  private static final long NONE = -1;

  private final LongSupplier nanos;

  private boolean ready; // @GuardedBy this
  private long goal = NONE; // @GuardedBy this; the head at the time of goalSet
  private long goalSet; // @GuardedBy this

  Readiness(LongSupplier nanos) {
    this.nanos = nanos;
  }

  /**
   * Records how far the lane is and returns whether it is ready. To be called once per {@link
   * #PERIOD}.
   *
   * @param committed the last durable block, or -1
   * @param head the last block that the chain has; empty while that is unknown
   */
  synchronized boolean observe(long committed, OptionalLong head) {
    long now = nanos.getAsLong();
    long last = head.orElse(Long.MAX_VALUE);
    if (committed >= last) {
      ready = true;
      goal = NONE;
    } else if (goal == NONE) {
      set(last, now);
    } else if (committed >= Math.min(goal, last)) {
      ready |= isRecent(now);
      set(last, now);
    } else {
      goal = Math.min(goal, last); // the new branch may be shorter
      ready &= isRecent(now);
    }
    return ready;
  }

  // @GuardedBy this
  private void set(long block, long now) {
    goal = block;
    goalSet = now;
  }

  // @GuardedBy this
  private boolean isRecent(long now) {
    return now - goalSet <= MAX_LAG.toNanos();
  }
}
