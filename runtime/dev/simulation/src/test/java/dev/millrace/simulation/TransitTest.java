package dev.millrace.simulation;

import static dev.millrace.simulation.LaneHarness.LANE;
import static dev.millrace.simulation.LaneHarness.cell;
import static dev.millrace.simulation.LaneHarness.increment;
import static dev.millrace.simulation.LaneHarness.save;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.lane.Lane;
import dev.millrace.lane.LaneOutcome;
import dev.millrace.pipeline.Failpoint.Point;
import dev.millrace.simulation.LaneHarness.Cell;
import dev.millrace.testkit.StepGates;
import dev.millrace.testkit.UndoLogRow;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Batches whose commit is held: how far others run ahead, and how their commits go on. */
@Timeout(60)
final class TransitTest {
  /** Long compared with a fetch in this test. */
  private static final Duration PAUSE = Duration.ofMillis(100);

  private final LaneHarness mill = new LaneHarness().notEmpty();

  @AfterEach
  void close() {
    mill.close();
  }

  @Test
  @Tag("A6")
  @DisplayName("A6 three increments in transit: the fourth batch reads 3")
  void batches_addUpInTransit() throws Exception {
    StepGates.Gate commit = mill.gates.hold(Point.BEFORE_COMMIT);
    mill.script.block(increment("c")).block(increment("c")).block(increment("c"));
    mill.script.block(mill.find("c"));
    Lane lane = mill.start();
    mill.gates.awaitPassed(Point.AFTER_RUN, 4);

    assertThat(mill.seen).containsEntry("find c", Optional.of(cell("c", "", 3)));
    assertThat(mill.store.commits(LANE)).isEmpty();
    commit.release();
    assertThat(lane.await()).isEqualTo(new LaneOutcome.Done());
  }

  @Test
  @Tag("A10")
  @Tag("A31")
  @DisplayName("A10 A31 held commits: depth and bytes hold execute back, and the stall has a cause")
  void execute_waitsForRoom() throws Exception {
    mill.depth(100).stagedBytes(20_000);
    for (int i = 0; i < 300; i++) {
      mill.script.block(save("cell " + i, "x".repeat(200), i));
    }
    StepGates.Gate commit = mill.gates.hold(Point.BEFORE_COMMIT);
    Lane lane = mill.start();
    commit.await();
    LaneHarness.awaitThat(() -> lane.status().stalledNanos().getOrDefault("bytes", 0L) > 0);
    int ran = mill.gates.passed(Point.AFTER_RUN).size();
    assertThat(ran).isBetween(5, 100);
    // Eight more are fetched and have not run, at any depth.
    mill.gates.awaitPassed(Point.FETCH, ran + 8L);
    StepGates.Gate fetch = mill.gates.hold(Point.FETCH, ran + 9L);
    assertThat(fetch.staysEmpty(PAUSE)).as("the source pauses").isTrue();
    assertThat(mill.gates.passed(Point.FETCH)).hasSize(ran + 8);
    fetch.release();
    assertThat(lane.status().waitingFor()).isEqualTo("room in memory");
    assertThat(lane.status().bytesInMemory() + lane.status().bytesInTransit()).isLessThan(25_000);
    commit.release();
    assertThat(lane.await()).isEqualTo(new LaneOutcome.Done());
    assertThat(mill.cells()).hasSize(301);
  }

  @Test
  @Tag("A10")
  @DisplayName("A10 depth 1 lets one batch run beside the commit in flight, depth 0 none")
  void depth_boundsWhatRunsAhead() throws Exception {
    for (int depth : List.of(0, 1, 3)) {
      try (LaneHarness other = new LaneHarness().depth(depth)) {
        for (int i = 0; i < 20; i++) {
          other.script.block(increment("c"));
        }
        int places = depth == 0 ? 4 : 8;
        StepGates.Gate commit = other.gates.hold(Point.BEFORE_COMMIT);
        StepGates.Gate fetch = other.gates.hold(Point.FETCH, places + 1);
        Lane lane = other.start();
        commit.await();
        LaneHarness.awaitThat(() -> lane.status().stalledNanos().getOrDefault("depth", 0L) > 0);
        other.gates.awaitPassed(Point.FETCH, places);
        assertThat(fetch.staysEmpty(PAUSE)).as("the source pauses").isTrue();
        fetch.release();
        assertThat(other.gates.passed(Point.AFTER_RUN)).as("depth " + depth).hasSize(depth + 1);
        assertThat(lane.status().waitingFor()).isEqualTo("commits");
        commit.release();
        assertThat(lane.await()).isEqualTo(new LaneOutcome.Done());
        assertThat(lane.status().waitingFor()).isEmpty();
      }
    }
  }

