package dev.millrace.app;

import dev.millrace.config.Config;
import dev.millrace.pipeline.Indexer;
import java.util.Map;
import picocli.CommandLine.Command;

/** Runs one indexer until its chains end, a signal stops it, or it fails. */
@Command(
    name = "run",
    mixinStandardHelpOptions = true,
    description = {
      "Runs an indexer: from where it stopped, to the end that the config names.",
      "Ctrl-C or SIGTERM stops it; what has run by then still becomes durable."
    })
final class RunCommand extends IndexerCommand {
  RunCommand(CliEnvironment shell, Map<String, Indexer> indexers) {
    super(shell, indexers);
  }

  @Override
  int run(Indexer indexer, Config config) {
    return ForegroundRun.run(indexer, config, shell());
  }
}
