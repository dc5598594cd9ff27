package dev.millrace.benchmarks;

import dev.millrace.jobs.Job;
import dev.millrace.jobs.JobClient;
import dev.millrace.jobs.JobSettings;
import dev.millrace.jobs.JobWorker;
import dev.millrace.jobs.TriggerOptions;
import dev.millrace.postgres.client.DatabaseSettings;
import dev.millrace.servers.EmbeddedPostgres;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;

/** The jobs of Millrace. */
final class MillraceJobSystem implements JobSystem {
  private static final int BATCH = 1_000;
  private static final int SLOTS = 512;

  private final EmbeddedPostgres server;
  private final AtomicLong called = new AtomicLong();
  private final Job<Integer, Integer> noop;
  private final JobClient client;
  private final JobWorker worker;
  private final String schema;

  MillraceJobSystem(EmbeddedPostgres server, String schema) {
    this.server = server;
    this.schema = schema;
    JobSettings settings =
        JobSettings.of(DatabaseSettings.of(server.jdbcUrl(), server.user(), server.password()))
            .withSchema(schema)
            .withQueue(Job.DEFAULT_QUEUE, SLOTS);
    this.noop =
        Job.of("noop", Integer.class, Integer.class)
            .handler((input, _) -> {
              called.incrementAndGet();
              return input;
            });
    this.client = JobClient.open(settings);
    this.worker = JobWorker.start(settings, List.of(noop));
  }

  @Override
  public String name() {
    return "millrace";
  }

  @Override
  public void trigger(int runs) {
    for (int i = 0; i < runs; i += BATCH) {
      client.triggerAll(noop, IntStream.range(i, Math.min(runs, i + BATCH)).boxed().toList());
    }
  }

  /** Adds runs that wait for an hour that does not come. */
  void addPending(int runs) {
    for (int i = 0; i < runs; i += BATCH) {
      client.triggerAll(
          noop,
          IntStream.range(i, Math.min(runs, i + BATCH)).boxed().toList(),
          TriggerOptions.none().delay(Duration.ofDays(1)));
    }
  }

  /** Triggers one run, and returns the nanoseconds until its handler is called. */
  long startLatency() {
    long before = called.get();
    long begun = System.nanoTime();
    client.trigger(noop, 0);
    while (called.get() == before) {
      Thread.onSpinWait();
    }
    return System.nanoTime() - begun;
  }

  @Override
  public long called() {
    return called.get();
  }

  @Override
  public long open() {
    return BenchmarkTables.count(
        server,
        "SELECT count(*) FROM %s.run WHERE finished_at IS NULL AND gate IS DISTINCT FROM 'TIME'"
            .formatted(schema));
  }

  @Override
  public void close() {
    worker.close();
    client.close();
  }
}
