package dev.millrace.rpc;

import java.util.concurrent.TimeUnit;

/**
 * How far an endpoint has the chain, as its answers show. Logs beyond the head of a node come as
 * "there are none" from many nodes, so an endpoint is asked for logs only up to here; beyond, its
 * head is looked at first, and not again before a pause that doubles. Guarded by its endpoints.
 */
final class KnownHead {
  private static final long FIRST_PAUSE = TimeUnit.MILLISECONDS.toNanos(100);
  private static final long MAX_PAUSE = TimeUnit.SECONDS.toNanos(10);

  /** One caller looks, the others wait or ask elsewhere for so long. */
  private static final long LOOK = TimeUnit.SECONDS.toNanos(1);

  private static final int MISSES = 4;
  private static final int MAX_DOUBLINGS = 7;

  private long block = -1;
  private int misses;
  private long lookAt;

  KnownHead(long now) {
    lookAt = now;
  }

  boolean covers(long number) {
    return block >= number;
  }

  /** Whether the endpoint has shown that it lacks this block; not if nothing is known of it. */
  boolean isBelow(long number) {
    return block >= 0 && block < number;
  }

  /** How long until it may be asked for logs up to a block, in nanoseconds. */
  long pause(long number, long now) {
    return covers(number) && misses == 0 ? 0 : Math.max(0, lookAt - now);
  }

  void begin(long number, long now) {
    if (!covers(number)) {
      lookAt = now + LOOK;
    }
  }

  /** The endpoint has this block. */
  void has(long number) {
    block = Math.max(block, number);
  }

  /** The endpoint gave logs and the block where they end. */
  void proved(long number, long now) {
    has(number);
    misses = 0;
    lookAt = now;
  }

  /** The endpoint named its head. */
  void is(long number, long now) {
    block = number;
    lookAt = now;
  }

  /** What was known is of another chain. */
  void forget() {
    block = -1;
  }

  /** The endpoint has no such block: nothing beyond is asked of it if another may have it. */
  void lacks(long number) {
    block = Math.min(block, number - 1);
  }

  /**
   * The endpoint could not give logs up to a block. Where the head that it named covers the block,
   * its address has backends that differ: the next request meets another one, so the first miss
   * costs no pause, and the head is looked at again after every fourth only. Looking each time
   * would meet the good backend with the look and the other with the logs, in turns, for ever.
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
