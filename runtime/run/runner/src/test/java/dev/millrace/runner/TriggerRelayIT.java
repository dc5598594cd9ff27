package dev.millrace.runner;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.jobs.EventRuns;
import dev.millrace.jobs.JobSettings;
import dev.millrace.loaders.TriggerMoment;
import dev.millrace.pipeline.EventTrigger;
import dev.millrace.pipeline.Indexer;
import dev.millrace.postgres.PostgresStore;
import dev.millrace.postgres.client.DatabaseSettings;
import dev.millrace.servers.EmbeddedPostgres;
import dev.millrace.servers.PostgresSettings;
import dev.millrace.simulation.Simulation;
import dev.millrace.testkit.SerialOracle;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Random programs over random chains, as in {@link Simulation}, while two relays are killed at
 * random between their statements: the runs are those of the serial oracle's surviving events.
 */
final class TriggerRelayIT {
  private static final EmbeddedPostgres SERVER =
      EmbeddedPostgres.start(
          Path.of("target", "postgres-it").toAbsolutePath(),
          PostgresSettings.standard()
              .withCache(Path.of("target", "postgres-binaries").toAbsolutePath())
              .with("fsync", "off")
              .with("shared_buffers", "64MB"));

  static Stream<Long> seeds() {
    long one = Long.getLong("millrace.seed", -1);
    long from = Long.getLong("millrace.from", 1);
    return one >= 0
        ? Stream.of(one)
        : LongStream.range(from, from + Long.getLong("millrace.it.seeds", 12)).boxed();
  }

  private static DatabaseSettings database() {
    return DatabaseSettings.of(SERVER.jdbcUrl(), SERVER.user(), SERVER.password());
  }

  /** Ends a transaction where it stands, as the death of the process does. */
  private static final class KilledException extends RuntimeException {
    private static final long serialVersionUID = 1;
  }

  /** A relay process after another, each killed at a random statement. */
  private static final class RelayThread implements AutoCloseable {
    private final Indexer indexer;
    private final EventRuns runs;
    private final Random random;
    private final CountDownLatch closing = new CountDownLatch(1);
    private final Thread thread;

    RelayThread(JobSettings settings, Indexer indexer, long seed) {
      this.indexer = indexer;
      this.runs = EventRuns.open(settings, indexer.jobs());
      this.random = new Random(seed);
      this.thread = Thread.ofPlatform().daemon().start(this::run);
    }

    private void run() {
      try {
        while (!closing.await(random.nextInt(4), TimeUnit.MILLISECONDS)) {
          for (String lane : List.of("1", "2")) {
            relayOrDie(lane);
          }
        }
      } catch (InterruptedException _) {
        Thread.currentThread().interrupt();
      }
    }

    private void relayOrDie(String lane) {
      int[] left = {random.nextInt(20)};
      TriggerRelay relay =
          new TriggerRelay(
              indexer.name(),
              lane,
              runs,
              () -> {
                if (left[0]-- == 0) {
                  throw new KilledException();
                }
              });
      try {
        relay.relay();
      } catch (KilledException _) {
        // the next one goes on
      }
    }

    @Override
    public void close() {
      closing.countDown();
      try {
        thread.join();
      } catch (InterruptedException interrupted) {
        throw new AssertionError(interrupted);
      } finally {
        runs.close();
      }
    }
  }

  @ParameterizedTest(name = "J28 seed {0} leaves the runs of the oracle")
  @MethodSource("seeds")
  @Tag("J28")
  @Timeout(value = 5, unit = TimeUnit.MINUTES)
  void seed_leavesTheRunsOfTheOracle(long seed) throws Exception {
    Simulation simulation = new Simulation(seed);
    Indexer indexer = simulation.indexer();
    JobSettings settings = JobSettings.of(database()).withSchema("jobs_" + indexer.name());
    PostgresStore.reset(database(), indexer.name());
    query("DROP SCHEMA IF EXISTS %s CASCADE".formatted(settings.schema()));
    PostgresStore.open(database(), indexer, (_, _) -> {}).close();

    Map<String, SerialOracle> oracles;
    try (RelayThread _ = new RelayThread(settings, indexer, seed);
        RelayThread _ = new RelayThread(settings, indexer, seed + 1)) {
      oracles = simulation.run(failpoint -> PostgresStore.open(database(), indexer, failpoint));
    }
    try (EventRuns runs = EventRuns.open(settings, indexer.jobs())) {
      for (String lane : oracles.keySet()) {
        new TriggerRelay(indexer.name(), lane, runs).relay();
        assertThat(new TriggerRelay(indexer.name(), lane, runs).relay()).isZero();
        compare(settings, indexer.name(), lane, requireNonNull(oracles.get(lane)));
      }
    }
    PostgresStore.reset(database(), indexer.name());
    query("DROP SCHEMA %s CASCADE".formatted(settings.schema()));
  }

