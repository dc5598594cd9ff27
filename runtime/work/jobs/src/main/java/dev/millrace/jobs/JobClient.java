package dev.millrace.jobs;

import com.zaxxer.hikari.HikariDataSource;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.postgres.client.PostgresConnections;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** Triggers runs, and looks at them. Safe for use by any thread. */
public final class JobClient implements AutoCloseable {
  private static final Duration PERIOD = Duration.ofMillis(50);
  private static final int MAX_EVENTS = 1_000;

  private final JobSettings settings;
  private final HikariDataSource pool;
  private final TriggerStatements triggers;

  private JobClient(JobSettings settings) {
    this.settings = settings;
    this.pool =
        new PostgresConnections(settings.database(), settings.schema())
            .schemaFirst()
            .pool(JobTransactions.END_IDLE_TRANSACTIONS);
    this.triggers = new TriggerStatements(settings.schema(), settings.secrets());
  }

  /** Opens a client; creates the tables if they are missing. */
  public static JobClient open(JobSettings settings) {
    createTables(settings);
    return new JobClient(settings);
  }

  /** Opens a client if the tables of jobs exist; creates nothing. */
  public static Optional<JobClient> openExisting(JobSettings settings) {
    JobClient client = new JobClient(settings);
    try {
      boolean found =
          client.read(
              "look for tables of jobs",
              connection -> JobSchema.isOpen(connection, settings.schema()));
      if (found) {
        return Optional.of(client);
      }
    } catch (RuntimeException failed) {
      client.close();
      throw failed;
    }
    client.close();
    return Optional.empty();
  }

  static void createTables(JobSettings settings) {
    PostgresConnections connections =
        new PostgresConnections(settings.database(), settings.schema()).schemaFirst();
    long until = System.nanoTime() + settings.database().patience().toNanos();
    try (JobTransactions transactions =
        JobTransactions.dedicated(
            connections, "tables of jobs", () -> System.nanoTime() - until >= 0)) {
      transactions.run(connection -> JobSchema.open(connection, settings.schema()));
    }
  }

  /** Triggers a run; returns once it is durable. */
  public <I> TriggeredRun trigger(Job<I, ?> job, I input) {
    return trigger(job, input, TriggerOptions.none());
  }

  public <I> TriggeredRun trigger(Job<I, ?> job, I input, TriggerOptions options) {
    List<NewRun> runs = List.of(NewRun.of(job, input, options));
    return run(
            "trigger of job " + job.name(),
            connection -> triggers.trigger(connection, settings.schema(), runs))
        .getFirst();
  }

  /** Triggers a run for each input, all or none of them. */
  public <I> List<TriggeredRun> triggerAll(Job<I, ?> job, Collection<I> inputs) {
    return triggerAll(job, inputs, TriggerOptions.none());
  }

  public <I> List<TriggeredRun> triggerAll(
      Job<I, ?> job, Collection<I> inputs, TriggerOptions options) {
    List<NewRun> runs = new ArrayList<>(inputs.size());
    inputs.forEach(input -> runs.add(NewRun.of(job, input, options)));
    return run(
        "trigger of job " + job.name(),
        connection -> triggers.trigger(connection, settings.schema(), runs));
  }

  /**
   * Triggers a run in the transaction of the caller: it exists once the caller commits, and never
   * if the caller rolls back.
   */
  public <I> TriggeredRun trigger(
      Connection connection, Job<I, ?> job, I input, TriggerOptions options) throws SQLException {
    if (connection.getAutoCommit()) {
      throw new MillraceException(
          Remedy.FIX_HANDLER,
          "connection has no transaction, turn autoCommit off: job=" + job.name());
    }
    return triggers
        .trigger(connection, settings.schema(), List.of(NewRun.of(job, input, options)))
        .getFirst();
  }

  /**
   * Triggers a run whose input comes as JSON from outside the program.
   *
   * @throws MillraceException with remedy {@code FIX_SETUP} if the input does not fit
   */
  public <I> TriggeredRun triggerJson(Job<I, ?> job, String input, TriggerOptions options) {
    return trigger(job, JobInput.parse(job, input), options);
  }

  public Optional<Run> find(long run) {
    return read("look at run " + run, connection -> RunQueries.find(connection, run));
  }

  /** Returns the latest runs, of one job or in one state if they are given. */
  public List<Run> list(@Nullable String job, @Nullable RunState state, int limit) {
    return read("list of runs", connection -> RunQueries.list(connection, job, state, limit));
  }

  /** Returns the first of the items of a run that have failed, in their order. */
  public List<Run> failedItems(long run, int limit) {
    return read(
        "failed items of run " + run, connection -> RunQueries.failedItems(connection, run, limit));
  }

