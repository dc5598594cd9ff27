package dev.millrace.app;

import dev.millrace.config.Config;
import dev.millrace.jobs.JobClient;
import dev.millrace.jobs.Run;
import dev.millrace.jobs.RunStep;
import dev.millrace.runner.ExitCode;
import java.io.PrintStream;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Prints one run with its steps. */
@Command(
    name = "show",
    mixinStandardHelpOptions = true,
    description = "Shows one run: its state, its input and output, its steps.")
final class JobsShowCommand extends JobsSubcommand {
  /** Failed items to show: the list of runs has all. */
  private static final int MAX_FAILED = 20;

  @Parameters(paramLabel = "RUN", description = "The number of the run.")
  private long id;

  JobsShowCommand(CliEnvironment shell) {
    super(shell);
  }

  @Override
  int run(JobClient client, Config config) {
    Run run = RunLookup.require(client, id);
    PrintStream out = shell().out();
    out.printf("run %d of job %s: %s%n", run.id(), run.job(), run.state());
    print("queue", Optional.of(run.queue()));
    print("created", Optional.of(run.createdAt().truncatedTo(ChronoUnit.SECONDS)));
    if (run.dueAt().isAfter(run.createdAt())) {
      print("due", Optional.of(run.dueAt().truncatedTo(ChronoUnit.SECONDS)));
    }
    print("started", run.startedAt().map(time -> time.truncatedTo(ChronoUnit.SECONDS)));
    print(
        "ended",
        run.finishedAt()
            .map(time ->
                "%s after %s".formatted(time.truncatedTo(ChronoUnit.SECONDS), RunText.took(run))));
    print("failed", Optional.of(run.failures()).filter(times -> times > 0).map(n -> n + " times"));
    print("lost", Optional.of(run.lostClaims()).filter(n -> n > 0).map(n -> n + " workers"));
    print("retry of", run.retryOf());
    print("item of", run.parent());
    print("waits for", run.waitsFor().filter(_ -> !run.state().isFinal()));
    print("cancel", Optional.of("asked").filter(_ -> run.cancelAsked() && !run.state().isFinal()));
    print("progress", run.progress().map(RunText::progress));
    print("error", Optional.of(RunText.error(run)).filter(error -> !error.isEmpty()));
    print("contention", run.contention());
    print("input", Optional.of(run.input()));
    print("output", run.output());
    List<RunStep> steps = client.steps(id);
    if (!steps.isEmpty()) {
      out.println("steps");
      steps.forEach(step -> out.println("  " + RunText.step(step)));
    }
    List<Run> failed = client.failedItems(id, MAX_FAILED);
    if (!failed.isEmpty()) {
      out.println("failed items");
      failed.forEach(item ->
          out.printf("  run %d  input %s  %s%n", item.id(), item.input(), RunText.error(item)));
    }
    return ExitCode.DONE;
  }

  private void print(String name, Optional<?> value) {
    value.ifPresent(known -> shell().out().printf("  %-10s %s%n", name, known));
  }
}
