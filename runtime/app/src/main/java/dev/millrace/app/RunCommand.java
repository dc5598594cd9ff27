package dev.millrace.app;

import dev.millrace.config.Config;
import dev.millrace.jobs.JobRegistry;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.Indexer;
import dev.millrace.runner.ProcessRuntime;
import java.util.Map;
import picocli.CommandLine.Command;

/** Runs one indexer until its chains end, a signal stops it, or it fails. */
@Command(
    name = "run",
    mixinStandardHelpOptions = true,
    description = {
      "Runs an indexer: from where it stopped, to the end that the config names.",
      "Where the program has jobs, or the indexer triggers some, workers run beside it and end with it.",
      "Ctrl-C or SIGTERM stops it; what has run by then still becomes durable."
    })
final class RunCommand extends IndexerCommand {
  private final JobRegistry jobs;

  RunCommand(CliEnvironment shell, Map<String, Indexer> indexers, JobRegistry jobs) {
    super(shell, indexers);
    this.jobs = jobs;
  }

  @Override
  int run(Indexer indexer, Config config) {
    if (config.chains().isEmpty()) {
      throw new MillraceException(
          Remedy.FIX_SETUP,
          "config names no chain to index, add chains or run workers alone by `millrace work`: name="
              + config.name());
    }
    JobRegistry all = jobs.withTriggered(indexer.jobs());
    return all.isEmpty() || config.jobs().workers() == 0
        ? ForegroundRun.run(indexer, config, shell())
        : ForegroundRun.run(ProcessRuntime.of(indexer, config, all), shell());
  }
}
