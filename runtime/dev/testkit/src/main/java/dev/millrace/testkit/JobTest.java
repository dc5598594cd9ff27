package dev.millrace.testkit;

import dev.millrace.jobs.Job;
import dev.millrace.jobs.JobClient;
import dev.millrace.jobs.JobRegistry;
import dev.millrace.jobs.JobWorker;
import dev.millrace.jobs.Run;
import dev.millrace.jobs.RunStep;
import dev.millrace.jobs.TriggerOptions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Jobs under test: run them, crash them, look at what came of it. One worker in this process, over
 * a real PostgreSQL, under a clock that stands still until the test moves it.
 *
 * <pre>{@code
 * try (JobTest test = JobTest.of(IMPORT, ANALYZE).crashAfter("list")) {
 *   TestRun<Imported> run = test.run(IMPORT, new Import("acme"));
 *   assertThat(run.executed()).containsExactly("list");
 *   assertThat(run.output()).isEqualTo(new Imported(2, List.of()));
 * }
 * }</pre>
 *
 * <p>A crash is that of a process: the worker writes nothing more, and another one resumes its
 * runs. Not for use by several threads.
 */
public final class JobTest implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  /** An error of the infrastructure spends no attempt, so a handler may fail for ever. */
  private static final int MAX_SKIPS = 1_000;

  private static final Duration PERIOD = Duration.ofMillis(1);

  private final JobRegistry jobs;
  private final JobTestDatabase database;
  private final JobClient client;
  private final CrashPoints crashes = new CrashPoints();
  private @Nullable JobWorker worker;

  private JobTest(JobRegistry jobs) {
    this.jobs = jobs;
    this.database = JobTestDatabase.create(jobs.secrets());
    this.client = JobClient.open(database.settings());
  }

  /**
   * Creates a test of jobs.
   *
   * @param jobs the jobs under test, and those that they trigger
   */
  public static JobTest of(Job<?, ?>... jobs) {
    return of(JobRegistry.of(jobs));
  }

  /** Creates a test of jobs and schedules. */
  public static JobTest of(JobRegistry jobs) {
    return new JobTest(jobs);
  }

  /** Lets the process die before the body of a step runs, once. */
  public JobTest crashBefore(String step) {
    crashes.add(CrashPoints.Moment.BEFORE, step);
    return this;
  }

  /** Lets the process die when the body of a step has run and its result is not stored, once. */
  public JobTest crashIn(String step) {
    crashes.add(CrashPoints.Moment.IN, step);
    return this;
  }

  /** Lets the process die when the result of a step is stored, once. */
  public JobTest crashAfter(String step) {
    crashes.add(CrashPoints.Moment.AFTER, step);
    return this;
  }

  /** Sets the clock, before the first run. */
  public JobTest at(Instant time) {
    if (worker != null) {
      throw new IllegalStateException("clock is set before the first run; advance it after that");
    }
    database.setClock(time);
    return this;
  }

  /** Returns the time of the test's clock. */
  public Instant now() {
    return database.now();
  }

  /** Moves the clock on, and waits for everything that is due on the way, tick by tick. */
  public JobTest advance(Duration time) {
    Instant until = now().plus(time);
    settle();
    for (Optional<Instant> next = database.nextDue(); next.isPresent(); next = database.nextDue()) {
      if (next.get().isAfter(until)) {
        break;
      }
      database.setClock(next.get());
      settle();
    }
    database.setClock(until);
    settle();
    return this;
  }

  /**
   * Runs a job to its end. Delays, pauses before a retry and sleeps are skipped by the clock; a run
   * that waits for a signal is returned as it waits.
   */
  public <I, O> TestRun<O> run(Job<I, O> job, I input) {
    return run(job, input, TriggerOptions.none());
  }

  /** Runs a job to its end, as {@link #run(Job, Object)} does. */
  public <I, O> TestRun<O> run(Job<I, O> job, I input, TriggerOptions options) {
    TestRun<O> run = start(job, input, options);
    for (int skips = 0; !run.state().isFinal(); skips++) {
      Optional<Instant> next = database.nextWake();
      if (next.isEmpty()) {
        break;
      }
      if (skips == MAX_SKIPS) {
        throw new AssertionError("run is tried again without end: " + run.row());
      }
      database.setClock(next.get());
      settle();
    }
    return run;
  }

  /** Runs a job until it has ended, or waits for a time or a signal. */
  public <I, O> TestRun<O> start(Job<I, O> job, I input) {
    return start(job, input, TriggerOptions.none());
  }

  /** Runs a job until it waits, as {@link #start(Job, Object)} does. */
  public <I, O> TestRun<O> start(Job<I, O> job, I input, TriggerOptions options) {
    requireKnown(job);
    long id = client.trigger(job, input, options).id();
    settle();
    return new TestRun<>(this, job, id);
  }

  private void requireKnown(Job<?, ?> job) {
    if (jobs.find(job.name()).isEmpty()) {
      throw new IllegalArgumentException(
          "job is not in this test, add it to JobTest.of: job=" + job.name());
    }
  }

  /** Sends a signal to a run, and waits for what comes of it. */
  public JobTest signal(TestRun<?> run, String name, @Nullable Object payload) {
    client.signal(run.id(), name, payload);
    settle();
    return this;
  }

  /** Returns the runs of a job in the order of their triggers, those of schedules included. */
  public <O> List<TestRun<O>> runs(Job<?, O> job) {
    List<TestRun<O>> runs = new ArrayList<>();
    for (Run run : client.list(job.name(), null, Integer.MAX_VALUE).reversed()) {
      runs.add(new TestRun<>(this, job, run.id()));
    }
    return runs;
  }

  /** Returns the client of the jobs, for all that is not offered here. */
  public JobClient client() {
    return client;
  }

  List<String> executed(long run) {
    return crashes.executed(run);
  }

  List<RunStep> steps(long run) {
    return client.steps(run);
  }

  /** Waits until nothing is left to do at the time of the clock. */
  private void settle() {
    long until = System.nanoTime() + PATIENCE.toNanos();
    if (worker == null) {
      begin();
    }
    while (true) {
      if (crashes.awaitEnd()) {
        database.expireWorkers();
        begin();
      }
      JobTestDatabase.Backlog backlog = database.backlog();
      if (backlog.isEmpty() && !crashes.isCrashed()) {
        return;
      }
      for (String job : backlog.ready()) {
        if (jobs.find(job).isEmpty()) {
          throw new IllegalStateException(
              "a run waits for a job that is not in this test, add it to JobTest.of: job=" + job);
        }
      }
      if (System.nanoTime() - until > 0) {
        throw new AssertionError("jobs go on for longer than %s: %s".formatted(PATIENCE, backlog));
      }
      LockSupport.parkNanos(PERIOD.toNanos());
    }
  }

  private void begin() {
    List<Job<?, ?>> watched = new ArrayList<>();
    for (Job<?, ?> job : jobs.jobs()) {
      watched.add(crashes.watch(job));
    }
    JobWorker started = JobWorker.start(database.settings(), watched, jobs.schedules());
    worker = started;
    crashes.begin(started);
  }

  @Override
  public void close() {
    JobWorker known = worker;
    if (known != null) {
      known.close();
    }
    client.close();
    database.close();
  }
}
