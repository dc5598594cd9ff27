package dev.millrace.chdb;

import java.time.Instant;
import java.util.Collection;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/** A query under way: what a list of them, or an order to end one, needs to know. */
record RunningQuery(long number, String id, String user, Instant start, Runnable cancellation) {

  /** Asks the engine to end it; its request then fails as any other that is cancelled. */
  void cancel() {
    cancellation.run();
  }

  /** Those of one server. */
  static final class Register {
    private final AtomicLong numbers = new AtomicLong();
    private final Map<Long, RunningQuery> running = new ConcurrentHashMap<>();

    RunningQuery begin(String id, String user, Runnable cancellation) {
      RunningQuery query =
          new RunningQuery(numbers.incrementAndGet(), id, user, Instant.now(), cancellation);
      running.put(query.number(), query);
      return query;
    }

    void end(RunningQuery query) {
      running.remove(query.number());
    }

    Collection<RunningQuery> all() {
      return running.values();
    }
  }
}
