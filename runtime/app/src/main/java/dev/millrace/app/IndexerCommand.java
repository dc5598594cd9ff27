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
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/**
 * A command over one indexer of the program: the one named on the command line or in the config.
 */
abstract class IndexerCommand implements Callable<Integer> {
  private final CliEnvironment shell;
  private final Map<String, Indexer> indexers;

  @Mixin private final CommonOptions options = new CommonOptions();

  @Parameters(
      index = "0",
      arity = "0..1",
      paramLabel = "INDEXER",
      description = "Its name. Default: the name in the config.")
  private @Nullable String name;

  IndexerCommand(CliEnvironment shell, Map<String, Indexer> indexers) {
    this.shell = shell;
    this.indexers = indexers;
  }

  /** Runs the command and returns the exit code. */
  abstract int run(Indexer indexer, Config config) throws InterruptedException;

  @Override
  public final Integer call() throws InterruptedException {
    Optional<String> given = Optional.ofNullable(name);
    given.ifPresent(this::require); // a wrong name is reported even if there is no config
    Config config = options.require(shell);
    return run(require(given.orElse(config.name())), config);
  }

  final CliEnvironment shell() {
    return shell;
  }

  private Indexer require(String wanted) {
    Indexer found = indexers.get(wanted);
    if (found == null) {
      throw new MillraceException(
          Remedy.FIX_SETUP,
          "no such indexer: name=%s known=%s%s"
              .formatted(
                  wanted,
                  String.join(",", indexers.keySet()),
                  SpellingSuggestion.nearest(wanted, indexers.keySet())
                      .map(near -> " (did you mean " + near + "?)")
                      .orElse("")));
    }
    return found;
  }
}
