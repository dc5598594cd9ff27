package dev.millrace.postgres;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.loaders.EntityType;
import dev.millrace.pipeline.EventTrigger;
import dev.millrace.postgres.client.RecordSendDecoder;
import dev.millrace.simulation.Simulation;
import dev.millrace.testkit.SerialOracle;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The simulation of the test kit over real tables. {@code -Dmillrace.it.seeds=N}, {@code
 * -Dmillrace.from=S} and {@code -Dmillrace.seed=S} choose the seeds.
 */
final class SimulationIT {
  static Stream<Long> seeds() {
    long one = Long.getLong("millrace.seed", -1);
    long from = Long.getLong("millrace.from", 1);
    return one >= 0
        ? Stream.of(one)
        : LongStream.range(from, from + Long.getLong("millrace.it.seeds", 40)).boxed();
  }

  @ParameterizedTest(name = "A16 A18 B15 D1 E5 E6 E7 E8 seed {0} leaves the tables of the oracle")
  @MethodSource("seeds")
  @Tag("A16")
  @Tag("A18")
  @Tag("B15")
  @Tag("D1")
  @Tag("E5")
  @Tag("E6")
  @Tag("E7")
  @Tag("E8")
  @Timeout(value = 5, unit = TimeUnit.MINUTES)
  void seed_leavesTheTablesOfTheOracle(long seed) throws Exception {
    Simulation simulation = new Simulation(seed);
    String schema = simulation.indexer().name();
    PostgresStore.reset(TestDatabase.settings(), schema);
    Map<String, SerialOracle> oracles =
        simulation.run(failpoint ->
            PostgresStore.open(TestDatabase.settings(), simulation.indexer(), failpoint));
    for (String lane : oracles.keySet()) {
      SerialOracle oracle = requireNonNull(oracles.get(lane));
      long finalCheckpoint = simulation.finalCheckpoint(lane, oracle);
      assertThat(triggers(schema, lane))
          .as("triggers of lane %s", lane)
          .isEqualTo(oracle.triggers().stream().map(SimulationIT::describe).toList());
      for (EntityType<?> type : simulation.indexer().entities()) {
        compareHistory(schema, lane, type, oracle, finalCheckpoint);
      }
    }
    PostgresStore.reset(TestDatabase.settings(), schema);
  }

  private static List<String> triggers(String schema, String lane) throws SQLException {
    return TestDatabase.query(
        """
        SELECT block, log_index, ordinal, job, moment, input, encode(block_hash, 'hex')
          FROM %s.millrace_trigger
         WHERE chain = %s
         ORDER BY seq
        """
            .formatted(schema, lane));
  }

  private static String describe(EventTrigger trigger) {
    return "%d|%d|%d|%s|%s|%s|%s"
        .formatted(
            trigger.event().block(),
            trigger.event().logIndex(),
            trigger.ordinal(),
            trigger.job(),
            trigger.moment(),
            trigger.input(),
            trigger.block().toString().substring(2));
  }

  /**
   * Checks that the undo log holds the rows before each block that is not final, and no wrong rows
   * of blocks that have become final since.
   */
  private static <E> void compareHistory(
      String schema, String lane, EntityType<E> type, SerialOracle oracle, long finalCheckpoint)
      throws SQLException {
    EntityTable<E> table = new EntityTable<>(schema, type);
    RecordSendDecoder<E> decoder = new RecordSendDecoder<>(type);
    List<String> found = new ArrayList<>();
    try (Connection connection = TestDatabase.connect();
        Statement statement = connection.createStatement();
        ResultSet rows =
            statement.executeQuery(
                """
                SELECT u.millrace_checkpoint, CASE WHEN u.millrace_existed THEN %s END
                  FROM %s u WHERE chain = %s
                """
                    .formatted(table.row("u"), table.undo(), lane))) {
      while (rows.next()) {
        byte[] row = rows.getBytes(2);
        found.add(rows.getLong(1) + " " + (row == null ? "nothing" : decoder.row(row)));
      }
    }
    assertThat(found)
        .as("undo log of %s in lane %s", type, lane)
        .containsAll(undo(oracle, type, finalCheckpoint));
    found.removeAll(undo(oracle, type, 0));
    assertThat(found).as("history that never was, of %s in lane %s", type, lane).isEmpty();
  }

  private static List<String> undo(SerialOracle oracle, EntityType<?> type, long above) {
    return oracle.undo(above).stream()
        .filter(undo -> undo.table().equals(type.table()))
        .map(undo -> undo.checkpoint() + " " + before(undo.before()))
        .toList();
  }

  private static String before(@Nullable Object row) {
    return row == null ? "nothing" : row.toString();
  }
}
