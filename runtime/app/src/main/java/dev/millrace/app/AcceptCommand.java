package dev.millrace.app;

import dev.millrace.config.Config;
import dev.millrace.pipeline.Indexer;
import dev.millrace.postgres.PostgresStore;
import dev.millrace.runner.ConfiguredDatabase;
import dev.millrace.runner.ConfiguredIndexer;
import dev.millrace.runner.ExitCode;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Lets an indexer with a changed definition go on over its existing rows. */
@Command(
    name = "accept",
    mixinStandardHelpOptions = true,
    description = {
      "Lets an indexer whose definition has changed go on from where it is.",
      "What is indexed already stays as it is; the change is recorded and shown by 'status'."
    })
final class AcceptCommand extends IndexerCommand {
  @Option(
      names = "--from-here",
      required = true,
      description = "Says that rows from before the change may differ from those after it.")
  private boolean fromHere;

  AcceptCommand(CliEnvironment shell, Map<String, Indexer> indexers) {
    super(shell, indexers);
  }

  @Override
  int run(Indexer indexer, Config config) {
    List<String> changes = List.of();
    if (fromHere && ConfiguredDatabase.mayHoldRows(config)) {
      try (ConfiguredDatabase database = ConfiguredDatabase.open(config)) {
        changes = PostgresStore.accept(database.settings(), new ConfiguredIndexer(indexer, config));
      }
    }
    shell()
        .out()
        .println(
            changes.isEmpty()
                ? config.name() + ": nothing has changed"
                : "%s: accepted from here%n  %s"
                    .formatted(config.name(), String.join("\n  ", changes)));
    return ExitCode.DONE;
  }
}
