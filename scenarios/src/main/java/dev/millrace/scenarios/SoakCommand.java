package dev.millrace.scenarios;

import dev.millrace.app.CommonOptions;
import dev.millrace.app.Database;
import dev.millrace.app.ExitCode;
import dev.millrace.app.Shell;
import dev.millrace.config.Config;
import dev.millrace.devchain.DevChain;
import dev.millrace.devchain.DevChainSettings;
import dev.millrace.pipeline.LaneSettings;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Proves by force that a kill cannot be seen in the tables. */
@Command(
    name = "soak",
    mixinStandardHelpOptions = true,
    description = {
      "Kills a running indexer at random moments and compares its tables.",
      "The ERC-20 scenario runs in processes that get SIGKILL, or SIGSTOP and a successor; the",
      "tables must equal those of an undisturbed run, else it ends with 1 and names the seed."
    })
final class SoakCommand implements Callable<Integer> {
  private final Shell shell;

  @Mixin private final CommonOptions options = new CommonOptions();

  @Option(
      names = "--kills",
      paramLabel = "N",
      defaultValue = "200",
      description = "Processes that die or are stopped. Default: ${DEFAULT-VALUE}.")
  private int kills;

  @Option(
      names = "--stops",
      paramLabel = "PERCENT",
      defaultValue = "10",
      description =
          "How many of a hundred are stopped and replaced instead. Default: ${DEFAULT-VALUE}.")
  private int stops;

  @Option(
      names = "--blocks",
      paramLabel = "N",
      defaultValue = "12000",
      description = "Length of the chain, with 25 events per block. Default: ${DEFAULT-VALUE}.")
  private long blocks;

  @Option(
      names = "--seed",
      paramLabel = "N",
      description = "Draws the moments, and the chain, as the soak with this seed did.")
  private @Nullable Long seed;

  SoakCommand(Shell shell) {
    this.shell = shell;
  }

  @Override
  public Integer call() throws IOException, SQLException, InterruptedException {
    long chosen = seed == null ? ThreadLocalRandom.current().nextInt(1_000_000) : seed;
    Config config = config();
    shell.err().printf("millrace: soak begins: seed=%d kills=%d%n", chosen, kills);
    try (Database database = Database.open(config)) {
      Path directory = config.dataDir().resolve("soak");
      Soak.Result result = soak(database, directory, chosen).run();
      shell
          .out()
          .printf(
              "soak: tables equal the undisturbed run every time: kills=%d takeovers=%d rounds=%d"
                  + " seed=%d%n",
              result.kills(), result.takeovers(), result.rounds(), chosen);
      return ExitCode.DONE;
    } catch (Soak.Failure failure) {
      shell.out().printf("soak: FAILED: seed=%d %s%n", chosen, failure.getMessage());
      return ExitCode.FAILED;
    }
  }

  private Soak soak(Database database, Path directory, long chosen) {
    return new Soak(
        "erc20",
        "Token",
        DevChain.TOKEN,
        DevChainSettings.USUAL.withSeed(chosen).withBlocks(blocks),
        database.settings(),
        directory,
        chosen,
        kills,
        stops,
        news -> shell.err().println("millrace: soak: " + news));
  }

  /** The database that a config names, else the embedded one; a soak brings its own chain. */
  private Config config() {
    if (options.hasConfig()) {
      return options.require(shell);
    }
    return new Config(
        "soak",
        new Config.Postgres.Embedded(),
        List.of(),
        LaneSettings.usual(),
        OptionalInt.empty(),
        options.dataDir(shell));
  }
}
