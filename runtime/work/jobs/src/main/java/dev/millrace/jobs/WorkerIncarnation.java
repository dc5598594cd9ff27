package dev.millrace.jobs;

import com.zaxxer.hikari.HikariDataSource;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.postgres.client.PostgresConnections;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A worker between the begin of its session and its loss. Confined to the claim thread, but for
 * methods that name any thread.
 */
final class WorkerIncarnation {
  private static final Logger LOG = LoggerFactory.getLogger(WorkerIncarnation.class);

  /** An idle worker finds by a poll what no notification has named. */
  private static final Duration POLL_PERIOD = Duration.ofSeconds(1);

  private final JobSettings settings;
  private final Map<String, Job<?, ?>> jobs;
  private final Map<String, CronSchedule<?>> schedules;
  private final WakeUpBell bell;
  private final WorkerSession session;
  private final RunWriter writer;
  private final ClaimStatements statements;
  private final JobTransactions transactions;
  private final ExecutionServices services;
  private final DeadlineTimer timer = new DeadlineTimer();

  /** The runs whose handlers are being called, or whose ends are being written. */
  private final Map<Long, RunExecution> executions = new ConcurrentHashMap<>();

  /** The time of the last poll. */
  private long polled = System.nanoTime() - POLL_PERIOD.toNanos();

  private final AtomicBoolean stopping = new AtomicBoolean();
  private volatile boolean polledOnce;

  WorkerIncarnation(
      JobSettings settings,
      PostgresConnections connections,
      Map<String, Job<?, ?>> jobs,
      Map<String, CronSchedule<?>> schedules,
      HikariDataSource pool,
      ComputePool compute,
      WakeUpBell bell) {
    this.settings = settings;
    this.jobs = jobs;
    this.schedules = schedules;
    this.bell = bell;
    String name = "%s-%d".formatted(HostName.local(), ProcessHandle.current().pid());
    WorkerIdentity identity =
        new WorkerIdentity(
            name,
            List.copyOf(jobs.keySet()),
            jobs.values().stream().map(Job::version).toList(),
            jobs.values().stream().map(Job::queue).toList());
    this.session =
        new WorkerSession(connections, identity, settings.lease(), System::nanoTime, this::loseAll);
    this.writer = new RunWriter(connections, name, session::isLost);
    this.statements = new ClaimStatements(session.id());
    this.transactions = JobTransactions.dedicated(connections, "claims of runs", session::isLost);
    this.services =
        new ExecutionServices(
            writer,
            pool,
            new TriggerStatements(settings.schema(), settings.secrets()),
            settings.schema(),
            compute,
            settings.secrets());
  }

  /** Any thread. */
  int running() {
    return executions.size();
  }

  /** True once the tables were polled, until the session is lost. Any thread. */
  boolean isClaiming() {
    return polledOnce && !session.isLost();
  }

  /** Loses the session at once, as a process that is killed does. Any thread. */
  void abandon() {
    stopping.set(true);
    session.abandon();
  }

  /** Stops the claims. Any thread. */
  void stop() {
    stopping.set(true);
    bell.ring();
  }

  private void loseAll() {
    executions.values().forEach(running -> running.stop(RunExecution.StopReason.LOST));
    bell.ring();
  }