  private static void compare(
      JobSettings settings, String indexer, String lane, SerialOracle oracle) throws SQLException {
    String stored =
        query(
                "SELECT coalesce(final_block, -1) FROM %s.millrace_lane WHERE lane = '%s'"
                    .formatted(indexer, lane))
            .getFirst();
    long finalBlock = Long.parseLong(stored);
    assertThat(runs(settings, lane, "sim.final"))
        .as("runs of final blocks in lane %s", lane)
        .isEqualTo(expected(oracle, TriggerMoment.FINALIZED, Long.MIN_VALUE, finalBlock));
    assertThat(runs(settings, lane, "sim.early"))
        .as("runs of committed blocks in lane %s", lane)
        .isEqualTo(expected(oracle, TriggerMoment.COMMITTED, Long.MIN_VALUE, Long.MAX_VALUE));
    assertThat(left(indexer, lane, TriggerMoment.FINALIZED))
        .isEqualTo(expected(oracle, TriggerMoment.FINALIZED, finalBlock + 1, Long.MAX_VALUE));
    assertThat(left(indexer, lane, TriggerMoment.COMMITTED))
        .isEqualTo(expected(oracle, TriggerMoment.COMMITTED, finalBlock + 1, Long.MAX_VALUE));
  }

  private static List<String> expected(
      SerialOracle oracle, TriggerMoment moment, long from, long to) {
    return oracle.triggers().stream()
        .filter(trigger -> trigger.moment() == moment)
        .filter(trigger -> trigger.event().block() >= from && trigger.event().block() <= to)
        .map(TriggerRelayIT::describe)
        .toList();
  }

  private static String describe(EventTrigger trigger) {
    return "%d|%s|%d|%s"
        .formatted(
            trigger.event().block(), trigger.block(), trigger.event().logIndex(), trigger.input());
  }

  /** The runs that were not recalled, in the order of their ids. */
  private static List<String> runs(JobSettings settings, String lane, String job)
      throws SQLException {
    return query(
        """
        SELECT labels->>'millrace.block', labels->>'millrace.blockHash',
               labels->>'millrace.logIndex', input
          FROM %s.run
         WHERE labels->>'millrace.lane' = '%s' AND job = '%s' AND state = 'PENDING'
         ORDER BY id
        """
            .formatted(settings.schema(), lane, job));
  }

  private static List<String> left(String indexer, String lane, TriggerMoment moment)
      throws SQLException {
    return query(
        """
        SELECT t.block, '0x' || encode(t.block_hash, 'hex'), t.log_index, t.input
          FROM %s.millrace_trigger t
         WHERE t.chain = %s AND t.moment = '%s'
         ORDER BY t.seq
        """
            .formatted(indexer, lane, moment));
  }

  private static List<String> query(String sql) throws SQLException {
    DatabaseSettings settings = database();
    List<String> found = new ArrayList<>();
    try (Connection connection =
            DriverManager.getConnection(settings.url(), settings.user(), settings.password());
        Statement statement = connection.createStatement()) {
      if (!statement.execute(sql)) {
        return found;
      }
      try (ResultSet rows = statement.getResultSet()) {
        int columns = rows.getMetaData().getColumnCount();
        while (rows.next()) {
          List<String> cells = new ArrayList<>();
          for (int i = 1; i <= columns; i++) {
            cells.add(rows.getString(i));
          }
          found.add(String.join("|", cells));
        }
      }
    }
    return found;
  }
}
