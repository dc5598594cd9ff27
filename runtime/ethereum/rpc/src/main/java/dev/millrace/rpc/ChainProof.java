package dev.millrace.rpc;

import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Proof that an endpoint serves our chain: the id that it named last.
 *
 * <p>An address may come to lead to another node: one that was started anew, or the next one behind
 * a proxy. So the proof ends when blocks do not fit together, and with its age. It also ends when a
 * connection has ended since, or when a call has failed for no reason of its own, but at most once
 * a second: some servers close each connection. One more connection beside those that stay open
 * ends nothing. Read by any thread; changed under the lock of {@link EndpointSelector}.
 */
final class ChainProof {
  /**
   * A minute, since nodes behind one address that keeps its connections may change without a sign.
   */
  static final long MAX_AGE = TimeUnit.MINUTES.toNanos(1);

  static final long MIN_PAUSE = TimeUnit.SECONDS.toNanos(1);

  private volatile @Nullable Given given;
  private volatile boolean isShaken;
  private volatile boolean hasServed;

  /** True while the call that proves the chain is under way; other calls wait for it. */
  boolean isAsked;

  private record Given(long at, long ended) {}

  /**
   * True if the endpoint has to name its chain before an answer counts.
   *
   * @param ended the number of its connections that have ended
   */
  boolean isDue(long now, long ended) {
    Given last = given;
    if (last == null) {
      return true;
    }
    long age = now - last.at();
    return age > MAX_AGE || (age > MIN_PAUSE && (isShaken || ended > last.ended()));
  }

  /** True if several calls may be under way at once. */
  boolean isGiven() {
    return given != null;
  }

  /** True once the endpoint has named our chain. */
  boolean hasServed() {
    return hasServed;
  }

  /**
   * Records that the endpoint named our chain.
   *
   * @param ended the number of its connections that had ended before it was asked
   */
  void give(long now, long ended) {
    given = new Given(now, ended);
    isShaken = false;
    hasServed = true;
    isAsked = false;
  }

  /** Doubts the proof after a failed call: the next answer may come from another node. */
  void shake() {
    isShaken = true;
  }

  /** Ends the proof: there are signs of another node behind the address. */
  void end() {
    given = null;
  }
}