  /** Claims runs until it is stopped, or until the session is lost. */
  void run() {
    try {
      boolean rung = true;
      while (!stopping.get() && !session.isLost()) {
        boolean overdue = System.nanoTime() - polled >= POLL_PERIOD.toNanos();
        Duration wait = rung && !overdue ? claimAll() : poll();
        rung = bell.await(wait);
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    } finally {
      end();
    }
  }

  /** Polls the tables by one statement; returns the time until the next one. */
  private Duration poll() {
    polled = System.nanoTime();
    ClaimStatements.PollResult found =
        transactions.runStatement(
            connection -> statements.poll(connection, served(), List.copyOf(schedules.keySet())));
    polledOnce = true;
    for (Long canceling : found.canceling()) {
      RunExecution running = executions.get(canceling);
      if (running != null) {
        running.stop(RunExecution.StopReason.CANCELED);
      }
    }
    if (found.workersLost()) {
      int recovered = transactions.run(SweepStatements::sweep);
      LOG.info("runs of lost workers were recovered: runs={}", recovered);
    }
    if (found.overdue()) {
      transactions.run(SweepStatements::failOverdue);
    }
    boolean due = found.nextWake().map(wake -> wake.isZero()).orElse(false);
    if (due || found.workersLost() || found.ready()) {
      return claimAll();
    }
    return found.nextWake().filter(wake -> wake.compareTo(POLL_PERIOD) < 0).orElse(POLL_PERIOD);
  }

  private List<ClaimStatements.Wanted> served() {
    return jobs.values().stream()
        .map(job -> new ClaimStatements.Wanted(job.queue(), job.name(), job.version(), 1))
        .toList();
  }

  /** Opens gates and claims until no more is to be had; returns the time until the next poll. */
  private Duration claimAll() {
    while (!stopping.get() && !session.isLost()) {
      List<ClaimStatements.Wanted> wanted = wanted();
      Claimed claimed = transactions.run(connection -> claim(connection, wanted));
      claimed.runs.forEach(this::start);
      if (!claimed.more && claimed.runs.isEmpty()) {
        return untilPoll();
      }
    }
    return Duration.ZERO;
  }

  private record Claimed(List<ClaimedRun> runs, boolean more) {}

  private Claimed claim(Connection connection, List<ClaimStatements.Wanted> wanted)
      throws SQLException {
    if (!schedules.isEmpty()) {
      ScheduleStatements.tick(connection, schedules, services.triggers(), services.channel());
    }
    boolean more = statements.open(connection);
    List<ClaimedRun> runs = wanted.isEmpty() ? List.of() : statements.claim(connection, wanted);
    return new Claimed(runs, more);
  }

  private Duration untilPoll() {
    // Cancels and gates are looked at soon after a ring as well, which may have been about them.
    return Duration.ofMillis(executions.isEmpty() ? 200 : 50);
  }

  private List<ClaimStatements.Wanted> wanted() {
    Map<String, Integer> used = new HashMap<>();
    executions.values().forEach(running -> used.merge(running.claim().queue(), 1, Integer::sum));
    List<ClaimStatements.Wanted> wanted = new ArrayList<>();
    for (Job<?, ?> job : jobs.values()) {
      int free = settings.concurrency(job.queue()) - used.getOrDefault(job.queue(), 0);
      if (free > 0) {
        wanted.add(new ClaimStatements.Wanted(job.queue(), job.name(), job.version(), free));
      }
    }
    return wanted;
  }

  private void start(ClaimedRun claim) {
    Job<?, ?> job = jobs.get(claim.job());
    if (job == null) {
      throw new MillraceException(
          Remedy.REPORT_BUG, "claimed a run of an unknown job: job=" + claim.job());
    }
    List<Future<?>> timers = new ArrayList<>();
    RunExecution execution =
        new RunExecution(
            job,
            claim,
            services,
            () -> {
              timers.forEach(one -> one.cancel(false));
              executions.remove(claim.id());
              bell.ring();
            });
    executions.put(claim.id(), execution);
    job.timeout()
        .ifPresent(limit ->
            timers.add(
                timer.schedule(limit, () -> execution.stop(RunExecution.StopReason.TIMEOUT))));
    claim
        .deadline()
        .ifPresent(left ->
            timers.add(
                timer.schedule(left, () -> execution.stop(RunExecution.StopReason.DEADLINE))));
    execution.start();
    if (session.isLost()) {
      execution.stop(RunExecution.StopReason.LOST);
    }
  }

  private void end() {
    boolean lost = session.isLost();
    if (!lost) {
      drain(settings.drain());
      executions.values().forEach(running -> running.stop(RunExecution.StopReason.SHUTDOWN));
      drain(Duration.ofSeconds(2));
    }
    timer.close();
    writer.close();
    transactions.close();
    session.close();
    Collection<RunExecution> left = executions.values();
    if (!left.isEmpty()) {
      LOG.warn("handlers did not end and were left behind: runs={}", left.size());
    }
  }

  /** Waits until no handler runs. */
  private void drain(Duration limit) {
    long until = System.nanoTime() + limit.toNanos();
    try {
      while (!executions.isEmpty() && System.nanoTime() - until < 0 && !session.isLost()) {
        bell.await(Duration.ofMillis(50));
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }
}
