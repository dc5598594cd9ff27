package dev.millrace.app;

import dev.millrace.config.Config;
import dev.millrace.pipeline.EpochHistory;
import dev.millrace.pipeline.Indexer;
import dev.millrace.runner.ExitCode;
import dev.millrace.verify.MirrorRebuild;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Rebuilds the mirror. */
@Command(
    name = "rebuild",
    mixinStandardHelpOptions = true,
    description = {
      "Empties ClickHouse and fills it anew from PostgreSQL; the indexer must not be running.",
      "The history of rows begins at the last final block then."
    })
final class RebuildCommand implements Callable<Integer> {
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
      names = "--any-mirror",
      description = "Replace what is there even if it follows another PostgreSQL schema.")
  private boolean anyMirror;

  RebuildCommand(CliEnvironment shell, Map<String, Indexer> indexers) {
    this.shell = shell;
    this.indexers = indexers;
  }

  @Override
  public Integer call() {
    Config config = options.require(shell);
    Indexer indexer = RunCommand.find(Optional.ofNullable(name).orElse(config.name()), indexers);
    TerminalLiveLine live = new TerminalLiveLine(shell.err());
    SortedMap<String, EpochHistory> whole;
    try {
      whole =
          MirrorRebuild.of(config, indexer)
              .ofAnyMirror(anyMirror)
              .onProgress(what -> {
                if (shell.isLive()) {
                  live.show("rebuild  " + what);
                }
              })
              .run();
    } finally {
      live.clear();
    }
    whole.forEach((chain, ledger) ->
        shell
            .out()
            .printf(
                "%s: ClickHouse is filled: chain %s up to checkpoint %s, with every version since %s%n",
                config.name(),
                chain,
                ProgressLine.count(ledger.checkpoint()),
                ProgressLine.count(ledger.finalizedCheckpoint())));
    return ExitCode.DONE;
  }
}
