package dev.millrace.source;

import dev.millrace.evm.LogFilter;
import dev.millrace.rpc.LogColumns;
import java.util.List;
import java.util.function.IntPredicate;

/**
 * The answer to one query of a plan, which the answers to the other queries can refute.
 *
 * <p>A query about all addresses and a query about some of them share logs. An answer without a log
 * that another answer brought lacks others too: most likely all of them.
 *
 * @param pages logs of the query, in parts
 * @param endpoint the source of the last part; empty if all parts come from the cache
 */
record LogQueryAnswer(LogFilter query, List<LogColumns> pages, String endpoint) {
  LogQueryAnswer {
    pages = List.copyOf(pages);
  }

  LogColumns logs() {
    return LogColumns.merged(pages);
  }

  /**
   * True if this answer lacks logs that another answer has.
   *
   * @param all the logs of all answers, each once
   * @param last the last block that all answers reach
   */
  boolean isRefuted(LogColumns all, long last) {
    return count(logs(), last) < count(all, last);
  }

  private int count(LogColumns logs, long last) {
    IntPredicate matching = LogSelection.matching(logs, query);
    int count = 0;
    for (int log = 0; log < logs.size(); log++) {
      count += logs.blockNumber(log) <= last && matching.test(log) ? 1 : 0;
    }
    return count;
  }
}
