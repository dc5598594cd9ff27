package dev.millrace.scenarios;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.devchain.DevChain;
import dev.millrace.devchain.DevChainSettings;
import dev.millrace.devnode.DevNode;
import dev.millrace.evm.Log;
import dev.millrace.loaders.Address;
import dev.millrace.postgres.PostgresStore;
import dev.millrace.postgres.client.DatabaseSettings;
import dev.millrace.runner.ExitCode;
import dev.millrace.servers.EmbeddedPostgres;
import java.math.BigInteger;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Large transfers of a chain that forks, indexed and worked on by processes that are killed. */
@Timeout(900)
final class LargeTransfersIT {
  private static final long SEED = 17;
  private static final int KILLS = 12;
  private static final int WINDOW = 16;
  private static final String SCHEMA = "large_transfers_soaked";
  private static final Duration PATIENCE = Duration.ofMinutes(5);

  @TempDir private Path directory;

  @Test
  @Tag("J28")
  @DisplayName("J28 reorgs and SIGKILLs leave one line for each large transfer that is final")
  void lines_areThoseOfFinalTransfers() throws Exception {
    DevChain chain =
        new DevChain(DevChainSettings.DEFAULTS.withSeed(SEED).withBlocks(120).withLogs(12))
            .finality(WINDOW);
    Random random = new Random(SEED);
    ForkingChain forks = new ForkingChain(chain, random);
    EmbeddedPostgres server = EmbeddedPostgres.start(directory.resolve("postgres"));
    try (DevNode node = DevNode.open(chain)) {
      Processes processes = new Processes(database(server), node);
      try {
        for (int kill = 0; kill < KILLS; kill++) {
          processes.awaitTip(chain); // so that forks replace blocks that are in the store
          for (int i = 0; i < 3; i++) {
            forks.move(Integer.MAX_VALUE);
            LockSupport.parkNanos(random.nextInt(300) * 1_000_000L);
          }
          processes.replace(random);
        }
        processes.awaitTip(chain);
        // No block is replaced any more: everything but the window becomes final.
        chain.advance(5);
        processes.awaitTip(chain);
        List<String> expected = expected(chain, processes.finalBlock());
        processes.awaitLines(expected.size());

        assertThat(processes.file().lines()).containsExactlyInAnyOrderElementsOf(expected);
        assertThat(expected).hasSizeGreaterThan(20);
        assertThat(processes.lane.rewinds()).isPositive();
      } finally {
        processes.close();
      }
    } finally {
      server.stop();
    }
  }

  @Test
  @Tag("J28")
  @DisplayName("J28 a run to the end relays what is final, and after a reset nothing is doubled")
  void runToTheEnd_relaysWhatIsFinal() throws Exception {
    DevChainSettings settings = DevChainSettings.DEFAULTS.withSeed(SEED).withBlocks(400);
    EmbeddedPostgres server = EmbeddedPostgres.start(directory.resolve("postgres"));
    try {
      IndexerChildConfig.Stores stores = IndexerChildConfig.Stores.of(database(server));
      Path config =
          new IndexerChildConfig(
                  SCHEMA,
                  stores,
                  "Token",
                  DevChain.TOKEN,
                  IndexerChildConfig.IndexedRange.of(settings))
              .write(directory);
      Map<String, String> environment = new HashMap<>(stores.passwords());
      Path file = directory.resolve("lines.txt");
      environment.put(LargeTransfers.FILE, file.toString());
      List<String> expected = expected(new DevChain(settings), 299);
      for (int round = 0; round < 2; round++) {
        PostgresStore.reset(database(server), SCHEMA);
        try (IndexerChildProcess child =
            IndexerChildProcess.run("large_transfers", config, environment)) {
          assertThat(child.hasEndedAfter(PATIENCE)).isTrue();
          assertThat(child.exitCode()).as(child.output()).isEqualTo(ExitCode.DONE);
        }
        assertThat(runs(database(server))).isEqualTo(expected.size()).isGreaterThan(20);
      }
      // What the worker beside the indexer has left is for others.
      List<String> work = List.of("dev.millrace.app.Main", "work", "--config", config.toString());
      try (IndexerChildProcess child = IndexerChildProcess.start(work, environment)) {
        awaitLines(LineFile.of(file), expected.size(), child);
      }
      assertThat(LineFile.of(file).lines()).containsExactlyInAnyOrderElementsOf(expected);
    } finally {
      server.stop();
    }
  }

