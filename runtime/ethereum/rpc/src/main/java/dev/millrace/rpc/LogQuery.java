package dev.millrace.rpc;

import dev.millrace.evm.LogFilter;
import java.util.HashSet;
import java.util.Set;

/**
 * Filter and range of a request for logs.
 *
 * @param from the first block
 * @param to the last block
 * @param avoid the names of endpoints to ask only if there are no others
 */
public record LogQuery(LogFilter filter, long from, long to, Set<String> avoid) {
  public LogQuery {
    avoid = Set.copyOf(avoid);
    if (from < 0 || to < from) {
      throw new IllegalArgumentException(
          "range must have at least one block: from=%d to=%d".formatted(from, to));
    }
  }

  public LogQuery(LogFilter filter, long from, long to) {
    this(filter, from, to, Set.of());
  }

  public LogQuery withRange(long newFrom, long newTo) {
    return new LogQuery(filter, newFrom, newTo, avoid);
  }

  /** Returns a query that avoids another endpoint as well; unchanged if the name is empty. */
  public LogQuery avoiding(String endpoint) {
    if (endpoint.isEmpty()) {
      return this;
    }
    Set<String> more = new HashSet<>(avoid);
    more.add(endpoint);
    return new LogQuery(filter, from, to, more);
  }

  long blocks() {
    return to - from + 1;
  }
}
