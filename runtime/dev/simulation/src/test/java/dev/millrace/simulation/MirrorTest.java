package dev.millrace.simulation;

import static dev.millrace.simulation.CopiedHandlers.assertWhole;
import static dev.millrace.simulation.CopiedHandlers.count;
import static dev.millrace.simulation.CopiedHandlers.mirror;
import static dev.millrace.simulation.LaneHarness.LANE;
import static dev.millrace.simulation.LaneHarness.awaitThat;
import static dev.millrace.simulation.LaneHarness.cell;
import static dev.millrace.simulation.LaneHarness.failing;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.lane.Lane;
import dev.millrace.lane.LaneOutcome;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.EpochHistory;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.pipeline.Failpoint.Point;
import dev.millrace.testkit.CrashFailpoint;
import dev.millrace.testkit.StepGates;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Two stores that are never seen to differ, at every point where they could. */
@Timeout(60)
final class MirrorTest {
  private final LaneHarness mill = CopiedHandlers.mill();

  @AfterEach
  void close() {
    mill.close();
  }

  private void counts(int blocks) {
    for (int i = 0; i < blocks; i++) {
      mill.script.block(count("note " + mill.script.currentBlocks().size()));
    }
  }

  private void runsToTheEnd() throws Exception {
    assertThat(mill.run()).isEqualTo(new LaneOutcome.Done());
    assertThat(mill.cells()).isEqualTo(mill.oracleCells());
    assertWhole(mill);
  }

  @ParameterizedTest(name = "K1 a crash at {0} is repaired by the ends that a restart publishes")
  @EnumSource(
      value = Point.class,
      names = {
        "BEFORE_MIRROR",
        "MIRRORING",
        "MIRRORED",
        "BEFORE_BEGIN",
        "BEFORE_COMMIT",
        "AFTER_COMMIT",
        "BEFORE_PUBLISH",
        "PUBLISHING",
        "PUBLISHED"
      })
  @Tag("K1")
  void crash_atAnyPointOfTheMirror(Point point) throws Exception {
    counts(5);
    for (int passing = 1; passing <= 4; passing++) {
      CrashFailpoint crash = CrashFailpoint.at(point, passing);
      mill.fault = crash;
      mill.run();
      mill.fault = Failpoint.NONE;
      EpochHistory epochHistory = mill.store.epochHistory(LANE);
      assertThat(CopiedHandlers.differences(mill, epochHistory)).as("crash %d", passing).isEmpty();
      assertThat(
              mirror(mill)
                  .published(LANE)
                  .map(said -> epochHistory.commit() - said.commit())
                  .orElse(0L))
          .as("commits that were not published")
          .isBetween(0L, 1L);
    }
    runsToTheEnd();
  }

  @Test
  @Tag("K2")
  @DisplayName("K2 the reply to an insert is lost: what is sent again is there once")
  void insert_whoseReplyIsLostIsThereOnce() throws Exception {
    counts(3);
    mill.depth(0).fault = failing(Point.MIRRORING, 2, 3, Remedy.RETRY);

    runsToTheEnd();
  }

  @Test
  @Tag("K2")
  @DisplayName("K2 an insert that timed out lands after the one that was sent again")
  void insert_thatTimedOutLandsLater() throws Exception {
    counts(3);
    Set<String> sent = ConcurrentHashMap.newKeySet();
    mirror(mill).timesOut(call -> call.startsWith("insert") && sent.add(call));

    runsToTheEnd();
    int size = mirror(mill).size();
    mirror(mill).land();
    assertThat(mirror(mill).size()).isEqualTo(size);
    assertWhole(mill);
  }

  @Test
  @Tag("K3")
  @DisplayName("K3 rolled back, then the same rows again: they are there")
  void rows_comeBackAfterARewind() throws Exception {
    mill.depth(0).script.reversibleFrom(1);
    counts(4);
    mill.script.then(() -> {
      awaitThat(() -> mill.store.frontier(LANE).checkpoint() == 4);
      mill.script.cut(2);
      counts(2); // the same rows as the replaced blocks, under other hashes
      assertThat(mirror(mill).size()).isPositive();
    });

    runsToTheEnd();
    assertThat(mill.store.rewinds(LANE)).isEqualTo(1);
    assertThat(CopiedHandlers.seen(mill)).containsExactly(4L, 4L, 4L);
  }

