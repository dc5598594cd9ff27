package dev.millrace.simulation;

import static dev.millrace.simulation.LaneHarness.LANE;
import static dev.millrace.simulation.LaneHarness.cell;
import static dev.millrace.simulation.LaneHarness.failing;
import static dev.millrace.simulation.LaneHarness.failure;
import static dev.millrace.simulation.LaneHarness.increment;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.lane.Lane;
import dev.millrace.lane.LaneOutcome;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.pipeline.Failpoint.Point;
import dev.millrace.testkit.StepGates;
import dev.millrace.testkit.UndoLogRow;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The claims that a lane and its store make together of every commit, over a store in memory: the
 * order and the size of groups, the fence, a lost reply, errors that pass and errors that do not.
 * {@code CommitProtocolIT} holds those of the transaction over PostgreSQL, failpoint by failpoint.
 */
@Timeout(120)
final class CommitProtocolTest {
  private final LaneHarness mill = new LaneHarness();

  @AfterEach
  void close() {
    mill.close();
  }

  private void increments(int blocks) {
    for (int i = 0; i < blocks; i++) {
      mill.script.block(increment("c"));
    }
  }

  @Test
  @Tag("A7")
  @DisplayName("A7 commits come in order and without gaps, however long each takes")
  void commits_comeInOrder() throws Exception {
    mill.notEmpty();
    increments(30);
    StepGates.Gate third = mill.gates.hold(Point.DURING_COPY, 3);
    StepGates.Gate first = mill.gates.hold(Point.BEFORE_COMMIT, 1);
    StepGates.Gate second = mill.gates.hold(Point.BEFORE_BEGIN, 2);
    Lane lane = mill.start();
    for (StepGates.Gate gate : List.of(first, second, third)) {
      gate.await();
      gate.release();
    }
    assertThat(lane.await()).isEqualTo(new LaneOutcome.Done());

    List<MemoryStore.Commit> commits = mill.store.commits(LANE);
    assertThat(commits.stream().map(MemoryStore.Commit::number))
        .containsExactlyElementsOf(LongStream.rangeClosed(1, commits.size()).boxed().toList());
    assertThat(commits.stream().flatMap(commit -> commit.batches().stream()))
        .containsExactlyElementsOf(LongStream.rangeClosed(1, 30).boxed().toList());
    assertThat(mill.gates.passed(Point.COMMITTED)).isSorted();
  }

  @Test
  @Tag("A12")
  @DisplayName("A12 batches that wait become one commit when the committer is free")
  void waitingBatches_becomeOneCommit() throws Exception {
    mill.notEmpty();
    StepGates.Gate commit = mill.gates.hold(Point.BEFORE_COMMIT, 1);
    mill.script.open().block(increment("c"));
    Lane lane = mill.start();
    commit.await();
    for (int i = 0; i < 5; i++) {
      mill.script.block(increment("c"));
    }
    mill.gates.awaitPassed(Point.AFTER_RUN, 6);
    mill.script.end();
    commit.release();
    assertThat(lane.await()).isEqualTo(new LaneOutcome.Done());

    assertThat(mill.store.commits(LANE))
        .extracting(MemoryStore.Commit::batches)
        .first()
        .isEqualTo(List.of(1L));
    assertThat(mill.store.commits(LANE).get(1).batches()).startsWith(2L, 3L, 4L, 5L);
    assertThat(mill.store.frontier(LANE).checkpoint()).isEqualTo(6);
  }

  @Test
  @Tag("A13")
  @DisplayName("A13 a run that crosses into the window is split, and history kept for its part")
  void group_isSplitAtTheWindow() throws Exception {
    mill.notEmpty();
    StepGates.Gate commit = mill.gates.hold(Point.BEFORE_COMMIT, 1);
    mill.batchEvents(2).script.open().reversibleFrom(4).block(increment("c"), increment("c"));
    Lane lane = mill.start();
    commit.await();
    for (int i = 1; i < 8; i++) {
      mill.script.block(increment("c"));
    }
    LaneHarness.awaitThat(() -> lane.status().processed().block() == 7);
    mill.script.end();
    commit.release();
    assertThat(lane.await()).isEqualTo(new LaneOutcome.Done());

    assertThat(mill.store.commits(LANE))
        .noneMatch(one -> one.block() > 3 && !one.reversible())
        .anyMatch(one -> one.block() == 3 && !one.reversible());
    assertThat(mill.store.undo(LANE))
        .containsExactlyElementsOf(
            LongStream.range(5, 9)
                .mapToObj(at -> new UndoLogRow("cell", "c", at, cell("c", "", at)))
                .toList());
  }

