package dev.millrace.postgres;

import dev.millrace.testkit.Simulation;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The simulation of the test kit over real tables. {@code -Dmillrace.it.seeds=N}, {@code
 * -Dmillrace.from=S} and {@code -Dmillrace.seed=S} choose what runs.
 */
final class SimulationIT {
  static Stream<Long> seeds() {
    long one = Long.getLong("millrace.seed", -1);
    long from = Long.getLong("millrace.from", 1);
    return one >= 0
        ? Stream.of(one)
        : LongStream.range(from, from + Long.getLong("millrace.it.seeds", 40)).boxed();
  }

  @ParameterizedTest(name = "A16 A18 B15 D1 seed {0} leaves the tables of the oracle")
  @MethodSource("seeds")
  @Tag("A16")
  @Tag("A18")
  @Tag("B15")
  @Tag("D1")
  @Timeout(value = 5, unit = TimeUnit.MINUTES)
  void seed_leavesTheTablesOfTheOracle(long seed) throws Exception {
    Simulation simulation = new Simulation(seed);
    PostgresStore.reset(Database.settings(), simulation.indexer().name());
    simulation.run(probe -> PostgresStore.open(Database.settings(), simulation.indexer(), probe));
    PostgresStore.reset(Database.settings(), simulation.indexer().name());
  }
}