  /** Returns the state of queues and workers, and the runs that no worker would claim. */
  public JobStatus status() {
    return read("status of jobs", StatusQueries::status);
  }

  /** Returns the events of a run whose ids are greater than the last one that the caller knows. */
  public List<RunEvent> events(long run, long after) {
    return read(
        "events of run " + run,
        connection -> RunQueries.events(connection, run, after, MAX_EVENTS));
  }

  /** Returns the stored steps of a run in their order. */
  public List<RunStep> steps(long run) {
    return read("steps of run " + run, connection -> StepQueries.steps(connection, run));
  }

  /** Returns the schedules that workers have registered. */
  public List<ScheduleState> schedules() {
    return read("list of schedules", ScheduleStatements::list);
  }

  /** Waits until a run has ended; empty after the time-out. */
  public Optional<Run> await(long run, Duration timeout) throws InterruptedException {
    long until = System.nanoTime() + timeout.toNanos();
    while (true) {
      Run found = find(run).orElseThrow(() -> RunControl.unknown(run));
      if (found.state().isFinal()) {
        return Optional.of(found);
      }
      if (System.nanoTime() - until >= 0) {
        return Optional.empty();
      }
      LockSupport.parkNanos(PERIOD.toNanos());
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
    }
  }

  /** Returns the output of a run that has succeeded. */
  public <O> O output(Run run, Job<?, O> job) {
    String output =
        run.output()
            .orElseThrow(() ->
                new MillraceException(
                    Remedy.FIX_SETUP,
                    "run has no output: run=%d state=%s".formatted(run.id(), run.state())));
    return JobJson.decode(output, job.outputType(), "output of run " + run.id());
  }

  /**
   * Cancels a run. One that has not started, or waits, has ended when this returns true; the owner
   * of another is asked to stop, and ends it.
   *
   * @throws MillraceException if the run has ended, naming its state
   */
  public boolean cancel(long run) {
    RunControl.Canceled canceled =
        run(
            "cancel of run " + run,
            connection -> {
              RunControl.Canceled now = RunControl.cancel(connection, run);
              ring(connection);
              return now;
            });
    return canceled == RunControl.Canceled.ENDED;
  }

  /** Sends a signal, which the run may already wait for, or come to later. */
  public void signal(long run, String name, @Nullable Object payload) {
    String what = "signal " + name;
    String json = settings.secrets().refuse(JobJson.encode(payload, what), what);
    run(
        "signal to run " + run,
        connection -> {
          RunControl.signal(connection, run, name, json);
          ring(connection);
          return run;
        });
  }

  /** Makes a new run that does the work of an ended one again, from its beginning. */
  public long retry(long run) {
    return retry(run, null, false);
  }

  /** Makes a new run that keeps the stored steps of an ended one before the named step. */
  public long retryFrom(long run, String step) {
    return retry(run, step, false);
  }

  /** Makes a new run that keeps what has succeeded, and runs again the items that have not. */
  public long retryFailed(long run) {
    return retry(run, null, true);
  }

  private long retry(long run, @Nullable String from, boolean failedOnly) {
    return run(
        "retry of run " + run,
        connection -> {
          long made = RunControl.retry(connection, run, from, failedOnly);
          ring(connection);
          return made;
        });
  }

  void register(Collection<CronSchedule<?>> schedules) {
    run(
        "registration of schedules",
        connection -> ScheduleStatements.register(connection, schedules));
  }

  /** Deletes runs that ended longer ago than the age; returns how many. */
  public int purge(Duration age) {
    int purged = 0;
    int last;
    do {
      last = run("purge of runs", connection -> RunControl.purge(connection, age));
      purged += last;
    } while (last > 0);
    return purged;
  }

  private void ring(Connection connection) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement("SELECT pg_notify(?, '')")) {
      statement.setString(1, settings.schema());
      statement.executeQuery().close();
    }
  }

  private <T> T run(String purpose, JobTransactions.Work<T> work) {
    try (JobTransactions transactions = transactions(purpose)) {
      return transactions.run(work);
    }
  }

  private <T> T read(String purpose, JobTransactions.Work<T> work) {
    try (JobTransactions transactions = transactions(purpose)) {
      return transactions.runStatement(work);
    }
  }

  /** Retries for as long as the settings of the database say. */
  private JobTransactions transactions(String purpose) {
    long until = System.nanoTime() + settings.database().patience().toNanos();
    return new JobTransactions(pool::getConnection, purpose, () -> System.nanoTime() - until >= 0);
  }

  @Override
  public void close() {
    pool.close();
  }
}
