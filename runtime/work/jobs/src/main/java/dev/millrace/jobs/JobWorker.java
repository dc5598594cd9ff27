package dev.millrace.jobs;

import com.zaxxer.hikari.HikariDataSource;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.postgres.client.PostgresConnections;
import java.time.Duration;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Claims runs of its jobs and calls their handlers, until it is closed. A worker that has lost its
 * session, as when the database was away for longer than the lease, comes back with a new one.
 */
public final class JobWorker implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(JobWorker.class);
  private static final Duration PAUSE = Duration.ofSeconds(1);
  private static final Duration MAX_CLOSE = Duration.ofSeconds(10);

  private final JobSettings settings;
  private final PostgresConnections connections;
  private final Map<String, Job<?, ?>> jobs;
  private final Map<String, CronSchedule<?>> schedules;
  private final HikariDataSource pool;
  private final ComputePool compute;
  private final WakeUpBell bell = new WakeUpBell();
  private final TriggerListener listener;
  private final CountDownLatch closed = new CountDownLatch(1);
  private final Thread thread;
  private volatile @Nullable WorkerIncarnation incarnation;

  private JobWorker(
      JobSettings settings, Map<String, Job<?, ?>> jobs, Map<String, CronSchedule<?>> schedules) {
    this.settings = settings;
    this.jobs = jobs;
    this.schedules = schedules;
    this.connections = new PostgresConnections(settings.database(), settings.schema());
    this.pool = connections.pool(JobTransactions.END_IDLE_TRANSACTIONS);
    this.compute = new ComputePool(settings.computeThreads());
    this.listener = new TriggerListener(connections, settings.schema(), bell::ring);
    this.thread = Thread.ofPlatform().daemon().name("millrace-jobs-claim").start(this::run);
  }

  /**
   * Starts a worker; creates the tables if they are missing.
   *
   * @throws MillraceException with remedy {@code FIX_SETUP} if two jobs have one name, or if a job
   *     has no handler
   */
  public static JobWorker start(JobSettings settings, Collection<Job<?, ?>> jobs) {
    return start(settings, jobs, List.of());
  }

  /**
   * Starts a worker that also triggers the runs of schedules.
   *
   * @throws MillraceException with remedy {@code FIX_SETUP} if two jobs, or two schedules, have one
   *     name, or if a job has no handler
   */
  public static JobWorker start(
      JobSettings settings, Collection<Job<?, ?>> jobs, Collection<CronSchedule<?>> schedules) {
    Map<String, Job<?, ?>> byName = new LinkedHashMap<>();
    for (Job<?, ?> job : jobs) {
      job.requireHandler();
      if (byName.put(job.name(), job) != null) {
        throw new MillraceException(Remedy.FIX_SETUP, "two jobs have one name: job=" + job.name());
      }
    }
    Map<String, CronSchedule<?>> scheduled = new LinkedHashMap<>();
    for (CronSchedule<?> schedule : schedules) {
      if (scheduled.put(schedule.name(), schedule) != null) {
        throw new MillraceException(
            Remedy.FIX_SETUP, "two schedules have one name: schedule=" + schedule.name());
      }
    }
    JobClient.createTables(settings);
    if (!scheduled.isEmpty()) {
      try (JobClient client = JobClient.open(settings)) {
        client.register(schedules);
      }
    }
    return new JobWorker(settings, byName, scheduled);
  }

  private void run() {
    while (closed.getCount() > 0) {
      try {
        WorkerIncarnation fresh =
            new WorkerIncarnation(settings, connections, jobs, schedules, pool, compute, bell);
        incarnation = fresh;
        if (closed.getCount() == 0) {
          fresh.stop();
        }
        fresh.run();
      } catch (MillraceException failed) {
        LOG.warn("worker cannot claim runs: reason=\"{}\"", failed.getMessage());
      }
      pause();
    }
  }

  private void pause() {
    try {
      closed.await(PAUSE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException _) {
      closed.countDown();
    }
  }

  /** Number of runs whose handlers are being called. */
  public int running() {
    WorkerIncarnation known = incarnation;
    return known == null ? 0 : known.running();
  }

  /** True if this worker knows the job. */
  public boolean serves(String job) {
    return jobs.containsKey(job);
  }

  /**
   * Claims no more runs, waits for those that run, and hands back at the end of the drain what has
   * not ended: other workers claim it at once, and no attempt is spent.
   */
  @Override
  public void close() {
    closed.countDown();
    WorkerIncarnation known = incarnation;
    if (known != null) {
      known.stop();
    }
    bell.ring();
    try {
      if (!thread.join(settings.drain().plus(MAX_CLOSE))) {
        LOG.warn("worker did not end in time; its runs are taken over after the lease");
        thread.interrupt();
      }
    } catch (InterruptedException _) {
      thread.interrupt();
      Thread.currentThread().interrupt();
    }
    listener.close();
    pool.close();
  }
}
