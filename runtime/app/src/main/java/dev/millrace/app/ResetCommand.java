package dev.millrace.app;

import dev.millrace.clickhouse.ClickHouseMirror;
import dev.millrace.config.Config;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.postgres.PostgresStore;
import dev.millrace.runner.ConfiguredDatabase;
import dev.millrace.runner.ExitCode;
import dev.millrace.runner.MirrorDatabase;
import dev.millrace.runner.RuntimeWiring;
import dev.millrace.source.RpcChainProvider;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Deletes everything that an indexer has written. */
@Command(
    name = "reset",
    mixinStandardHelpOptions = true,
    description = "Deletes everything that an indexer has written, so that it begins anew.")
final class ResetCommand implements Callable<Integer> {
  private final CliEnvironment shell;

  @Mixin private final CommonOptions options = new CommonOptions();

  @Option(names = "--yes", description = "Do it: there is no way back.")
  private boolean yes;

  @Option(
      names = "--any-mirror",
      description = "Delete what is in ClickHouse even if it follows another PostgreSQL schema.")
  private boolean anyMirror;

  ResetCommand(CliEnvironment shell) {
    this.shell = shell;
  }

  @Override
  public Integer call() {
    Config config = options.require(shell);
    if (!yes) {
      throw new MillraceException(
          Remedy.FIX_SETUP,
          "reset deletes the whole schema, add --yes if that is meant: schema=%s postgres=%s%s"
              .formatted(
                  config.name(),
                  config.postgres(),
                  config
                      .clickhouse()
                      .map(mirror ->
                          " clickhouse=%s database=%s"
                              .formatted(mirror.engine(), mirror.database()))
                      .orElse("")));
    }
    Optional<String> followed = followedSchema(config);
    boolean existed = false;
    if (ConfiguredDatabase.mayHoldRows(config)) {
      try (ConfiguredDatabase database = ConfiguredDatabase.open(config)) {
        existed = PostgresStore.reset(database.settings(), config.name());
      }
    }
    // Second, because PostgreSQL refuses while a process holds a lane. If only the mirror is left,
    // a run refuses it.
    if (MirrorDatabase.mayHoldRows(config)) {
      try (MirrorDatabase mirror = MirrorDatabase.open(config)) {
        existed |= ClickHouseMirror.reset(mirror.settings(), followed);
      }
    }
    forgetLogs(config);
    shell.out().println(config.name() + (existed ? ": deleted" : ": there was nothing to delete"));
    return ExitCode.DONE;
  }

  /** Deletes the raw logs as well: wrong logs may be the reason for the reset. */
  private static void forgetLogs(Config config) {
    for (Config.Chain chain : config.chains()) {
      try {
        RpcChainProvider.forget(RuntimeWiring.directory(config, chain), chain.id());
      } catch (IOException refused) {
        throw new MillraceException(
            Remedy.FIX_SETUP,
            "raw logs of a chain cannot be deleted: chain=%d error=%s"
                .formatted(chain.id(), refused),
            refused);
      }
    }
  }

  /**
   * Returns the schema that the mirror follows. Runs before anything is deleted: afterwards the
   * owner of the mirror is unknown.
   */
  private Optional<String> followedSchema(Config config) {
    if (!MirrorDatabase.mayHoldRows(config)) {
      return Optional.empty();
    }
    Optional<String> schema = anyMirror ? Optional.empty() : schema(config);
    try (MirrorDatabase mirror = MirrorDatabase.open(config)) {
      if (!anyMirror) {
        ClickHouseMirror.checkFollows(mirror.settings(), schema);
      }
      return ClickHouseMirror.followed(mirror.settings());
    }
  }

  private static Optional<String> schema(Config config) {
    if (!ConfiguredDatabase.mayHoldRows(config)) {
      return Optional.empty();
    }
    try (ConfiguredDatabase database = ConfiguredDatabase.open(config)) {
      return PostgresStore.status(database.settings(), config.name())
          .map(status -> status.id().toString());
    }
  }
}
