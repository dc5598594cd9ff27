package dev.millrace.app;

import dev.millrace.config.Config;
import dev.millrace.jobs.JobRegistry;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.runner.ProcessRuntime;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Runs workers of jobs until a signal stops them, or until they cannot go on. */
@Command(
    name = "work",
    mixinStandardHelpOptions = true,
    description = {
      "Runs workers that claim runs of the program's jobs, without an indexer.",
      "Ctrl-C or SIGTERM stops them: they claim no more runs, and runs that do not end within the",
      "drain are handed back to other workers."
    })
final class WorkCommand implements Callable<Integer> {
  private final CliEnvironment shell;
  private final JobRegistry jobs;

  @Mixin private final CommonOptions options = new CommonOptions();

  WorkCommand(CliEnvironment shell, JobRegistry jobs) {
    this.shell = shell;
    this.jobs = jobs;
  }

  @Override
  public Integer call() {
    Config config = options.require(shell);
    if (jobs.isEmpty()) {
      throw new MillraceException(
          Remedy.FIX_SETUP,
          "program has no jobs, give them to Millrace.work or Millrace.run in its main: name="
              + config.name());
    }
    if (config.jobs().workers() == 0) {
      throw new MillraceException(
          Remedy.FIX_SETUP,
          "config asks for no workers, set jobs.workers to 1 or more: name=" + config.name());
    }
    return ForegroundRun.run(ProcessRuntime.of(config, jobs), shell);
  }
}
