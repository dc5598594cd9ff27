package dev.millrace.simulation;

import static dev.millrace.simulation.CopiedHandlers.assertWhole;
import static dev.millrace.simulation.CopiedHandlers.count;
import static dev.millrace.simulation.CopiedHandlers.mirror;
import static dev.millrace.simulation.LaneHarness.LANE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.lane.LaneOutcome;
import dev.millrace.lane.LaneSettings;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.pipeline.Failpoint.Point;
import dev.millrace.pipeline.Source;
import dev.millrace.testkit.CrashFailpoint;
import dev.millrace.testkit.ScriptedSource;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A thousand processes that die at the mirror, over chains that fork under them. */
@Timeout(600)
final class MirrorCrashTest {
  private static final int CRASHES = 1_000;
  private static final List<Point> POINTS =
      List.of(
          Point.BEFORE_MIRROR,
          Point.MIRRORING,
          Point.MIRRORED,
          Point.BEFORE_COMMIT,
          Point.AFTER_COMMIT,
          Point.BEFORE_PUBLISH,
          Point.PUBLISHING,
          Point.PUBLISHED,
          Point.BEFORE_REWIND,
          Point.REWINDING,
          Point.AFTER_REWIND);

  private final Random random = new Random(4);
  private final Map<Point, Integer> crashes = new EnumMap<>(Point.class);

  @Test
  @Tag("K1")
  @Tag("A16")
  @DisplayName(
      "K1 A16 a thousand crashes: after each both stores hold the same, version by version")
  void stores_areEqualAfterEveryCrash() throws Exception {
    while (total() < CRASHES) {
      try (LaneHarness mill = CopiedHandlers.mill()) {
        forking(mill.script);
        LaneOutcome end;
        do {
          end = live(mill);
        } while (!(end instanceof LaneOutcome.Done));
        assertThat(mill.cells()).isEqualTo(mill.oracleCells());
        assertWhole(mill);
      }
    }
    assertThat(crashes).containsOnlyKeys(POINTS);
  }

  private int total() {
    return crashes.values().stream().mapToInt(Integer::intValue).sum();
  }

  private void forking(ScriptedSource script) {
    script.reversibleFrom(random.nextInt(12));
    for (int i = 0; i < 16; i++) {
      script.block(count("note " + i)).quiet(random.nextInt(2));
    }
    for (int round = 1; round <= 3; round++) {
      String name = "turn " + round;
      script.then(() -> {
        int blocks = script.currentBlocks().size();
        script.cut(Math.max(script.finalBlock() + 1, blocks - 1 - random.nextInt(6)));
        for (int i = random.nextInt(5); i >= 0; i--) {
          script.block(count(name + " " + i));
        }
        script.finalTo(script.finalBlock() + random.nextInt(2));
      });
    }
  }

  /**
   * Runs one process; compares the rows that it leaves with its epoch history, published or not.
   */
  private LaneOutcome live(LaneHarness mill) throws Exception {
    Point point = POINTS.get(random.nextInt(POINTS.size()));
    CrashFailpoint crash = CrashFailpoint.at(point, 1 + random.nextInt(12));
    mill.settings =
        new LaneSettings(
            random.nextInt(4), 1 + random.nextInt(4), 64L << 20, random.nextInt(2) * 100_000L);
    mirror(mill).blocksOf(1 + random.nextInt(6));
    mill.fault = crash;
    LaneOutcome end = mill.run();
    mill.fault = Failpoint.NONE;
    if (crash.hasHappened()) {
      crashes.merge(point, 1, Integer::sum);
    } else {
      assertThat(end).isInstanceOf(LaneOutcome.Done.class);
    }
    if (stands(mill)) {
      assertThat(CopiedHandlers.differences(mill, mill.store.epochHistory(LANE)))
          .as("after %s", crash)
          .isEmpty();
    }
    if (random.nextInt(4) == 0) {
      mirror(mill).clean(LANE);
    }
    return end;
  }

  /** True if the durable block is on the current branch of the chain. */
  private static boolean stands(LaneHarness mill) {
    Source.BlockRef place = mill.store.frontier(LANE).place();
    List<ScriptedSource.ScriptedBlock> chain = mill.script.currentBlocks();
    return place == null
        || (place.block() < chain.size()
            && chain.get((int) place.block()).block().hash().equals(place.hash()));
  }
}
