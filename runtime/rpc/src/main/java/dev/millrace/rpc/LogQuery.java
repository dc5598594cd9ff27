package dev.millrace.rpc;

import dev.millrace.evm.LogFilter;

/**
 * Logs to ask for.
 *
 * @param from the first block
 * @param to the last block
 * @param avoid the name of the endpoint not to ask if there is another; empty: any may answer
 */
public record LogQuery(LogFilter filter, long from, long to, String avoid) {
  public LogQuery {
    if (from < 0 || to < from) {
      throw new IllegalArgumentException(
          "range must have at least one block: from=%d to=%d".formatted(from, to));
    }
  }

  public LogQuery(LogFilter filter, long from, long to) {
    this(filter, from, to, "");
  }

  public LogQuery withRange(long newFrom, long newTo) {
    return new LogQuery(filter, newFrom, newTo, avoid);
  }

  public LogQuery avoiding(String endpoint) {
    return new LogQuery(filter, from, to, endpoint);
  }

  long blocks() {
    return to - from + 1;
  }
}
