package dev.millrace.app;

import dev.millrace.config.Config;
import dev.millrace.jobs.JobClient;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.runner.ExitCode;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Deletes old runs. */
@Command(
    name = "purge",
    mixinStandardHelpOptions = true,
    description = {
      "Deletes runs that ended long ago, with their steps and events, and the idempotency keys that",
      "they hold. Items go after their run."
    })
final class JobsPurgeCommand extends JobsSubcommand {
  @Option(
      names = "--older-than",
      paramLabel = "TIME",
      converter = TimeOption.class,
      description = "Such as 12h or 7d. Default: jobs.retention of the config.")
  private @Nullable Duration age;

  JobsPurgeCommand(CliEnvironment shell) {
    super(shell);
  }

  @Override
  int run(JobClient client, Config config) {
    Duration limit = age == null ? config.jobs().retention().orElse(null) : age;
    if (limit == null) {
      throw new MillraceException(
          Remedy.FIX_SETUP,
          "config keeps runs forever, name an age by --older-than: name=" + config.name());
    }
    shell().out().println("runs deleted: " + client.purge(limit));
    return ExitCode.DONE;
  }
}
