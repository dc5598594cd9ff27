package dev.millrace.app;

import dev.millrace.jobs.JobClient;
import dev.millrace.jobs.Run;
import dev.millrace.jobs.RunEvent;
import dev.millrace.jobs.RunState;
import dev.millrace.loaders.MillraceException;
import dev.millrace.runner.ExitCode;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Follows a run to its end: a redrawn line on a terminal, a line for each event elsewhere. The
 * output of the run goes to standard output.
 */
final class RunFollower {
  static final String UNSERVED =
      "millrace: no worker serves this job, the run waits for one: millrace work";

  private static final Duration PERIOD = Duration.ofMillis(200);
  private static final Duration SERVED_WITHIN = Duration.ofSeconds(2);

  private final JobClient client;
  private final CliEnvironment shell;
  private final long id;
  private final boolean cancelOnExit;
  private final CountDownLatch interrupted = new CountDownLatch(1);
  private long lastEvent;
  private String lastProgress = "";
  private boolean unserved;
  private long lookedAt = System.nanoTime();

  RunFollower(JobClient client, CliEnvironment shell, long id, boolean cancelOnExit) {
    this.client = client;
    this.shell = shell;
    this.id = id;
    this.cancelOnExit = cancelOnExit;
  }

  /** Returns the exit code of the command. */
  int follow() throws InterruptedException {
    // A signal runs the hook and ends the JVM with 128 and its number: 130 for Ctrl-C.
    Thread hook = Thread.ofPlatform().name("millrace-follow-end").unstarted(this::leave);
    Runtime.getRuntime().addShutdownHook(hook);
    try {
      Run ended = shell.isLive() ? draw() : print();
      return conclude(ended);
    } catch (MillraceException away) {
      shell.err().println(goesOn());
      throw away;
    } finally {
      try {
        Runtime.getRuntime().removeShutdownHook(hook);
      } catch (IllegalStateException _) {
        // The JVM is shutting down already, and runs the hook.
      }
    }
  }

  private Run draw() throws InterruptedException {
    TerminalLiveLine live = new TerminalLiveLine(shell.err());
    long begun = System.nanoTime();
    try {
      while (true) {
        Run run = RunLookup.require(client, id);
        if (run.state().isFinal()) {
          return run;
        }
        String note = isUnserved(run) ? "  no worker serves it" : "";
        String line = line(run, Duration.ofNanos(System.nanoTime() - begun)) + note;
        int room = shell.columns().get().orElse(80) - 1;
        live.show(line.length() <= room ? line : line.substring(0, Math.max(1, room - 1)) + "…");
        pause();
      }
    } finally {
      live.clear();
    }
  }

  static String line(Run run, Duration time) {
    StringBuilder line = new StringBuilder("%s %d  ".formatted(run.job(), run.id()));
    line.append(run.state() == RunState.PENDING ? "waits" : "runs");
    run.waitsFor().ifPresent(step -> line.append(" for ").append(step));
    run.progress()
        .ifPresent(progress -> {
          progress
              .total()
              .filter(total -> total > 0)
              .ifPresent(total ->
                  line.append("  %d %%".formatted(Math.min(100, 100 * progress.done() / total))));
          line.append("  ").append(RunText.progress(progress));
        });
    if (run.failures() > 0) {
      line.append("  failed attempts: ").append(run.failures());
    }
    return line.append("  ").append(ProgressLine.duration(time)).toString();
  }

  private Run print() throws InterruptedException {
    boolean noted = false;
    shell.err().println("millrace: follows run " + id);
    while (true) {
      Run run = RunLookup.require(client, id);
      printNews(run);
      if (run.state().isFinal()) {
        return run;
      }
      if (!noted && isUnserved(run)) {
        noted = true;
        shell.err().println(UNSERVED);
      }
      pause();
    }
  }

  private void printNews(Run run) {
    List<RunEvent> events;
    do {
      events = client.events(id, lastEvent);
      for (RunEvent event : events) {
        shell.err().println(RunText.event(event));
        lastEvent = event.id();
      }
    } while (!events.isEmpty());
    String progress = run.progress().map(RunText::progress).orElse("");
    if (!progress.equals(lastProgress)) {
      shell.err().println("progress  " + progress);
      lastProgress = progress;
    }
  }

  /** True if the run has not begun and no worker would claim it. Looks now and then. */
  private boolean isUnserved(Run run) {
    long now = System.nanoTime();
    boolean mayBe = run.state() == RunState.PENDING && run.waitsFor().isEmpty();
    if (mayBe && now - lookedAt > SERVED_WITHIN.toNanos()) {
      unserved = RunLookup.isUnserved(client, run);
      lookedAt = System.nanoTime();
    }
    return mayBe && unserved;
  }

  /** Stays here once the JVM is ending, so that nothing is printed below the last line. */
  private void pause() throws InterruptedException {
    if (interrupted.await(PERIOD.toMillis(), TimeUnit.MILLISECONDS)) {
      new CountDownLatch(1).await();
    }
  }

  private int conclude(Run run) {
    String took = "-".equals(RunText.took(run)) ? "" : " after " + RunText.took(run);
    return switch (run.state()) {
      case SUCCEEDED -> {
        shell.err().println("millrace: run %d has succeeded%s".formatted(id, took));
        run.output().ifPresent(output -> shell.out().println(output));
        yield ExitCode.DONE;
      }
      case FAILED -> {
        shell
            .err()
            .println(
                "millrace: run %d has failed%s: %s; look at it by `millrace jobs show %d`"
                    .formatted(id, took, RunText.error(run), id));
        yield ExitCode.FAILED;
      }
      case CANCELED -> {
        shell.err().println("millrace: run %d was canceled%s".formatted(id, took));
        yield ExitCode.FAILED;
      }
      case PENDING, RUNNING -> throw new IllegalStateException("run has not ended: " + run.state());
    };
  }

  private String goesOn() {
    return "millrace: run %d goes on; follow it by `millrace jobs logs -f %d`".formatted(id, id);
  }

  /** Runs when the process receives a termination signal. */
  private void leave() {
    interrupted.countDown();
    if (!cancelOnExit) {
      shell.err().println(goesOn());
    } else {
      try {
        boolean ended = client.cancel(id);
        shell
            .err()
            .println(
                "millrace: run %d %s"
                    .formatted(
                        id, ended ? "is canceled" : "was asked to stop; its worker ends it"));
      } catch (MillraceException late) {
        shell.err().println("millrace: run %d: %s".formatted(id, late.getMessage()));
      }
    }
    shell.err().flush();
  }
}
