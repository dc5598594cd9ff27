package dev.millrace.wire;

import java.time.Duration;

/**
 * What a transport bears.
 *
 * @param timeout how long a node may keep silent
 * @param replyLimit how many bytes of one reply are read
 */
public record WireSettings(Duration timeout, long replyLimit) {
  private static final int PATIENCE = 4;

  /** How long one reply may take besides the time that its bytes take on a slow line. */
  long patienceNanos() {
    return timeout.multipliedBy(PATIENCE).toNanos();
  }
}
