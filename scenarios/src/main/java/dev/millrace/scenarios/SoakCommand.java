package dev.millrace.scenarios;

import dev.millrace.app.CliEnvironment;
import dev.millrace.app.CommonOptions;
import dev.millrace.config.Config;
import dev.millrace.devchain.DevChain;
import dev.millrace.devchain.DevChainSettings;
import dev.millrace.lane.LaneSettings;
import dev.millrace.loaders.Storage;
import dev.millrace.runner.ConfiguredDatabase;
import dev.millrace.runner.ExitCode;
import dev.millrace.runner.MirrorDatabase;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Proves by force that neither a kill nor a reorg leaves a trace in the tables. */
@Command(
    name = "soak",
    mixinStandardHelpOptions = true,
    description = {
      "Kills an indexer at random moments while its chain forks, and compares its tables.",
      "An indexer of a factory, its pools, their vaults and the transfers of all other contracts",
      "follows a dev chain into PostgreSQL and ClickHouse, over two nodes, one of which lags, and",
      "which answer some requests wrongly or not at all, in processes that get SIGKILL, some after a",
      "SIGSTOP and a successor; both stores get SIGKILL too. After every death the stores must agree,",
      "and after every fifth reorg the tables of both must equal those that a loop over all blocks",
      "and logs of the chain computes, else it ends with 1 and names the seed. With --reorgs 0 the",
      "ERC-20 scenario indexes a chain that stands still into PostgreSQL alone, and the tables must",
      "equal those of an undisturbed run."
    })
final class SoakCommand implements Callable<Integer> {
  private static final Config.ClickHouse EMBEDDED =
      new Config.ClickHouse(new Config.ClickHouse.Embedded(), "soak", Storage.BOTH);

  private final CliEnvironment shell;

  @Mixin private final CommonOptions options = new CommonOptions();

  @Option(
      names = "--reorgs",
      paramLabel = "N",
      defaultValue = "300",
      description = "How often the chain forks, 1 to 40 blocks deep. Default: ${DEFAULT-VALUE}.")
  private int reorgs;

  @Option(
      names = "--kills",
      paramLabel = "N",
      defaultValue = "300",
      description = "Processes that get SIGKILL. Default: ${DEFAULT-VALUE}.")
  private int kills;

  @Option(
      names = "--stops",
      paramLabel = "PERCENT",
      defaultValue = "10",
      description =
          "Before how many of a hundred kills a process is stopped and replaced as well. Default:"
              + " ${DEFAULT-VALUE}.")
  private int stops;

  @Option(
      names = "--store-kills",
      paramLabel = "N",
      defaultValue = "50",
      description =
          "How often ClickHouse is killed, and how often PostgreSQL. Default: ${DEFAULT-VALUE}.")
  private int storeKills;

  @Option(
      names = "--clickhouse",
      negatable = true,
      defaultValue = "true",
      fallbackValue = "true",
      description = "Copies into an embedded ClickHouse as well. Default: ${DEFAULT-VALUE}.")
  private boolean clickhouse;

  @Option(
      names = "--blocks",
      paramLabel = "N",
      description =
          "Length of the chain, with some 25 events per block. Default: 400 to begin with, or 12000 where"
              + " it stands still.")
  private @Nullable Long blocks;

  @Option(
      names = "--seed",
      paramLabel = "N",
      description = "Draws the moments, and the chain, as the soak with this seed did.")
  private @Nullable Long seed;

  SoakCommand(CliEnvironment shell) {
    this.shell = shell;
  }

  @Override
  public Integer call() throws IOException, SQLException, InterruptedException {
    check();
    long chosen = seed == null ? ThreadLocalRandom.current().nextInt(1_000_000) : seed;
    Config config = config();
    shell
        .err()
        .printf(
            "millrace: soak begins: seed=%d reorgs=%d kills=%d storeKills=%d%n",
            chosen, reorgs, kills, storeKills);
    try (ConfiguredDatabase database = ConfiguredDatabase.open(config)) {
      Path directory = config.dataDir().resolve("soak");
      shell
          .out()
          .println(
              reorgs > 0
                  ? forking(config, database, directory, chosen)
                  : unforked(database, directory, chosen));
      return ExitCode.DONE;
    } catch (CrashRestartSoak.Failure failure) {
      shell.out().printf("soak: FAILED: seed=%d %s%n", chosen, failure.getMessage());
      return ExitCode.FAILED;
    }
  }

  private void check() {
    CommandOptionBounds.count("--reorgs", 0, reorgs);
    CommandOptionBounds.count("--kills", 0, kills);
    CommandOptionBounds.within("--stops", 0, 100, stops);
    CommandOptionBounds.count("--store-kills", 0, storeKills);
    if (blocks != null) {
      CommandOptionBounds.within("--blocks", 1, CommandOptionBounds.MAX_BLOCKS, blocks);
    }
  }

  private String forking(Config config, ConfiguredDatabase database, Path directory, long chosen)
      throws IOException, SQLException, InterruptedException, CrashRestartSoak.Failure {
    if (!clickhouse) {
      return forking(
          new ReorgSoak.SoakStores(database.settings(), Optional.empty(), directory), chosen);
    }
    try (MirrorDatabase mirror = MirrorDatabase.open(config)) {
      List<KillableStore> victims = new ArrayList<>();
      mirror.embedded().map(KillableStore::of).ifPresent(victims::add);
      database.embedded().map(KillableStore::of).ifPresent(victims::add);
      ReorgSoak.MirrorSoak twin =
          new ReorgSoak.MirrorSoak(IndexerChildConfig.Mirror.of(mirror.settings()), victims);
      return forking(
          new ReorgSoak.SoakStores(database.settings(), Optional.of(twin), directory), chosen);
    }
  }

  private String forking(ReorgSoak.SoakStores place, long chosen)
      throws IOException, SQLException, InterruptedException, CrashRestartSoak.Failure {
    DevChain chain = new DevChain(ReorgSoak.settings(chosen, blocks == null ? 400 : blocks));
    ReorgSoak.Result result =
        new ReorgSoak(
                chain,
                place,
                chosen,
                new ReorgSoak.SoakTargets(reorgs, kills, stops, storeKills),
                this::printProgress)
            .run();
    return "soak: tables equal the chain every time: seed=%d blocks=%d %s"
        .formatted(chosen, chain.head() + 1, result);
  }

  private String unforked(ConfiguredDatabase database, Path directory, long chosen)
      throws IOException, SQLException, InterruptedException, CrashRestartSoak.Failure {
    CrashRestartSoak.Result result =
        new CrashRestartSoak(
                "erc20",
                "Token",
                DevChain.TOKEN,
                DevChainSettings.DEFAULTS
                    .withSeed(chosen)
                    .withBlocks(blocks == null ? 12_000 : blocks),
                database.settings(),
                directory,
                chosen,
                kills,
                stops,
                this::printProgress)
            .run();
    return "soak: tables equal the undisturbed run every time: seed=%d %s"
        .formatted(chosen, result);
  }

  private void printProgress(String news) {
    shell.err().println("millrace: soak: " + news);
  }

  /**
   * Returns the config with its database, or else the embedded one; a soak brings its own chain.
   */
  private Config config() {
    Config config =
        options.hasConfig()
            ? options.require(shell)
            : new Config(
                "soak",
                new Config.Postgres.Embedded(),
                List.of(),
                LaneSettings.defaults(),
                OptionalInt.empty(),
                options.dataDir(shell));
    return config.clickhouse().isPresent() ? config : config.withClickHouse(Optional.of(EMBEDDED));
  }
}
