package dev.millrace.app;

import dev.millrace.config.Config;
import dev.millrace.jobs.JobClient;
import dev.millrace.runner.ExitCode;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Makes a new run of an ended one. */
@Command(
    name = "retry",
    mixinStandardHelpOptions = true,
    description = {
      "Makes a new run that does the work of an ended one again, and prints its number. The ended",
      "run stays as it is."
    })
final class JobsRetryCommand extends JobsSubcommand {
  @Parameters(paramLabel = "RUN", description = "The number of the ended run.")
  private long id;

  @ArgGroup private @Nullable Kept kept;

  /** The part of the ended run that the new one keeps; without, it begins anew. */
  static final class Kept {
    @Option(
        names = "--failed-only",
        description = {
          "Keeps the items that have succeeded and the steps before them.",
          "Runs again the others, and the steps after them."
        })
    private boolean failedOnly;

    @Option(names = "--from", paramLabel = "STEP", description = "Keeps the steps before this one.")
    private @Nullable String from;
  }

  JobsRetryCommand(CliEnvironment shell) {
    super(shell);
  }

  @Override
  int run(JobClient client, Config config) {
    RunLookup.require(client, id);
    Kept keeps = kept;
    String from = keeps == null ? null : keeps.from;
    long made =
        from != null
            ? client.retryFrom(id, from)
            : keeps != null && keeps.failedOnly ? client.retryFailed(id) : client.retry(id);
    shell().out().println(made);
    shell().err().println("millrace: run %d retries run %d".formatted(made, id));
    return ExitCode.DONE;
  }
}
