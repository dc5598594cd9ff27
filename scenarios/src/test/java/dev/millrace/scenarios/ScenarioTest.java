package dev.millrace.scenarios;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.lane.LaneOutcome;
import dev.millrace.lane.LaneSettings;
import dev.millrace.loaders.EntityType;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.simulation.MemoryStore;
import dev.millrace.testkit.SerialOracle;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The scenarios over the store in memory: however they run, the rows are those of the reference.
 */
@Timeout(300)
final class ScenarioTest {
  private static final int CRASHES = 1000;

  static Stream<Scenario> scenarios() {
    return Stream.of(
        Scenario.erc20(3, 120), Scenario.registry(3, 250), Scenario.amm(3, 700, 650, 1));
  }

  @ParameterizedTest
  @MethodSource("scenarios")
  void oracle_comesToTheRowsOfTheReference(Scenario scenario) throws Exception {
    SerialOracle oracle = new SerialOracle(scenario.entities()).run(scenario.source());
    Map<String, List<?>> rows = new TreeMap<>();
    for (EntityType<?> type : scenario.entities()) {
      rows.put(type.name(), List.copyOf(oracle.rows(type).values()));
    }

    assertThat(rows).isEqualTo(scenario.expected());
  }

  @Tag("A18")
  @DisplayName("A18 batch sizes and depths leave the same rows")
  @ParameterizedTest
  @MethodSource("scenarios")
  void rows_doNotDependOnBatchesAndDepth(Scenario scenario) throws InterruptedException {
    for (int depth : new int[] {0, 1, 8}) {
      for (int batchEvents : new int[] {1, 7, 1000}) {
        MemoryStore store = new MemoryStore(scenario.entities());
        LaneSettings settings = new LaneSettings(depth, batchEvents, 64L << 20, 16L << 20);

        LaneOutcome end =
            ScenarioLives.live(scenario, _ -> store.takeOver("1337"), settings, Failpoint.NONE);

        assertThat(end).isEqualTo(new LaneOutcome.Done());
        assertThat(rows(store, scenario))
            .as("depth=%d batchEvents=%d", depth, batchEvents)
            .isEqualTo(scenario.expected());
      }
    }
  }

  @Test
  @Tag("A16")
  @Tag("D1")
  @DisplayName(
      "A16 D1 a thousand crashes of each scenario, at all fault points, leave the same rows")
  void rows_doNotDependOnCrashes() throws InterruptedException {
    for (Scenario scenario :
        List.of(Scenario.erc20(4, 40), Scenario.registry(4, 60), Scenario.amm(4, 60, 60, 3))) {
      ScenarioLives lives = new ScenarioLives(scenario, 17);
      while (lives.total() < CRASHES) {
        MemoryStore store = new MemoryStore(scenario.entities());
        int before = lives.total();

        lives.untilDone(failpoint -> store.opened(failpoint).takeOver("1337"));

        assertThat(rows(store, scenario))
            .as("scenario=%s after crashes %d to %d", scenario, before, lives.total())
            .isEqualTo(scenario.expected());
      }
      assertThat(lives.crashes())
          .as("fault points at which something has crashed")
          .containsOnlyKeys(ScenarioLives.POINTS);
    }
  }

  private static Map<String, List<?>> rows(MemoryStore store, Scenario scenario) {
    Map<String, List<?>> rows = new TreeMap<>();
    for (EntityType<?> type : scenario.entities()) {
      rows.put(type.name(), new ArrayList<>(store.rows("1337", type).values()));
    }
    return rows;
  }
}
