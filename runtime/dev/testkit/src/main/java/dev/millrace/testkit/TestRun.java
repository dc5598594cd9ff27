package dev.millrace.testkit;

import dev.millrace.jobs.Job;
import dev.millrace.jobs.Run;
import dev.millrace.jobs.RunEvent;
import dev.millrace.jobs.RunState;
import dev.millrace.jobs.RunStep;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** One run in a {@link JobTest}. All it says is read from the database when it is asked. */
public final class TestRun<O> {
  private static final int MAX_EVENTS_READ = 1_000;

  private final JobTest test;
  private final Job<?, O> job;
  private final long id;

  TestRun(JobTest test, Job<?, O> job, long id) {
    this.test = test;
    this.job = job;
    this.id = id;
  }

  public long id() {
    return id;
  }

  public Run row() {
    return test.client().find(id).orElseThrow();
  }

  public RunState state() {
    return row().state();
  }

  /**
   * Returns the output.
   *
   * @throws AssertionError if the run has not succeeded, with its error
   */
  public O output() {
    Run run = row();
    if (run.state() != RunState.SUCCEEDED) {
      throw new AssertionError(
          "run has not succeeded: job=%s state=%s%s%s"
              .formatted(
                  run.job(),
                  run.state(),
                  run.waitsFor().map(step -> " waitsFor=" + step).orElse(""),
                  run.error().map(error -> " error=" + error).orElse("")));
    }
    return test.client().output(run, job);
  }

  /** Returns code and message of the error as JSON; empty if there is none. */
  public String error() {
    return row().error().orElse("");
  }

  /** Returns the step that the run waits for. */
  public Optional<String> waitsFor() {
    return row().state().isFinal() ? Optional.empty() : row().waitsFor();
  }

  /** Returns the names of the stored steps in their order. */
  public List<String> steps() {
    return test.steps(id).stream().filter(RunStep::finished).map(RunStep::name).toList();
  }

  /** Returns the names of the steps whose bodies have run, one for each time, in their order. */
  public List<String> executed() {
    return test.executed(id);
  }

  /** Returns the events, as in {@code started} and {@code step-finished list}. */
  public List<String> events() {
    return all().stream()
        .map(event -> event.step() == null ? event.type() : event.type() + " " + event.step())
        .toList();
  }

  /** Returns the lines of the log. */
  public List<String> log() {
    List<String> lines = new ArrayList<>();
    for (RunEvent event : all()) {
      if (event.type().equals(RunEvent.LOG) && event.message() != null) {
        lines.add(event.message());
      }
    }
    return lines;
  }

  private List<RunEvent> all() {
    List<RunEvent> all = new ArrayList<>();
    List<RunEvent> page;
    do {
      page = test.client().events(id, all.isEmpty() ? 0 : all.getLast().id());
      all.addAll(page);
    } while (page.size() == MAX_EVENTS_READ);
    return all;
  }

  @Override
  public String toString() {
    return "run %d of %s: %s".formatted(id, job.name(), state());
  }
}
