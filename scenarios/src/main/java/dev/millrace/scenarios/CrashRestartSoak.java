package dev.millrace.scenarios;

import dev.millrace.devchain.DevChainSettings;
import dev.millrace.loaders.Address;
import dev.millrace.postgres.PostgresStore;
import dev.millrace.postgres.client.DatabaseSettings;
import dev.millrace.runner.ExitCode;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * Runs a scenario in processes that are killed at random moments, some of them after they have
 * taken the lane of a stopped one, until enough have died; compares the resulting tables with those
 * of an undisturbed run. Each time a chain is done its tables are compared and it begins anew.
 *
 * @param kills the number of processes that get SIGKILL
 * @param stops the number of kills in a hundred before which a process gets SIGSTOP and a successor
 *     as well
 */
record CrashRestartSoak(
    String indexer,
    String contract,
    Address address,
    DevChainSettings chain,
    DatabaseSettings database,
    Path directory,
    long seed,
    int kills,
    int stops,
    Consumer<String> progress) {
  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final Duration WHOLE_RUN = Duration.ofMinutes(15);

  /** The percentage of kills before the lane is taken; the others fall while the process works. */
  private static final int EARLY = 15;

  private static final int STARTING_MILLIS = 1_500;
  private static final int WORKING_MILLIS = 1_500;

  /** The counts of a finished soak. */
  record Result(int kills, int takeovers, int rounds) {}

  /** The reason why a soak failed: the tables, or a process that did not end as it had to. */
  static final class Failure extends Exception {
    private static final long serialVersionUID = 1L;

    Failure(String message) {
      super(message);
    }
  }

  Result run() throws IOException, SQLException, InterruptedException, Failure {
    return new Course().run();
  }

  private IndexerChildConfig config(String schema) {
    return new IndexerChildConfig(
        schema,
        IndexerChildConfig.Stores.of(database),
        contract,
        address,
        IndexerChildConfig.IndexedRange.of(chain));
  }

  private SortedMap<String, TableDigests.Content> contents(String schema) throws SQLException {
    try (Connection connection = TableDigests.connect(database)) {
      return TableDigests.contents(connection, schema);
    }
  }

  /** The state of a soak while it runs. */
  private final class Course {
    private final String expectedSchema = indexer + "_undisturbed";
    private final String soakedSchema = indexer + "_soaked";
    private final Random random = new Random(seed);
    private SortedMap<String, TableDigests.Content> expected = new TreeMap<>();
    private int killed;
    private int takenOver;
    private int rounds;

    Result run() throws IOException, SQLException, InterruptedException, Failure {
      Path soaked = config(soakedSchema).write(directory);
      PostgresStore.reset(database, expectedSchema);
      try (IndexerChildProcess undisturbed = start(config(expectedSchema).write(directory))) {
        awaitDone(undisturbed);
      }
      expected = contents(expectedSchema);
      progress.accept("undisturbed run is done: tables=" + expected);
      do {
        PostgresStore.reset(database, soakedSchema);
        round(soaked);
        rounds++;
        compare();
      } while (killed < kills);
      return new Result(killed, takenOver, rounds);
    }

    private IndexerChildProcess start(Path config) {
      return IndexerChildProcess.run(
          indexer, config, IndexerChildConfig.Stores.of(database).passwords());
    }

    /** Runs from an empty schema to the end of the chain, by as many processes as it takes. */
    private void round(Path config) throws InterruptedException, SQLException, Failure {
      IndexerChildProcess child = start(config);
      try {
        while (killed < kills && !endsBeforeItsTime(child)) {
          if (random.nextInt(100) < stops) {
            child = replace(child, config);
          }
          if (!child.isAlive()) {
            break; // the successor is done: the round is over
          }
          child.kill();
          child = start(config);
          killed++;
          if (killed % 10 == 0 || killed == kills) {
            progress.accept("kills=%d takeovers=%d rounds=%d".formatted(killed, takenOver, rounds));
          }
        }
        awaitDone(child);
      } finally {
        child.close();
      }
    }

    /** True if the process has ended by itself when the moment to kill it comes. */
    private boolean endsBeforeItsTime(IndexerChildProcess child) throws InterruptedException {
      int moment;
      if (random.nextInt(100) < EARLY) {
        moment = random.nextInt(STARTING_MILLIS);
      } else {
        moment = random.nextInt(WORKING_MILLIS);
        child.awaitWork(PATIENCE);
      }
      return child.hasEndedAfter(Duration.ofMillis(moment));
    }

    /** Lets a successor take the lane; if the process was done before that, so were the tables. */
    private IndexerChildProcess replace(IndexerChildProcess stopped, Path config)
        throws InterruptedException, SQLException, Failure {
      TakeoverScenario.Outcome outcome =
          new TakeoverScenario(
                  stopped, () -> start(config), random.nextInt(WORKING_MILLIS), () -> {})
              .run();
      takenOver += outcome.gaveWay() ? 1 : 0;
      if (!outcome.gaveWay()) {
        compare(); // it had reached the end before it was stopped, or after its successor was done
      }
      return outcome.successor();
    }

    private void awaitDone(IndexerChildProcess child) throws InterruptedException, Failure {
      if (!child.hasEndedAfter(WHOLE_RUN) || child.exitCode() != ExitCode.DONE) {
        throw new Failure(
            "a process did not come to the end of its chain: exit=%s output=%n%s"
                .formatted(child.isAlive() ? "none" : child.exitCode(), child.output()));
      }
    }

    private void compare() throws SQLException, Failure {
      SortedMap<String, TableDigests.Content> found = contents(soakedSchema);
      if (!found.equals(expected)) {
        throw new Failure(
            "tables differ after %d kills: schemas=%s, %s%n  undisturbed %s%n  soaked      %s"
                .formatted(killed, expectedSchema, soakedSchema, expected, found));
      }
    }
  }
}
