package dev.millrace.jsonrpc;

import java.time.Duration;

/**
 * Limits of a transport.
 *
 * @param timeout maximum time that a node may keep silent
 * @param replyLimit maximum number of bytes that are read of one reply
 */
public record TransportSettings(Duration timeout, long replyLimit) {
  private static final int PATIENCE = 4;

  /** Maximum time of one reply, besides the time that its bytes take on a slow line. */
  long patienceNanos() {
    return timeout.multipliedBy(PATIENCE).toNanos();
  }
}
