package dev.millrace.source;

import dev.millrace.evm.BlockHeader;
import dev.millrace.evm.LogFilter;
import dev.millrace.loaders.MillraceException;
import dev.millrace.rpc.LogColumns;
import java.util.NavigableMap;

/**
 * Consecutive blocks as they were fetched.
 *
 * @param lastBlock the last block; logs beyond it are ignored
 * @param plan the plan of the requests
 * @param headers headers of some blocks, always including the last one
 * @param refetch asks the same blocks for logs that the plan does not include
 */
record FetchedRange(
    long from,
    long lastBlock,
    LogQueryPlan plan,
    LogColumns logs,
    NavigableMap<Long, BlockHeader> headers,
    Refetch refetch) {
  private static final long HEADER_BYTES = 120;

  /** Further requests for the blocks of a range. */
  interface Refetch {
    /** Returns all logs of a filter in all blocks of the range. */
    LogColumns ask(LogFilter filter) throws InterruptedException;

    /**
     * Returns logs that seem to be missing, as far as blooms are checked, of a filter that the plan
     * asked for at all addresses.
     *
     * @param atHand the logs that came
     */
    LogColumns missing(LogFilter filter, LogColumns atHand) throws InterruptedException;

    /**
     * Makes the next feed ask for these blocks anew, of whose answers one is wrong.
     *
     * @return the failure of this one
     */
    MillraceException refused(String why);
  }

  long bytes() {
    return logs.bytes() + headers.size() * HEADER_BYTES;
  }
}
