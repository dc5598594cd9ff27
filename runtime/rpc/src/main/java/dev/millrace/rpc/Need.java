package dev.millrace.rpc;

/**
 * What an endpoint must be able to do for a call.
 *
 * @param kind what is asked for
 * @param oldest the first block whose logs are asked for; for {@link Kind#LOGS} only
 * @param avoid the name of the endpoint to leave out if there is another
 * @param calls how many calls a node counts this as
 */
record Need(Kind kind, long oldest, String avoid, int calls) {
  enum Kind {
    LOGS,
    RECEIPTS,
    REST
  }

  static Need logs(LogQuery query) {
    return new Need(Kind.LOGS, query.from(), query.avoid(), 1);
  }

  static Need receipts(LogQuery query) {
    return new Need(Kind.RECEIPTS, query.from(), query.avoid(), 1);
  }

  static Need rest(String avoid, int calls) {
    return new Need(Kind.REST, 0, avoid, calls);
  }
}
