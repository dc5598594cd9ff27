package dev.millrace.app;

import dev.millrace.config.Config;
import dev.millrace.config.SpellingSuggestion;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.Indexer;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Runs one indexer until its chains end, a signal stops it, or it fails. */
@Command(
    name = "run",
    mixinStandardHelpOptions = true,
    description = {
      "Runs an indexer: from where it stopped, to the end that the config names.",
      "Ctrl-C or SIGTERM stops it; what has run by then still becomes durable."
    })
final class RunCommand implements Callable<Integer> {
  private final CliEnvironment shell;
  private final Map<String, Indexer> indexers;

  @Mixin private final CommonOptions options = new CommonOptions();

  @Parameters(
      index = "0",
      arity = "0..1",
      paramLabel = "INDEXER",
      description = "Its name. Default: the name in the config.")
  private @Nullable String name;

  RunCommand(CliEnvironment shell, Map<String, Indexer> indexers) {
    this.shell = shell;
    this.indexers = indexers;
  }

  @Override
  public Integer call() {
    Optional.ofNullable(name).ifPresent(given -> find(given, indexers));
    Config config = options.require(shell);
    Indexer indexer = find(Optional.ofNullable(name).orElse(config.name()), indexers);
    return ForegroundRun.run(indexer, config, shell);
  }

  static Indexer find(String name, Map<String, Indexer> indexers) {
    Indexer found = indexers.get(name);
    if (found == null) {
      throw new MillraceException(
          Remedy.FIX_SETUP,
          "no such indexer: name=%s known=%s%s"
              .formatted(
                  name,
                  String.join(",", indexers.keySet()),
                  SpellingSuggestion.nearest(name, indexers.keySet())
                      .map(near -> " (did you mean " + near + "?)")
                      .orElse("")));
    }
    return found;
  }
}
