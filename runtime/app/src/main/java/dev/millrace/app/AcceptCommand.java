package dev.millrace.app;

import dev.millrace.config.Config;
import dev.millrace.pipeline.Indexer;
import dev.millrace.postgres.PostgresStore;
import dev.millrace.runner.ConfiguredDatabase;
import dev.millrace.runner.ConfiguredIndexer;
import dev.millrace.runner.ExitCode;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Lets an indexer with a changed definition go on over its existing rows. */
@Command(
    name = "accept",
    mixinStandardHelpOptions = true,
    description = {
      "Lets an indexer whose definition has changed go on from where it is.",
      "What is indexed already stays as it is; the change is recorded and shown by 'status'."
    })
final class AcceptCommand implements Callable<Integer> {
  private final CliEnvironment shell;
  private final Map<String, Indexer> indexers;

  @Mixin private final CommonOptions options = new CommonOptions();

  @Parameters(
      index = "0",
      arity = "0..1",
      paramLabel = "INDEXER",
      description = "Its name. Default: the name in the config.")
  private @Nullable String name;

  @Option(
      names = "--from-here",
      required = true,
      description = "Says that rows from before the change may differ from those after it.")
  private boolean fromHere;

  AcceptCommand(CliEnvironment shell, Map<String, Indexer> indexers) {
    this.shell = shell;
    this.indexers = indexers;
  }

  @Override
  public Integer call() {
    Config config = options.require(shell);
    Indexer indexer = RunCommand.find(Optional.ofNullable(name).orElse(config.name()), indexers);
    List<String> changes = List.of();
    if (fromHere && ConfiguredDatabase.mayHoldRows(config)) {
      try (ConfiguredDatabase database = ConfiguredDatabase.open(config)) {
        changes = PostgresStore.accept(database.settings(), new ConfiguredIndexer(indexer, config));
      }
    }
    shell
        .out()
        .println(
            changes.isEmpty()
                ? config.name() + ": nothing has changed"
                : "%s: accepted from here%n  %s"
                    .formatted(config.name(), String.join("\n  ", changes)));
    return ExitCode.DONE;
  }
}