  private static void awaitLines(LineFile file, int count, IndexerChildProcess child)
      throws Exception {
    long until = System.nanoTime() + PATIENCE.toNanos();
    while (file.lines().size() < count && System.nanoTime() - until < 0) {
      assertThat(child.isAlive()).as("alive").isTrue();
      LockSupport.parkNanos(20_000_000);
    }
  }

  private static long runs(DatabaseSettings database) throws SQLException {
    return number(
        database, "SELECT count(*) FROM millrace_jobs.run WHERE state IN ('PENDING', 'SUCCEEDED')");
  }

  private static long number(DatabaseSettings database, String sql) throws SQLException {
    try (Connection connection = TableDigests.connect(database);
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      row.next();
      return row.getLong(1);
    }
  }

  private static DatabaseSettings database(EmbeddedPostgres server) {
    return DatabaseSettings.of(server.jdbcUrl(), server.user(), server.password());
  }

  /** Computes the lines by a loop over the chain that uses no code of an indexer. */
  private static List<String> expected(DevChain chain, long last) {
    List<String> lines = new ArrayList<>();
    for (long block = 0; block <= last; block++) {
      for (Log log : chain.logs(block)) {
        if (log.contract().equals(DevChain.TOKEN)) {
          BigInteger value = new BigInteger(1, log.data().bytes());
          if (value.compareTo(LargeTransfers.LARGE) >= 0) {
            LargeTransfers.Notice notice =
                new LargeTransfers.Notice(
                    Address.of(log.topic(1).bytes(), 12).toString(),
                    Address.of(log.topic(2).bytes(), 12).toString(),
                    value);
            String hash = chain.block(block).hash().toString();
            lines.add(LargeTransfers.line(block, hash, log.logIndex(), notice));
          }
        }
      }
    }
    return lines;
  }

  /** The process that indexes and relays and works, one after the other. */
  private final class Processes implements AutoCloseable {
    private final SoakedLaneReader lane;
    private final IndexerChildConfig.Stores stores;
    private final Path config;
    private final Path file = directory.resolve("lines.txt");
    private IndexerChildProcess child;

    Processes(DatabaseSettings database, DevNode node) throws Exception {
      this.lane = new SoakedLaneReader(database, SCHEMA);
      this.stores = IndexerChildConfig.Stores.of(database);
      this.config =
          new IndexerChildConfig(
                  SCHEMA,
                  stores,
                  "Token",
                  DevChain.TOKEN,
                  new IndexerChildConfig.IndexedRange(List.of(node.url()), null, WINDOW))
              .write(directory);
      this.child = start();
    }

    private IndexerChildProcess start() {
      Map<String, String> environment = new HashMap<>(stores.passwords());
      environment.put(LargeTransfers.FILE, file.toString());
      return IndexerChildProcess.start(
          List.of(LargeTransfersProcess.class.getName(), config.toString()), environment);
    }

    LineFile file() {
      return LineFile.of(file);
    }

    void replace(Random random) throws InterruptedException {
      child.awaitWork(PATIENCE);
      LockSupport.parkNanos(random.nextInt(1_200) * 1_000_000L);
      requireAlive();
      child.kill();
      child = start();
    }

    private void requireAlive() throws InterruptedException {
      assertThat(child.isAlive()).as(() -> "alive: " + output()).isTrue();
    }

    private String output() {
      try {
        return child.output();
      } catch (InterruptedException interrupted) {
        throw new AssertionError(interrupted);
      }
    }

    void awaitTip(DevChain chain) throws Exception {
      child.awaitWork(PATIENCE);
      lane.awaitTip(chain, PATIENCE, this::requireAlive);
    }

    long finalBlock() throws SQLException {
      return number(lane.database(), "SELECT final_block FROM %s.millrace_lane".formatted(SCHEMA));
    }

    void awaitLines(int count) throws Exception {
      LargeTransfersIT.awaitLines(file(), count, child);
    }

    @Override
    public void close() {
      child.close();
    }
  }
}