  @Test
  @Tag("A11")
  @DisplayName("A11 a batch larger than all limits goes ahead")
  void batch_largerThanTheLimitGoesAhead() throws Exception {
    mill.stagedBytes(0).batchEvents(1_000);
    for (int i = 0; i < 5; i++) {
      mill.script.block(context -> {
        for (int id = 0; id < 500; id++) {
          context.save(cell("cell " + id, "x".repeat(100), id));
        }
      });
    }
    assertThat(mill.run()).isEqualTo(new LaneOutcome.Done());
    assertThat(mill.cells()).hasSize(501);
  }

  @Test
  @Tag("A14")
  @DisplayName("A14 a row changed while its last change is being written: both, one history each")
  void row_changesWhileItIsWritten() throws Exception {
    mill.stored(cell("x", "a", 0));
    StepGates.Gate copy = mill.gates.hold(Point.DURING_COPY, 1);
    mill.script.open().reversibleFrom(0).block(increment("x"));
    Lane lane = mill.start();
    copy.await();
    mill.script.block(increment("x"), increment("x"));
    mill.gates.awaitPassed(Point.AFTER_RUN, 2);
    mill.script.end();
    copy.release();
    assertThat(lane.await()).isEqualTo(new LaneOutcome.Done());

    assertThat(mill.cells()).contains(cell("x", "", 3));
    assertThat(mill.store.undo(LANE))
        .containsExactly(
            new UndoLogRow("cell", "x", 1, cell("x", "a", 0)),
            new UndoLogRow("cell", "x", 2, cell("x", "", 1)));
  }

  @Test
  @Tag("A17")
  @DisplayName("A17 blocks without events still move the frontier, durably")
  void quietBlocks_moveTheFrontier() throws Exception {
    mill.script.quiet(3);
    assertThat(mill.run()).isEqualTo(new LaneOutcome.Done());
    assertThat(mill.store.frontier(LANE).checkpoint()).isZero();
    assertThat(mill.store.frontier(LANE).place()).extracting("block").isEqualTo(2L);

    mill.script.block(increment("c")).quiet(4);
    assertThat(mill.run()).isEqualTo(new LaneOutcome.Done());
    assertThat(mill.store.frontier(LANE).checkpoint()).isEqualTo(1);
    assertThat(mill.store.frontier(LANE).place()).extracting("block").isEqualTo(7L);
  }

  @Test
  @Tag("A22")
  @DisplayName("A22 with the source ahead a batch commits while the next one runs")
  void batch_commitsWhileTheNextRuns() throws Exception {
    for (int i = 0; i < 50; i++) {
      mill.script.block(increment("c"));
    }
    StepGates.Gate first = mill.gates.hold(Point.BEFORE_RUN, 1);
    StepGates.Gate third = mill.gates.hold(Point.BEFORE_RUN, 3);
    Lane lane = mill.start();
    first.await();
    mill.gates.awaitPassed(Point.FETCH, 5); // 2 to 4 lie in the ring, so execute finds them at once
    first.release();
    third.await();
    mill.gates.awaitPassed(Point.COMMITTED, 2); // while the third is held during its run

    assertThat(mill.gates.passed(Point.AFTER_RUN)).containsExactly(1L, 2L);
    third.release();
    assertThat(lane.await()).isEqualTo(new LaneOutcome.Done());
  }

  @Test
  @Tag("A24")
  @DisplayName("A24 deleted then saved, created then changed, created then deleted in one group")
  void group_takesItsBatchesTogether() throws Exception {
    mill.stored(cell("x", "a", 1));
    StepGates.Gate commit = mill.gates.hold(Point.BEFORE_COMMIT, 1);
    mill.script.open().block(mill.find("x"), mill.find("new"), mill.find("gone"));
    Lane lane = mill.start();
    commit.await();
    mill.script
        .block(context -> {
          context.delete(Cell.class, "x");
          context.save(cell("new", "", 1));
          context.save(cell("gone", "", 1));
        })
        .block(context -> {
          context.save(cell("x", "b", 2));
          context.save(cell("new", "", 2));
          context.delete(Cell.class, "gone");
        })
        .block(mill.find("x")); // once this batch runs, commit can see the two before it
    mill.gates.awaitPassed(Point.BEFORE_RUN, 4);
    mill.script.end();
    commit.release();
    assertThat(lane.await()).isEqualTo(new LaneOutcome.Done());

    assertThat(mill.store.commits(LANE).get(1).batches()).startsWith(2L, 3L);
    assertThat(mill.cells())
        .containsExactly(cell("new", "", 2), cell("other", "nobody", 0), cell("x", "b", 2));
  }
}
