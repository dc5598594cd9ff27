package dev.millrace.app;

import dev.millrace.config.Config;
import dev.millrace.jobs.JobClient;
import dev.millrace.runner.ExitCode;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Cancels a run. */
@Command(
    name = "cancel",
    mixinStandardHelpOptions = true,
    description = {
      "Cancels a run. One that has not started ends at once; the worker of another stops it, and",
      "no later step of it is stored."
    })
final class JobsCancelCommand extends JobsSubcommand {
  @Parameters(paramLabel = "RUN", description = "The number of the run.")
  private long id;

  JobsCancelCommand(CliEnvironment shell) {
    super(shell);
  }

  @Override
  int run(JobClient client, Config config) {
    RunLookup.require(client, id);
    shell()
        .out()
        .println(
            client.cancel(id)
                ? "run %d is canceled".formatted(id)
                : "run %d was asked to stop; its worker ends it".formatted(id));
    return ExitCode.DONE;
  }
}
