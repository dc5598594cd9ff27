package dev.millrace.simulation;

import static dev.millrace.simulation.CopiedHandlers.assertWhole;
import static dev.millrace.simulation.CopiedHandlers.count;
import static dev.millrace.simulation.CopiedHandlers.mirror;
import static dev.millrace.simulation.LaneHarness.LANE;
import static dev.millrace.simulation.LaneHarness.awaitThat;
import static dev.millrace.simulation.LaneHarness.cell;
import static dev.millrace.simulation.LaneHarness.failure;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.lane.Lane;
import dev.millrace.lane.LaneOutcome;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.EpochEnds;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.pipeline.Failpoint.Point;
import dev.millrace.pipeline.LaneStores;
import dev.millrace.testkit.ScriptedSource;
import dev.millrace.testkit.SerialOracle;
import dev.millrace.testkit.StepGates;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Several processes, lanes or generations of a store that share one mirror. */
@Timeout(60)
final class MirrorFenceTest {
  private final LaneHarness mill = CopiedHandlers.mill();
  private final List<LaneHarness> others = new ArrayList<>();

  @AfterEach
  void close() {
    others.forEach(LaneHarness::close);
    mill.close();
  }

  private static ScriptedSource counts(ScriptedSource script, String prefix, int blocks) {
    for (int i = 0; i < blocks; i++) {
      script.block(count(prefix + " " + i));
    }
    return script;
  }

  /** Starts another process over the same stores, or over others. */
  private LaneHarness other(MemoryStore store, ScriptedSource script) {
    LaneHarness other = new LaneHarness(mill.indexer, store, mirror(mill), script);
    others.add(other);
    return other;
  }

  @ParameterizedTest(name = "K10 a process that slept at {0} wakes up behind its successor")
  @EnumSource(
      value = Point.class,
      names = {
        "BEFORE_MIRROR",
        "MIRRORING",
        "MIRRORED",
        "BEFORE_COMMIT",
        "AFTER_COMMIT",
        "BEFORE_PUBLISH",
        "PUBLISHING"
      })
  @Tag("K10")
  void sleeper_thatWakesUpIsNeverSeen(Point point) throws Exception {
    counts(mill.script, "sleeper", 4);
    StepGates.Gate gate = mill.gates.hold(point, 2);
    Lane sleeper = mill.depth(0).start();
    gate.await();
    LaneHarness successor = other(mill.store, counts(new ScriptedSource(), "successor", 4));
    assertThat(successor.run()).isEqualTo(new LaneOutcome.Done());
    List<Long> seen = CopiedHandlers.seen(successor);
    gate.release();

    assertThat(failure(sleeper.await()).remedy()).isEqualTo(Remedy.YIELD);
    assertThat(CopiedHandlers.seen(successor)).isEqualTo(seen).containsExactly(4L, 4L, 4L);
    for (EntityType<?> type : mill.indexer.entities()) {
      assertThat(mirror(mill).versions(LANE, type))
          .isEqualTo(mirror(mill).versions(LANE, type, mill.store.epochHistory(LANE)));
    }
  }

  @Test
  @Tag("K10")
  @DisplayName("K10 the announcement of a process that was passed over lands last and counts not")
  void announcement_thatLandsLast() throws Exception {
    counts(mill.script.reversibleFrom(1), "one", 4);
    assertThat(mill.run()).isEqualTo(new LaneOutcome.Done());
    mirror(mill).timesOut(call -> call.startsWith("publish 2 "));
    Lane second = mill.start();
    awaitThat(() -> second.status().waitingFor().startsWith("publish"));
    second.close();
    mill.script.cut(1);
    counts(mill.script, "two", 1);
    assertThat(mill.run()).isEqualTo(new LaneOutcome.Done());
    mirror(mill).land();

    assertWhole(mill);
    assertThat(CopiedHandlers.seen(mill)).containsExactly(2L, 2L, 2L);
  }

  @Test
  @Tag("K13")
  @DisplayName("K13 two lanes in one mirror: one turns back, and the other's rows stay")
  void lanes_areSeenEachForItself() throws Exception {
    counts(mill.script.reversibleFrom(1), "first", 4);
    ScriptedSource script = counts(new ScriptedSource().reversibleFrom(1), "second", 5);
    try (Lane lane =
        new Lane(
            "2",
            mill.indexer,
            script,
            new LaneStores(
                mill.store.takeOver("2"),
                mill.mirror.map(mirror -> mirror.opened("2", Failpoint.NONE))),
            mill.settings,
            Failpoint.NONE)) {
      lane.start();
      assertThat(lane.await()).isEqualTo(new LaneOutcome.Done());
    }
    mill.script.then(() -> {
      awaitThat(() -> mill.store.frontier(LANE).checkpoint() == 4);
      mill.script.cut(1);
    });

    assertThat(mill.run()).isEqualTo(new LaneOutcome.Done());
    assertThat(mill.store.rewinds(LANE)).isEqualTo(1);
    assertThat(CopiedHandlers.seen(mill)).containsExactly(1L, 1L, 1L);
    assertWhole(mill);
    SerialOracle oracle = new SerialOracle(mill.indexer).run(script);
    for (EntityType<?> type : mill.indexer.entities()) {
      assertThat(mirror(mill).rows("2", type)).isEqualTo(oracle.rows(type));
    }
  }