  @Test
  @Tag("K4")
  @DisplayName("K4 the mirror is away for inserts: the lane waits, says so, and loses nothing")
  void insert_waitsForTheMirror() throws Exception {
    counts(4);
    AtomicBoolean away = new AtomicBoolean();
    mirror(mill).timesOut(call -> call.startsWith("insert") && away.get());
    StepGates.Gate second = mill.gates.hold(Point.BEFORE_MIRROR, 2);
    Lane lane = mill.depth(0).start();
    second.await();
    mill.gates.awaitPassed(Point.PUBLISHED, 1);
    away.set(true);
    second.release();
    awaitThat(() -> lane.status().waitingFor().startsWith("mirror of checkpoint 2: mirror does"));

    assertThat(mill.gates.passed(Point.BEFORE_BEGIN)).containsExactly(1L);
    assertThat(mill.gates.passed(Point.AFTER_COMMIT)).containsExactly(1L);
    assertThat(CopiedHandlers.seen(mill)).containsExactly(1L, 1L, 1L);
    away.set(false);
    assertThat(lane.await()).isEqualTo(new LaneOutcome.Done());
    assertThat(lane.status().waitingFor()).isEmpty();
    assertThat(mill.cells()).isEqualTo(mill.oracleCells());
    assertWhole(mill);
  }

  @Test
  @Tag("K4")
  @DisplayName("K4 the mirror is away for publications: no commit is open, and none is begun")
  void publication_waitsForTheMirror() throws Exception {
    counts(4);
    AtomicBoolean away = new AtomicBoolean();
    mirror(mill).timesOut(call -> call.startsWith("publish") && away.get());
    StepGates.Gate second = mill.gates.hold(Point.BEFORE_PUBLISH, 2);
    Lane lane = mill.depth(0).start();
    second.await();
    mill.gates.awaitPassed(Point.PUBLISHED, 1);
    away.set(true);
    second.release();
    awaitThat(() -> lane.status().waitingFor().startsWith("publish 2: mirror does not answer"));

    assertThat(mill.gates.passed(Point.BEFORE_BEGIN)).containsExactly(1L, 2L);
    assertThat(mill.gates.passed(Point.AFTER_COMMIT)).containsExactly(1L, 2L);
    assertThat(CopiedHandlers.seen(mill)).containsExactly(1L, 1L, 1L);
    away.set(false);
    assertThat(lane.await()).isEqualTo(new LaneOutcome.Done());
    assertWhole(mill);
  }

  @ParameterizedTest(name = "K5 a reader at {0} of the second commit sees the first one, whole")
  @EnumSource(
      value = Point.class,
      names = {"MIRRORING", "MIRRORED", "BEFORE_COMMIT", "AFTER_COMMIT", "BEFORE_PUBLISH"})
  @Tag("K5")
  void reader_seesWholeCommitsOnly(Point point) throws Exception {
    counts(3);
    StepGates.Gate second = mill.gates.hold(point, 2);
    Lane lane = mill.depth(0).start();
    second.await();
    mill.gates.awaitPassed(Point.PUBLISHED, 1); // a batch may run before the last one is published

    assertThat(CopiedHandlers.seen(mill)).containsExactly(1L, 1L, 1L);
    StepGates.Gate published = mill.gates.hold(Point.PUBLISHED, 2);
    second.release();
    published.await();
    assertThat(CopiedHandlers.seen(mill)).containsExactly(2L, 2L, 2L);
    published.release();
    assertThat(lane.await()).isEqualTo(new LaneOutcome.Done());
  }

  @Test
  @Tag("K6")
  @DisplayName("K6 an entity in ClickHouse only is rolled back there, and no query is sent for it")
  void entity_inTheMirrorOnlyIsRolledBack() throws Exception {
    mill.notEmpty().depth(0).script.reversibleFrom(1);
    counts(5);
    mill.script.then(() -> {
      awaitThat(() ->
          List.of(new CopiedHandlers.Tally("all", 5))
              .equals(List.copyOf(mirror(mill).rows(LANE, CopiedHandlers.TALLY).values())));
      mill.script.cut(1);
    });

    assertThat(mill.run()).isEqualTo(new LaneOutcome.Done());
    assertThat(mill.cells()).containsExactly(cell("all", "", 1), cell("other", "nobody", 0));
    assertThat(mirror(mill).rows(LANE, CopiedHandlers.TALLY).values())
        .containsExactly(new CopiedHandlers.Tally("all", 1));
    assertThat(mill.store.takeQueries()).noneMatch(query -> query.contains("tally"));
    assertWhole(mill);
  }

