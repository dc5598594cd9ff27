package dev.millrace.rpc;

import java.util.Set;

/**
 * Abilities that a call requires of an endpoint.
 *
 * @param kind the kind of data
 * @param oldest the first block of the logs; for {@link Kind#LOGS} only
 * @param newest the last block that the endpoint must have; -1: none
 * @param isRange true if blocks are asked for by number: logs of a block that the endpoint lacks
 *     then look like no logs
 * @param avoid the names of endpoints to leave out if there are others
 * @param calls the calls that a node counts the request as
 */
record CallRequirements(
    Kind kind, long oldest, long newest, boolean isRange, Set<String> avoid, int calls) {
  enum Kind {
    LOGS,
    RECEIPTS,
    /** Blocks, and the tags that show whether they are final. */
    FINAL,
    /** The block of a tag: the chain as the endpoint sees it now. */
    HEAD,
    REST
  }

  /** True if the reply is small, for all that is known before it comes. */
  boolean hasSmallReply() {
    return switch (kind) {
      case LOGS, RECEIPTS -> false;
      case FINAL, HEAD, REST -> true;
    };
  }

  /** Logs and their last block. */
  static CallRequirements logs(LogQuery query, boolean isRange) {
    return new CallRequirements(Kind.LOGS, query.from(), query.to(), isRange, query.avoid(), 2);
  }

  /** Receipts and their block. */
  static CallRequirements receipts(LogQuery query, boolean isRange) {
    return new CallRequirements(Kind.RECEIPTS, query.from(), query.to(), isRange, query.avoid(), 2);
  }

  static CallRequirements finals(int calls, long newest) {
    return new CallRequirements(Kind.FINAL, 0, newest, false, Set.of(), calls);
  }

  /** The block of a tag. */
  static CallRequirements head(Set<String> avoid) {
    return new CallRequirements(Kind.HEAD, 0, -1, false, avoid, 1);
  }

  static CallRequirements rest(Set<String> avoid, int calls) {
    return blocks(avoid, calls, -1);
  }

  static CallRequirements blocks(Set<String> avoid, int calls, long newest) {
    return new CallRequirements(Kind.REST, 0, newest, false, avoid, calls);
  }
}
