package dev.millrace.rpc;

import java.util.concurrent.TimeUnit;

/**
 * Time for which an endpoint has lacked blocks that other endpoints have. At first it may lag, and
 * is worth waiting for; after a minute it may stand still on a replaced branch for ever. Guarded by
 * its endpoints.
 */
final class MissingBlockTracker {
  /** Longer than a lag near the head. */
  static final long MAX_LAG = TimeUnit.MINUTES.toNanos(1);

  /** Time after which the endpoint may have caught up, if no block was asked of it meanwhile. */
  private static final long EXPIRY = TimeUnit.MINUTES.toNanos(5);

  private boolean isLacking;
  private long since;
  private long last;

  /** Records that the endpoint lacks a block that another endpoint has. */
  void recordLack(long now) {
    if (!isLacking || now - last > MAX_LAG) {
      since = now;
    }
    isLacking = true;
    last = now;
  }

  /** Records that the endpoint has a block that was asked for by its hash. */
  void recordBlock() {
    isLacking = false;
  }

  /** True if the endpoint has lacked blocks for longer than a lag. */
  boolean isStranded(long now) {
    return isLacking && last - since > MAX_LAG && now - last < EXPIRY;
  }
}
