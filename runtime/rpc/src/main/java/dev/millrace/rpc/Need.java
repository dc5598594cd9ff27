package dev.millrace.rpc;

import java.util.Set;

/**
 * Abilities that a call requires of an endpoint.
 *
 * @param kind what is asked for
 * @param oldest the first block whose logs are asked for; for {@link Kind#LOGS} only
 * @param newest the last block that the endpoint must have; -1: none
 * @param isRange whether blocks are asked for by number, so that logs of a block that the endpoint
 *     has not got look like no logs
 * @param avoid the names of endpoints to leave out if there are others
 * @param calls how many calls a node counts this as
 */
record Need(Kind kind, long oldest, long newest, boolean isRange, Set<String> avoid, int calls) {
  enum Kind {
    LOGS,
    RECEIPTS,
    /** Blocks, and the names that tell whether they are final. */
    FINAL,
    REST
  }

  /** Logs and the block where they end. */
  static Need logs(LogQuery query, boolean isRange) {
    return new Need(Kind.LOGS, query.from(), query.to(), isRange, query.avoid(), 2);
  }

  /** Receipts and their block. */
  static Need receipts(LogQuery query, boolean isRange) {
    return new Need(Kind.RECEIPTS, query.from(), query.to(), isRange, query.avoid(), 2);
  }

  static Need finals(int calls, long newest) {
    return new Need(Kind.FINAL, 0, newest, false, Set.of(), calls);
  }

  static Need rest(Set<String> avoid, int calls) {
    return blocks(avoid, calls, -1);
  }

  static Need blocks(Set<String> avoid, int calls, long newest) {
    return new Need(Kind.REST, 0, newest, false, avoid, calls);
  }
}
