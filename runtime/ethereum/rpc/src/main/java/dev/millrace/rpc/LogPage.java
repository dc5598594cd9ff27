package dev.millrace.rpc;

import org.jspecify.annotations.Nullable;

/**
 * All logs of whole blocks from one endpoint.
 *
 * @param from the first block
 * @param reached the last block that the page covers
 * @param endpoint the name of the endpoint
 * @param end the block {@code reached} as this endpoint has it, from the same request as the logs:
 *     the proof that the endpoint has the chain up to there; null if it is not known
 */
public record LogPage(
    long from, long reached, LogColumns logs, String endpoint, @Nullable NodeBlockHeader end) {
  public LogPage(long from, long reached, LogColumns logs, String endpoint) {
    this(from, reached, logs, endpoint, null);
  }
}
