package dev.millrace.scenarios;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.clickhouse.ClickHouseMirror;
import dev.millrace.clickhouse.client.MirrorSettings;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.postgres.PostgresStore;
import dev.millrace.postgres.client.DatabaseSettings;
import dev.millrace.simulation.Simulation;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The simulation of the test kit over PostgreSQL and ClickHouse: here processes do not overlap,
 * replies are lost after an insert has arrived, housekeeping and comparisons of both stores run
 * while the lanes go on, and no transaction is open in PostgreSQL while a lane waits for the
 * mirror. {@code -Dmillrace.it.seeds=N}, {@code -Dmillrace.from=S} and {@code -Dmillrace.seed=S}
 * choose the seeds.
 */
@ExtendWith({EngineIsThere.class, SharedServers.class})
final class MirrorSimulationIT {
  private static final Set<Failpoint.Point> OF_THE_MIRROR =
      EnumSet.of(
          Failpoint.Point.BEFORE_MIRROR,
          Failpoint.Point.MIRRORING,
          Failpoint.Point.MIRRORED,
          Failpoint.Point.BEFORE_PUBLISH,
          Failpoint.Point.PUBLISHING,
          Failpoint.Point.PUBLISHED);

  private static final Set<Failpoint.Point> STRUCK = EnumSet.noneOf(Failpoint.Point.class);
  private static int looks;
  private static int cleanings;

  @AfterAll
  static void checkThatAllWasTried() {
    if (Long.getLong("millrace.seed", -1) < 0) {
      assertThat(STRUCK).as("where a process has failed").containsAnyElementsOf(OF_THE_MIRROR);
      assertThat(List.of(looks, cleanings)).allMatch(times -> times > 0);
    }
  }

  static Stream<Long> seeds() {
    long one = Long.getLong("millrace.seed", -1);
    long from = Long.getLong("millrace.from", 1);
    return one >= 0
        ? Stream.of(one)
        : LongStream.range(from, from + Long.getLong("millrace.it.seeds", 40)).boxed();
  }

  @ParameterizedTest(name = "K1 K2 K3 K6 K7 K9 K11 K13 seed {0} leaves both stores equal")
  @MethodSource("seeds")
  @Tag("K1")
  @Tag("K2")
  @Tag("K3")
  @Tag("K6")
  @Tag("K7")
  @Tag("K9")
  @Tag("K11")
  @Tag("K13")
  @Timeout(value = 5, unit = TimeUnit.MINUTES)
  void seed_leavesBothStoresEqual(long seed) throws Exception {
    Simulation simulation = Simulation.mirrored(seed);
    String name = simulation.indexer().name();
    DatabaseSettings database = SharedServers.database();
    MirrorSettings mirror = SharedServers.mirror(name).withLongestQuery(Duration.ZERO);
    PostgresStore.reset(database, name);
    ClickHouseMirror.reset(mirror);
    RealStores stores = new RealStores(simulation.indexer(), database, mirror);
    simulation.runOver(stores);
    STRUCK.addAll(simulation.struck());
    looks += stores.looks();
    cleanings += stores.cleanings();
    ClickHouseMirror.reset(mirror);
    PostgresStore.reset(database, name);
  }
}
