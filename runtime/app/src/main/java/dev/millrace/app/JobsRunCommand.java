package dev.millrace.app;

import dev.millrace.config.Config;
import dev.millrace.jobs.Job;
import dev.millrace.jobs.JobClient;
import dev.millrace.jobs.JobInput;
import dev.millrace.jobs.JobRegistry;
import dev.millrace.jobs.TriggerOptions;
import dev.millrace.jobs.TriggeredRun;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.runner.ExitCode;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Triggers a run, and waits for it if that is asked for. */
@Command(
    name = "run",
    mixinStandardHelpOptions = true,
    description = {
      "Triggers a run of a job and prints its number. A worker does the work: see `millrace work`.",
      "With --wait it follows the run to its end and prints its output. Ctrl-C ends the wait, and the",
      "run goes on."
    },
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:triggered; with --wait: the run has succeeded",
      "1:with --wait: the run has failed, or was canceled",
      "2:no such job, or an input that does not fit it",
      "130:Ctrl-C has ended the wait"
    })
final class JobsRunCommand extends JobsSubcommand {
  private final JobRegistry jobs;

  @Parameters(paramLabel = "JOB", description = "The name of the job.")
  private String name = "";

  @Option(
      names = {"-i", "--input"},
      paramLabel = "JSON",
      description = "The input. Needed unless the job takes none.")
  private @Nullable String input;

  @Option(
      names = "--delay",
      paramLabel = "TIME",
      converter = TimeOption.class,
      description = "Starts not before this time has passed, such as 90s or 2h.")
  private @Nullable Duration delay;

  @Option(
      names = "--deadline",
      paramLabel = "TIME",
      converter = TimeOption.class,
      description = "Fails the run unless it has ended by then.")
  private @Nullable Duration deadline;

  @Option(names = "--priority", paramLabel = "N", description = "Higher ones start first.")
  private @Nullable Integer priority;

  @Option(
      names = "--key",
      paramLabel = "KEY",
      description = "The idempotency key: a second trigger with it gets the first run.")
  private @Nullable String key;

  @Option(names = "--wait", description = "Follows the run until it has ended.")
  private boolean waits;

  @Option(
      names = "--cancel-on-exit",
      description = "Cancels the run if the wait is interrupted. Implies --wait.")
  private boolean cancelOnExit;

  JobsRunCommand(CliEnvironment shell, JobRegistry jobs) {
    super(shell);
    this.jobs = jobs;
  }

  @Override
  boolean createsTables() {
    return true;
  }

  @Override
  List<String> secrets() {
    return jobs.secrets();
  }

  @Override
  void check() {
    Job<?, ?> job = RunLookup.require(jobs, name);
    JobInput.parse(job, input(job));
  }

  private String input(Job<?, ?> job) {
    if (input != null) {
      return input;
    }
    String shape = JobInput.shape(job);
    if (!shape.equals("null") && !shape.equals("{}")) {
      throw new MillraceException(
          Remedy.FIX_SETUP,
          "job takes an input, add --input '%s': job=%s".formatted(shape, job.name()));
    }
    return shape;
  }

  @Override
  int run(JobClient client, Config config) throws InterruptedException {
    Job<?, ?> job = RunLookup.require(jobs, name);
    TriggeredRun run = client.triggerJson(job, input(job), options());
    boolean follows = waits || cancelOnExit;
    if (run.disposition() != TriggeredRun.Disposition.CREATED) {
      shell()
          .err()
          .println(
              "millrace: "
                  + (run.disposition() == TriggeredRun.Disposition.MERGED
                      ? "input was merged into a run that has not started: run="
                      : "there is a run of this key: run=")
                  + run.id());
    }
    if (follows) {
      return new RunFollower(client, shell(), run.id(), cancelOnExit).follow();
    }
    shell().out().println(run.id());
    if (RunLookup.isUnserved(client, RunLookup.require(client, run.id()))) {
      shell().err().println(RunFollower.UNSERVED);
    }
    return ExitCode.DONE;
  }

  private TriggerOptions options() {
    TriggerOptions options = TriggerOptions.none();
    options = delay == null ? options : options.delay(delay);
    options = deadline == null ? options : options.deadline(deadline);
    options = priority == null ? options : options.priority(priority);
    return key == null ? options : options.idempotencyKey(key);
  }
}
