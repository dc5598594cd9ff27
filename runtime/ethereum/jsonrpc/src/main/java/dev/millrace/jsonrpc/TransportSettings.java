package dev.millrace.jsonrpc;

import java.time.Duration;

/**
 * Limits of a transport.
 *
 * @param timeout maximum time that a node may keep silent
 * @param replyLimit maximum number of bytes that are read of one reply
 * @param inFlight the budget that the bytes of replies are charged to
 */
public record TransportSettings(
    Duration timeout, long replyLimit, InFlightByteBudget.Share inFlight) {
  private static final int PATIENCE = 4;

  /** Creates limits without a budget that others share. */
  public TransportSettings(Duration timeout, long replyLimit) {
    this(timeout, replyLimit, new InFlightByteBudget(Long.MAX_VALUE).share());
  }

  /** Maximum time of one reply, besides the time that its bytes take on a slow line. */
  long patienceNanos() {
    return timeout.multipliedBy(PATIENCE).toNanos();
  }
}
