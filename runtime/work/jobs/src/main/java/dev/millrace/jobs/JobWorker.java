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
import java.util.Optional;
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

  /** A refusal that lasts longer has to be mended: a failover may refuse for a moment. */
  private static final Duration MAX_REFUSAL = Duration.ofSeconds(10);

  /** An outage that is longer is a failure of the worker, for a supervisor to look at. */
  private static final Duration MAX_OUTAGE = Duration.ofMinutes(10);

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
  private final @Nullable RetentionTask retention;
  private volatile @Nullable WorkerIncarnation incarnation;
  private volatile @Nullable Outage outage;
  private volatile boolean leftBehind;

  /** The failures since the last claim that succeeded. */
  private record Outage(long since, MillraceException last) {}

  private JobWorker(
      JobSettings settings, Map<String, Job<?, ?>> jobs, Map<String, CronSchedule<?>> schedules) {
    this.settings = settings;
    this.jobs = jobs;
    this.schedules = schedules;
    this.connections =
        new PostgresConnections(settings.database(), settings.schema()).schemaFirst();
    this.pool = connections.pool(JobTransactions.END_IDLE_TRANSACTIONS);
    this.compute = new ComputePool(settings.computeThreads());
    this.listener = new TriggerListener(connections, settings.schema(), bell::ring);
    this.retention =
        settings.retention().map(age -> new RetentionTask(pool::getConnection, age)).orElse(null);
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
      WorkerIncarnation fresh = null;
      try {
        fresh = new WorkerIncarnation(settings, connections, jobs, schedules, pool, compute, bell);
        incarnation = fresh;
        if (closed.getCount() == 0) {
          fresh.stop();
        }
        fresh.run();
      } catch (MillraceException failed) {
        note(failed, fresh != null && fresh.isClaiming());
        LOG.warn("worker cannot claim runs: reason=\"{}\"", failed.getMessage());
      } finally {
        leftBehind |= fresh != null && fresh.running() > 0;
      }
      pause();
    }
  }

  private void note(MillraceException failed, boolean hasClaimed) {
    Outage known = hasClaimed ? null : outage;
    outage = new Outage(known == null ? System.nanoTime() : known.since, failed);
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

  /** True while this worker has a session and claims runs. */
  public boolean isClaiming() {
    WorkerIncarnation known = incarnation;
    return known != null && known.isClaiming() && closed.getCount() > 0;
  }

  /**
   * Returns the reason why this worker claims no runs: after ten seconds if its setup has to be
   * mended, as when the database refuses it, and after ten minutes if the database may come back.
   * The worker goes on trying until it is closed.
   */
  public Optional<MillraceException> failure() {
    Outage known = outage;
    if (known == null || isClaiming()) {
      return Optional.empty();
    }
    Duration patience =
        switch (known.last.remedy()) {
          case RETRY, RESTART, REWIND, YIELD -> MAX_OUTAGE;
          case FIX_SETUP, FIX_HANDLER, REPORT_BUG -> MAX_REFUSAL;
        };
    return System.nanoTime() - known.since < patience.toNanos()
        ? Optional.empty()
        : Optional.of(known.last);
  }

  /** True if handlers went on after the drain and were left behind. */
  public boolean isLeftBehind() {
    return leftBehind;
  }

  /**
   * Ends as if the process had been killed: nothing more is written, and the session ends by its
   * lease. For tests of what comes after a crash.
   */
  public void abandon() {
    WorkerIncarnation known = incarnation;
    if (known != null) {
      known.abandon();
    }
    close();
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
    if (retention != null) {
      retention.close();
    }
    listener.close();
    pool.close();
  }
}
