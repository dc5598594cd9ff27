package dev.millrace.jobs;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.postgres.client.DatabaseSettings;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;

/**
 * The settings of jobs in one PostgreSQL database.
 *
 * @param schema the schema that holds their tables
 * @param lease the time after which the runs of a silent worker are taken over
 * @param queues the most runs of each queue at a time in one worker
 * @param drain the time that a stop gives to runs before it hands them back
 * @param computeThreads threads of the compute pool
 */
public record JobSettings(
    DatabaseSettings database,
    String schema,
    Duration lease,
    Map<String, Integer> queues,
    Duration drain,
    int computeThreads) {
  public static final String DEFAULT_SCHEMA = "millrace_jobs";
  public static final Duration DEFAULT_LEASE = Duration.ofSeconds(15);
  public static final int DEFAULT_CONCURRENCY = 64;
  private static final Duration DEFAULT_DRAIN = Duration.ofSeconds(20);

  public JobSettings {
    queues = Map.copyOf(queues);
    if (lease.toMillis() < 100 || drain.isNegative() || computeThreads < 1) {
      throw new MillraceException(
          Remedy.FIX_SETUP,
          "lease, drain and compute threads must be positive: lease=%s drain=%s computeThreads=%d"
              .formatted(lease, drain, computeThreads));
    }
    queues.forEach((queue, most) -> {
      if (most < 1) {
        throw new MillraceException(
            Remedy.FIX_SETUP, "queue needs a slot: queue=%s slots=%d".formatted(queue, most));
      }
    });
  }

  public static JobSettings of(DatabaseSettings database) {
    return new JobSettings(
        database,
        DEFAULT_SCHEMA,
        DEFAULT_LEASE,
        Map.of(),
        DEFAULT_DRAIN,
        Math.max(1, Runtime.getRuntime().availableProcessors() - 1));
  }

  public JobSettings withSchema(String name) {
    return new JobSettings(database, name, lease, queues, drain, computeThreads);
  }

  public JobSettings withLease(Duration time) {
    return new JobSettings(database, schema, time, queues, drain, computeThreads);
  }

  public JobSettings withDrain(Duration time) {
    return new JobSettings(database, schema, lease, queues, time, computeThreads);
  }

  public JobSettings withQueue(String queue, int most) {
    Map<String, Integer> more = new TreeMap<>(queues);
    more.put(queue, most);
    return new JobSettings(database, schema, lease, more, drain, computeThreads);
  }

  public JobSettings withComputeThreads(int threads) {
    return new JobSettings(database, schema, lease, queues, drain, threads);
  }

  int concurrency(String queue) {
    return queues.getOrDefault(queue, DEFAULT_CONCURRENCY);
  }
}
