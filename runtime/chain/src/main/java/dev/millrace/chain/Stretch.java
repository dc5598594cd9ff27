package dev.millrace.chain;

import dev.millrace.evm.Header;
import dev.millrace.evm.LogFilter;
import dev.millrace.rpc.LogColumns;
import java.util.NavigableMap;

/**
 * Consecutive blocks as they were fetched.
 *
 * @param reached the last block; the logs may tell more, which is not looked at
 * @param plan what was asked
 * @param headers of some blocks; that of the last one is always there
 * @param asker asks the same blocks for something that the plan did not know
 */
record Stretch(
    long from,
    long reached,
    Plan plan,
    LogColumns logs,
    NavigableMap<Long, Header> headers,
    Asker asker) {
  private static final long HEADER_BYTES = 120;

  /** Asks the blocks of a stretch once more. */
  interface Asker {
    /** All logs of a filter in all blocks of the stretch. */
    LogColumns ask(LogFilter filter) throws InterruptedException;

    /**
     * The logs of a filter that was asked for whoever wrote them, which seem not to have come, as
     * far as blooms are looked at.
     *
     * @param atHand what came
     */
    LogColumns missing(LogFilter filter, LogColumns atHand) throws InterruptedException;
  }

  long bytes() {
    return logs.bytes() + headers.size() * HEADER_BYTES;
  }
}
