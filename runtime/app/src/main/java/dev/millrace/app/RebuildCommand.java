package dev.millrace.app;

import dev.millrace.config.Config;
import dev.millrace.pipeline.EpochHistory;
import dev.millrace.pipeline.Indexer;
import dev.millrace.runner.ExitCode;
import dev.millrace.verify.MirrorRebuild;
import java.util.Map;
import java.util.SortedMap;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Rebuilds the mirror. */
@Command(
    name = "rebuild",
    mixinStandardHelpOptions = true,
    description = {
      "Empties ClickHouse and fills it anew from PostgreSQL; the indexer must not be running.",
      "The history of rows begins at the last final block then."
    })
final class RebuildCommand extends IndexerCommand {
  @Option(
      names = "--any-mirror",
      description = "Replace what is there even if it follows another PostgreSQL schema.")
  private boolean anyMirror;

  RebuildCommand(CliEnvironment shell, Map<String, Indexer> indexers) {
    super(shell, indexers);
  }

  @Override
  int run(Indexer indexer, Config config) {
    TerminalLiveLine live = new TerminalLiveLine(shell().err());
    SortedMap<String, EpochHistory> whole;
    try {
      whole =
          MirrorRebuild.of(config, indexer)
              .ofAnyMirror(anyMirror)
              .onProgress(what -> {
                if (shell().isLive()) {
                  live.show("rebuild  " + what);
                }
              })
              .run();
    } finally {
      live.clear();
    }
    whole.forEach((chain, epochHistory) ->
        shell()
            .out()
            .printf(
                "%s: ClickHouse is filled: chain %s up to checkpoint %s, with every version since %s%n",
                config.name(),
                chain,
                ProgressLine.count(epochHistory.checkpoint()),
                ProgressLine.count(epochHistory.finalizedCheckpoint())));
    return ExitCode.DONE;
  }
}
