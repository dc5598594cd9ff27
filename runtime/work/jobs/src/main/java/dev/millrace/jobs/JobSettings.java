package dev.millrace.jobs;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.postgres.client.DatabaseSettings;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The settings of jobs in one PostgreSQL database.
 *
 * @param schema the schema that holds their tables
 * @param lease the time after which the runs of a silent worker are taken over
 * @param concurrency the most runs at a time in one worker, of each queue that has no limit of its
 *     own
 * @param queues the most runs of each queue at a time in one worker
 * @param drain the time that a stop gives to runs before it hands them back
 * @param computeThreads threads of the compute pool
 * @param retention age at which workers delete ended runs; empty if they keep them
 * @param secrets values that no run stores; the password of the database is one of them
 */
public record JobSettings(
    DatabaseSettings database,
    String schema,
    Duration lease,
    int concurrency,
    Map<String, Integer> queues,
    Duration drain,
    int computeThreads,
    Optional<Duration> retention,
    JobSecrets secrets) {
  public static final String DEFAULT_SCHEMA = "millrace_jobs";
  public static final Duration DEFAULT_LEASE = Duration.ofSeconds(15);
  public static final int DEFAULT_CONCURRENCY = 64;
  private static final Duration DEFAULT_DRAIN = Duration.ofSeconds(20);

  public JobSettings {
    queues = Map.copyOf(queues);
    String password = database.password();
    secrets = password == null ? secrets : secrets.with(List.of(password));
    if (lease.toMillis() < 100 || drain.isNegative() || computeThreads < 1) {
      throw new MillraceException(
          Remedy.FIX_SETUP,
          "lease, drain and compute threads must be positive: lease=%s drain=%s computeThreads=%d"
              .formatted(lease, drain, computeThreads));
    }
    if (concurrency < 1 || retention.filter(age -> age.isNegative()).isPresent()) {
      throw new MillraceException(
          Remedy.FIX_SETUP,
          "concurrency must be positive, and retention not negative: concurrency=%d retention=%s"
              .formatted(concurrency, retention.map(Duration::toString).orElse("none")));
    }
    queues.forEach((queue, most) -> {
      if (most < 1) {
        throw new MillraceException(
            Remedy.FIX_SETUP, "queue needs a slot: queue=%s slots=%d".formatted(queue, most));
      }
    });
  }

  /** Limits each queue to {@link #DEFAULT_CONCURRENCY} runs, and keeps all runs. */
  public JobSettings(
      DatabaseSettings database,
      String schema,
      Duration lease,
      Map<String, Integer> queues,
      Duration drain,
      int computeThreads) {
    this(
        database,
        schema,
        lease,
        DEFAULT_CONCURRENCY,
        queues,
        drain,
        computeThreads,
        Optional.empty(),
        JobSecrets.none());
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
    return new JobSettings(
        database, name, lease, concurrency, queues, drain, computeThreads, retention, secrets);
  }

  public JobSettings withLease(Duration time) {
    return new JobSettings(
        database, schema, time, concurrency, queues, drain, computeThreads, retention, secrets);
  }

  public JobSettings withDrain(Duration time) {
    return new JobSettings(
        database, schema, lease, concurrency, queues, time, computeThreads, retention, secrets);
  }

  /** Limits the queues that have no limit of their own. */
  public JobSettings withConcurrency(int most) {
    return new JobSettings(
        database, schema, lease, most, queues, drain, computeThreads, retention, secrets);
  }

  public JobSettings withQueue(String queue, int most) {
    Map<String, Integer> more = new TreeMap<>(queues);
    more.put(queue, most);
    return new JobSettings(
        database, schema, lease, concurrency, more, drain, computeThreads, retention, secrets);
  }

  public JobSettings withComputeThreads(int threads) {
    return new JobSettings(
        database, schema, lease, concurrency, queues, drain, threads, retention, secrets);
  }

  /** Lets workers delete runs that ended longer ago than this. */
  public JobSettings withRetention(Duration age) {
    return new JobSettings(
        database,
        schema,
        lease,
        concurrency,
        queues,
        drain,
        computeThreads,
        Optional.of(age),
        secrets);
  }

  /** Adds values that no run stores, such as keys that handlers use. */
  public JobSettings withSecrets(Collection<String> values) {
    return new JobSettings(
        database,
        schema,
        lease,
        concurrency,
        queues,
        drain,
        computeThreads,
        retention,
        secrets.with(values));
  }

  int concurrency(String queue) {
    return queues.getOrDefault(queue, concurrency);
  }
}