  @Test
  @Tag("D3")
  @DisplayName("D3 a lane that was taken over cannot commit, and says so")
  void commit_ofAFencedLaneIsRefused() throws Exception {
    increments(2);
    StepGates.Gate commit = mill.gates.hold(Point.DURING_COPY, 1);
    Lane sleeper = mill.start();
    commit.await();
    StepGates other = new StepGates();
    try (LaneHarness successor = new LaneHarness()) {
      successor.script.block(increment("d"));
      Lane lane =
          new Lane(
              LANE,
              LaneHarness.definition(),
              successor.script,
              mill.store.opened(other).takeOver(LANE),
              mill.settings,
              other);
      lane.start();
      assertThat(lane.await()).isEqualTo(new LaneOutcome.Done());
      lane.close();
    }
    commit.release();

    assertThat(failure(sleeper.await()).remedy()).isEqualTo(Remedy.YIELD);
    assertThat(mill.cells()).containsExactly(cell("d", "", 1));
  }

  @Test
  @Tag("A20")
  @DisplayName("A20 the reply to a commit is lost: nothing is written twice, and the lane goes on")
  void commit_whoseReplyIsLostIsNotRepeated() throws Exception {
    increments(4);
    mill.depth(0).fault = failing(Point.AFTER_COMMIT, 2, 1, Remedy.RETRY);

    assertThat(mill.run()).isEqualTo(new LaneOutcome.Done());
    assertThat(mill.store.commits(LANE))
        .extracting(MemoryStore.Commit::number)
        .containsExactly(1L, 2L, 3L, 4L);
    assertThat(mill.cells()).containsExactly(cell("c", "", 4));
  }

  @Test
  @Tag("A9")
  @DisplayName("A9 a transient error during a commit: tried again, handlers do not run again")
  void commit_isTriedAgainAfterATransientError() throws Exception {
    AtomicInteger ran = new AtomicInteger();
    for (int i = 0; i < 4; i++) {
      mill.script.block(context -> {
        ran.incrementAndGet();
        increment("c").run(context);
      });
    }
    mill.fault = failing(Point.BEFORE_COMMIT, 2, 2, Remedy.RETRY);

    assertThat(mill.run()).isEqualTo(new LaneOutcome.Done());
    assertThat(ran).hasValue(4);
    assertThat(mill.cells()).containsExactly(cell("c", "", 4));
  }

  @Test
  @Tag("A8")
  @DisplayName(
      "A8 a commit fails for good: nothing behind it lands, and a restart begins before it")
  void commit_afterAFailureLandsNothingLater() throws Exception {
    increments(3);
    mill.fault = failing(Point.BEFORE_COMMIT, 1, 9, Remedy.FIX_HANDLER);
    StepGates.Gate commit = mill.gates.hold(Point.BEFORE_COMMIT, 1);
    Lane lane = mill.start();
    mill.gates.awaitPassed(Point.AFTER_RUN, 3);
    commit.release();

    assertThat(failure(lane.await()))
        .hasMessageContaining("commit failed: batch=1 blocks=0..0")
        .hasMessageEndingWith("; fix it and run again, which goes on from the start")
        .extracting(MillraceException::remedy)
        .isEqualTo(Remedy.FIX_HANDLER); // which ends the process with exit code 1
    assertThat(mill.cells()).isEmpty();
    mill.fault = Failpoint.NONE;
    assertThat(mill.run()).isEqualTo(new LaneOutcome.Done());
    assertThat(mill.cells()).containsExactly(cell("c", "", 3));
  }

  @Test
  @Tag("A8")
  @DisplayName("A8 a group fails for good: what precedes the culprit commits, and it has a name")
  void group_thatFailsIsTriedBatchByBatch() throws Exception {
    StepGates.Gate first = mill.gates.hold(Point.BEFORE_COMMIT, 1);
    mill.script.open().block(increment("c"));
    Lane lane = mill.start();
    first.await();
    increments(4);
    mill.gates.awaitPassed(Point.AFTER_RUN, 5);
    // Commit 2 is the group, then batch 2 alone; commit 4 is batch 4.
    Failpoint group = failing(Point.BEFORE_COMMIT, 2, 1, Remedy.FIX_HANDLER);
    Failpoint culprit = failing(Point.BEFORE_COMMIT, 4, 1, Remedy.FIX_HANDLER);
    mill.fault =
        (point, number) -> {
          group.reached(point, number);
          culprit.reached(point, number);
        };
    first.release();

    assertThat(failure(lane.await())).hasMessageContaining("batch=4");
    assertThat(mill.cells()).containsExactly(cell("c", "", 3));
  }
}
