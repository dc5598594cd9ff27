package dev.millrace.rpc;

import java.util.concurrent.TimeUnit;

/**
 * Height up to which an endpoint has the chain, as its answers show. Many nodes answer a request
 * for logs beyond their head with no logs, so an endpoint is asked for logs only up to this height.
 * Beyond, its head is looked at first, and not again before a pause that doubles. Guarded by its
 * endpoints.
 */
final class EndpointHeadTracker {
  private static final long FIRST_PAUSE = TimeUnit.MILLISECONDS.toNanos(100);
  private static final long MAX_PAUSE = TimeUnit.SECONDS.toNanos(10);

  /** Time for one caller to look at the head, while the others wait or ask elsewhere. */
  private static final long LOOK = TimeUnit.SECONDS.toNanos(1);

  private static final int MISSES = 4;
  private static final int MAX_DOUBLINGS = 7;

  private long block = -1;
  private int misses;
  private long lookAt;
  private long risenAt;

  EndpointHeadTracker(long now) {
    lookAt = now;
    risenAt = now;
  }

  boolean covers(long number) {
    return block >= number;
  }

  /** True if the endpoint has shown that it lacks this block; false if its head is unknown. */
  boolean isBelow(long number) {
    return block >= 0 && block < number;
  }

  /**
   * True if the endpoint lacks this block, has not come nearer for longer than a lag, and is not
   * due to be looked at again: it may stand still for ever.
   */
  boolean isStuckBelow(long number, long now) {
    return isBelow(number) && now - risenAt > MissingBlockTracker.MAX_LAG && pause(number, now) > 0;
  }

  /** Returns the time until the endpoint may be asked for logs up to a block, in nanoseconds. */
  long pause(long number, long now) {
    return covers(number) && misses == 0 ? 0 : Math.max(0, lookAt - now);
  }

  void begin(long number, long now) {
    if (!covers(number)) {
      lookAt = now + LOOK;
    }
  }

  /** Records that the endpoint has this block. */
  void has(long number, long now) {
    if (number > block) {
      block = number;
      risenAt = now;
    }
  }

  /** Records that the endpoint gave logs and their last block. */
  void proved(long number, long now) {
    has(number, now);
    misses = 0;
    lookAt = now;
  }

  /** Records the head that the endpoint named. */
  void is(long number, long now) {
    has(number, now);
    block = number;
    lookAt = now;
  }

  /** Drops the head, which is of another chain. */
  void forget() {
    block = -1;
  }

  /** Records that the endpoint has no such block, so that another one is asked for later blocks. */
  void lacks(long number) {
    block = Math.min(block, number - 1);
  }

  /**
   * Records that the endpoint could not give logs up to a block. If the head that it named covers
   * the block, its address has backends that differ: the next request meets another one, so the
   * first miss costs no pause, and the head is looked at again only after every fourth. Looking
   * each time would meet the good backend with the look and the other with the logs, in turns, for
   * ever.
   */
  void missed(long number, long now) {
    boolean differs = covers(number);
    misses++;
    long pause = Math.min(MAX_PAUSE, FIRST_PAUSE << Math.min(misses - 1, MAX_DOUBLINGS));
    if (!differs || misses % MISSES == 0) {
      lacks(number);
    }
    lookAt = differs && misses == 1 ? now : now + pause;
  }
}
