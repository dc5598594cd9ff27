package dev.millrace.scenarios;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.lane.LaneOutcome;
import dev.millrace.lane.LaneSettings;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.pipeline.LaneStore;
import dev.millrace.postgres.PostgresStore;
import dev.millrace.postgres.client.DatabaseSettings;
import dev.millrace.servers.EmbeddedPostgres;
import dev.millrace.servers.PostgresSettings;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The scenarios over PostgreSQL: however they run, the rows are those of the reference. */
@Timeout(600)
final class ScenarioIT {
  private static final int CRASHES = 60;

  @TempDir private static Path directory;
  private static EmbeddedPostgres server;

  @BeforeAll
  static void start() {
    // No power cut is tested, and the tests commit thousands of times.
    server =
        EmbeddedPostgres.start(
            directory.resolve("postgres"), PostgresSettings.standard().with("fsync", "off"));
  }

  @AfterAll
  static void stop() {
    server.stop();
  }

  static Stream<Scenario> scenarios() {
    return Stream.of(Scenario.erc20(5, 80), Scenario.registry(5, 100), Scenario.amm(5, 100, 90, 3));
  }

  @Tag("A18")
  @DisplayName("A18 batch sizes and depths leave the same tables")
  @ParameterizedTest
  @MethodSource("scenarios")
  void tables_doNotDependOnBatchesAndDepth(Scenario scenario) throws Exception {
    for (int depth : new int[] {0, 1, 8}) {
      for (int batchEvents : new int[] {1, 7, 1000}) {
        LaneSettings settings = new LaneSettings(depth, batchEvents, 64L << 20, 16L << 20);
        PostgresStore.reset(database(), scenario.indexer().name());
        try (Processes processes = new Processes(scenario)) {
          LaneOutcome end = ScenarioLives.live(scenario, processes, settings, Failpoint.NONE);

          assertThat(end).isEqualTo(new LaneOutcome.Done());
        }
        assertThat(rows(scenario))
            .as("depth=%d batchEvents=%d", depth, batchEvents)
            .isEqualTo(scenario.expected());
      }
    }
  }

  @Tag("A16")
  @Tag("D1")
  @DisplayName("A16 D1 crashes at all fault points leave the same tables")
  @ParameterizedTest
  @MethodSource("scenarios")
  void tables_doNotDependOnCrashes(Scenario scenario) throws Exception {
    ScenarioLives lives = new ScenarioLives(scenario, 23);
    while (lives.total() < CRASHES) {
      PostgresStore.reset(database(), scenario.indexer().name());
      try (Processes processes = new Processes(scenario)) {
        lives.untilDone(processes);
      }
      assertThat(rows(scenario)).as("after %s", lives.crashes()).isEqualTo(scenario.expected());
    }
    assertThat(lives.crashes())
        .containsKeys(
            Failpoint.Point.BEFORE_BEGIN,
            Failpoint.Point.DURING_COPY,
            Failpoint.Point.AFTER_WRITES,
            Failpoint.Point.BEFORE_COMMIT,
            Failpoint.Point.AFTER_COMMIT);
  }

  /** Gives each life a store of its own, as a process has; the one before it is gone by then. */
  private static final class Processes implements ScenarioLives.Store, AutoCloseable {
    private final Scenario scenario;
    private List<PostgresStore> living = List.of();

    Processes(Scenario scenario) {
      this.scenario = scenario;
    }

    @Override
    public LaneStore takeOver(Failpoint failpoint) {
      close();
      PostgresStore store = PostgresStore.open(database(), scenario.indexer(), failpoint);
      living = List.of(store);
      return store.takeOver("1337");
    }

    @Override
    public void close() {
      living.forEach(PostgresStore::close);
      living = List.of();
    }
  }

  private static Map<String, List<?>> rows(Scenario scenario) throws SQLException {
    DatabaseSettings database = database();
    try (Connection connection =
        DriverManager.getConnection(database.url(), database.user(), database.password())) {
      return StoredRows.of(connection, scenario.indexer().name(), scenario.entities());
    }
  }

  private static DatabaseSettings database() {
    return DatabaseSettings.of(server.jdbcUrl(), server.user(), server.password());
  }
}