  @Test
  @Tag("K7")
  @DisplayName("K7 a restart far from the head: all that is committed is there, and nothing else")
  void restart_duringABackfill() throws Exception {
    counts(40);
    mill.depth(0).batchEvents(3);
    mill.fault = CrashFailpoint.at(Point.BEFORE_COMMIT, 4);
    mill.run();
    mill.fault = Failpoint.NONE;

    long durable = mill.store.frontier(LANE).checkpoint();
    assertThat(durable).isEqualTo(9);
    assertThat(CopiedHandlers.seen(mill)).containsExactly(durable, durable, durable);
    assertWhole(mill);
    runsToTheEnd();
  }

  @Test
  @Tag("K9")
  @DisplayName("K9 a state as of an older checkpoint leaves out the branch that was rolled back")
  void state_ofAnOlderCheckpoint() throws Exception {
    mill.depth(0).script.reversibleFrom(1);
    counts(6);
    mill.script.then(() -> {
      awaitThat(() -> mill.store.frontier(LANE).checkpoint() == 6);
      mill.script.cut(3);
      mill.script.block(count("x"), count("y"), count("z")).block(count("w"));
    });

    runsToTheEnd();
    MemoryMirror mirror = mirror(mill);
    for (long at = 1; at <= 5; at++) {
      assertThat(mirror.rows(LANE, LaneHarness.CELL, at).values())
          .as("checkpoint %d", at)
          .containsExactly(cell("all", "", List.of(1, 2, 3, 6, 7).get((int) at - 1)));
    }
    assertThat(mirror.rows(LANE, CopiedHandlers.NOTE, 4).keySet())
        .containsExactly("note 0", "note 1", "note 2", "x", "y", "z");
  }

  @Test
  @Tag("K11")
  @DisplayName("K11 a LATEST entity has no state before the last final checkpoint, and says so")
  void state_thatIsNotKept() throws Exception {
    mill.script.reversibleFrom(4);
    counts(6);
    runsToTheEnd();

    assertThat(mirror(mill).rows(LANE, CopiedHandlers.PEAK, 4)).containsKey("all");
    assertThatThrownBy(() -> mirror(mill).rows(LANE, CopiedHandlers.PEAK, 3))
        .hasMessageContaining("state is not kept: entity=Peak checkpoint=3 settled=4");
  }

  @Test
  @Tag("K11")
  @DisplayName("K11 housekeeping between any two steps, retries and crashes: the same answers")
  void housekeeping_changesNoAnswer() throws Exception {
    for (int passing = 1; passing < 40; passing += 3) {
      try (LaneHarness other = CopiedHandlers.mill()) {
        other.script.reversibleFrom(3);
        for (int i = 0; i < 7; i++) {
          other.script.block(count("note " + i));
        }
        other.script.then(() -> {
          other.script.cut(5);
          other.script.block(count("other")).block(count("more"));
        });
        other.script.then(() -> other.script.finalTo(5));
        AtomicInteger passed = new AtomicInteger();
        int first = passing;
        Failpoint housekeeping =
            (_, _) -> {
              if (passed.incrementAndGet() >= first) {
                mirror(other).clean(LANE);
              }
            };
        Set<String> sent = ConcurrentHashMap.newKeySet();
        mirror(other)
            .timesOut(call -> sent.size() < 6 && call.hashCode() % 3 == 0 && sent.add(call));
        CrashFailpoint crash = CrashFailpoint.at(Point.MIRRORED, passing / 6);
        other.fault =
            (point, number) -> {
              housekeeping.reached(point, number);
              crash.reached(point, number);
            };
        other.run();
        other.fault = housekeeping;
        mirror(other).land();
        assertThat(other.run()).isEqualTo(new LaneOutcome.Done());
        assertWhole(other);
        mirror(other).land();
        mirror(other).clean(LANE);
        assertWhole(other);
      }
    }
  }

  @Test
  @Tag("K12")
  @DisplayName("K12 a publication that timed out lands after a rewind was published: no effect")
  void publication_thatTimedOutLandsAfterARewind() throws Exception {
    mill.depth(0).script.reversibleFrom(1);
    counts(4);
    AtomicInteger lost = new AtomicInteger();
    mirror(mill).timesOut(call -> call.startsWith("publish 1 4") && lost.getAndIncrement() == 0);
    mill.script.then(() -> {
      awaitThat(() -> mill.store.frontier(LANE).checkpoint() == 4);
      mill.script.cut(2);
      mill.script.block(count("after"));
    });

    runsToTheEnd();
    assertThat(lost.get()).isPositive();
    mirror(mill).land();
    assertWhole(mill);
    assertThat(CopiedHandlers.seen(mill)).containsExactly(3L, 3L, 3L);
  }
}