  private void isRefused(LaneHarness restored, String why) throws Exception {
    int size = mirror(mill).size();
    EpochEnds said = mirror(mill).published(LANE).orElseThrow();
    for (int start = 0; start < 2; start++) {
      assertThat(failure(restored.run()))
          .hasMessageContaining(why)
          .extracting(MillraceException::remedy)
          .isEqualTo(Remedy.FIX_SETUP);
    }
    assertThat(mirror(mill).size()).isEqualTo(size);
    assertThat(mirror(mill).published(LANE)).contains(said);
  }

  @Test
  @Tag("K14")
  @DisplayName("K14 PostgreSQL was reset under its mirror: refused at start, nothing changed")
  void store_thatWasReset() throws Exception {
    counts(mill.script, "one", 3);
    assertThat(mill.run()).isEqualTo(new LaneOutcome.Done());

    isRefused(other(new MemoryStore(mill.indexer), mill.script), "mirror is of another store");
  }

  @Test
  @Tag("K14")
  @DisplayName("K14 PostgreSQL was restored from an old backup: refused at start")
  void store_thatWasRestored() throws Exception {
    counts(mill.script, "one", 3);
    mill.depth(0);
    StepGates.Gate second = mill.gates.hold(Point.BEFORE_MIRROR, 2);
    Lane lane = mill.start();
    second.await();
    MemoryStore backup = mill.store.backup();
    second.release();
    assertThat(lane.await()).isEqualTo(new LaneOutcome.Done());

    isRefused(other(backup, mill.script), "mirror has commits that the store has lost");
  }

  @Test
  @Tag("K14")
  @DisplayName("K14 a backup from before a rewind, whose epoch gets its number again: refused")
  void store_thatWasRestoredToBeforeARewind() throws Exception {
    counts(mill.script.reversibleFrom(1), "one", 3);
    assertThat(mill.run()).isEqualTo(new LaneOutcome.Done());
    mill.script.open();
    Lane lane = mill.start();
    awaitThat(() -> mirror(mill).published(LANE).orElseThrow().publisherEpoch() == 2);
    MemoryStore backup = mill.store.backup();
    StepGates.Gate after = mill.gates.hold(Point.FETCH);
    mill.script.cut(1);
    mill.script.end();
    awaitThat(() -> mirror(mill).published(LANE).orElseThrow().publisherEpoch() == 3);
    lane.close();
    after.release();

    assertThat(CopiedHandlers.seen(mill)).containsExactly(1L, 1L, 1L);
    isRefused(other(backup, mill.script), "mirror has an epoch that the store has lost: epoch=3");
  }

  @Test
  @Tag("K14")
  @DisplayName("K14 commits were made without the mirror: refused at start")
  void commits_thatTheMirrorHasNotSeen() throws Exception {
    counts(mill.script, "one", 2);
    assertThat(mill.run()).isEqualTo(new LaneOutcome.Done());
    counts(mill.script, "two", 1);
    try (Lane lane =
        new Lane(
            LANE,
            mill.indexer,
            mill.script,
            mill.store.unmirrored(Failpoint.NONE).takeOver(LANE),
            mill.settings,
            Failpoint.NONE)) {
      lane.start();
      assertThat(lane.await()).isEqualTo(new LaneOutcome.Done());
    }

    isRefused(mill, "commits were made without the mirror: epoch=2");
    assertThat(mill.cells()).containsExactly(cell("all", "", 3));
  }

  @Test
  @Tag("K14")
  @DisplayName("K14 the mirror was dropped under its store: refused at start")
  void mirror_thatIsEmpty() throws Exception {
    counts(mill.script, "one", 1);
    assertThat(mill.run()).isEqualTo(new LaneOutcome.Done());
    try (LaneHarness dropped =
        new LaneHarness(mill.indexer, mill.store, new MemoryMirror(mill.indexer), mill.script)) {
      assertThat(failure(dropped.run()))
          .hasMessageContaining("mirror lacks commits of the store: mirror=-1 store=1")
          .extracting(MillraceException::remedy)
          .isEqualTo(Remedy.FIX_SETUP);
    }
  }
}
