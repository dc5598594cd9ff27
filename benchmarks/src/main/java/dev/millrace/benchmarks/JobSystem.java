package dev.millrace.benchmarks;

/** A job system over PostgreSQL, with one job that does nothing. */
interface JobSystem extends AutoCloseable {
  String name();

  /** Triggers runs; returns once all of them are durable. */
  void trigger(int runs);

  /** Number of times that the job was called. */
  long called();

  /** Number of runs that have not ended durably. */
  long open();

  @Override
  void close();
}
