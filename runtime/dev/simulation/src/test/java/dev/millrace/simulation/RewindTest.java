package dev.millrace.simulation;

import static dev.millrace.simulation.LaneHarness.LANE;
import static dev.millrace.simulation.LaneHarness.cell;
import static dev.millrace.simulation.LaneHarness.increment;
import static dev.millrace.simulation.LaneHarness.save;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.lane.Lane;
import dev.millrace.lane.LaneOutcome;
import dev.millrace.pipeline.Effect;
import dev.millrace.pipeline.Failpoint.Point;
import dev.millrace.pipeline.SourceBlock;
import dev.millrace.simulation.LaneHarness.Cell;
import dev.millrace.testkit.ScriptedSource;
import dev.millrace.testkit.StepGates;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Reorgs of every kind, at every stage of a lane. */
@Timeout(60)
final class RewindTest {
  private final LaneHarness mill = new LaneHarness();

  @AfterEach
  void close() {
    mill.close();
  }

  private static ScriptedSource.Step delete(String id) {
    return context -> context.delete(Cell.class, id);
  }

  /** Replaces everything from a block on, once all earlier blocks are durable. */
  private void thenFork(long from, ScriptedSource.Step... replacement) {
    mill.script.then(() -> {
      awaitCommitted();
      mill.script.cut(from);
      mill.script.block(replacement);
    });
  }

  private void awaitCommitted() {
    SourceBlock last = mill.script.currentBlocks().getLast().block();
    LaneHarness.awaitThat(() -> Objects.equals(last.hash(), mill.store.frontier(LANE).hash()));
  }

  private void runsToTheOracle() throws Exception {
    assertThat(mill.run()).isEqualTo(new LaneOutcome.Done());
    assertThat(mill.cells()).isEqualTo(mill.oracleCells());
  }

  @Test
  @Tag("E1")
  @DisplayName(
      "E1 inserts, updates and deletes of a replaced block are gone, and the next one's apply")
  void block_thatIsReplacedLeavesNothing() throws Exception {
    mill.script.reversibleFrom(1).block(save("kept", "a", 1), save("gone", "a", 1));
    mill.script.block(save("new", "b", 2), increment("kept"), delete("gone"));
    thenFork(1, save("other", "c", 3));

    runsToTheOracle();
    assertThat(mill.cells())
        .containsExactly(cell("gone", "a", 1), cell("kept", "a", 1), cell("other", "c", 3));
  }

  @Test
  @Tag("E3")
  @Tag("E4")
  @DisplayName(
      "E3 E4 a row goes back to its value before the first replaced change, wherever that was")
  void rows_goBackBeforeTheFirstReplacedChange() throws Exception {
    mill.script.reversibleFrom(2);
    mill.script.block(save("old", "", 10), save("dead", "", 1), save("thrice", "", 7));
    mill.script.block(increment("old"));
    mill.script.block(delete("dead"));
    for (int i = 0; i < 3; i++) {
      mill.script.block(increment("thrice"), increment("old"), increment("born"));
    }
    thenFork(3, save("branch", "", 1));

    runsToTheOracle();
    assertThat(mill.cells())
        .containsExactly(cell("branch", "", 1), cell("old", "", 11), cell("thrice", "", 7));
  }

  @ParameterizedTest(name = "E5 the reorg arrives when batch {1} is at {0}")
  @CsvSource({
    "FETCH, 3",
    "BEFORE_PRELOAD, 3",
    "BEFORE_RUN, 3",
    "AFTER_RUN, 3",
    "BEFORE_COMMIT_GROUP, 1",
    "BEFORE_BEGIN, 1",
    "DURING_COPY, 1",
    "BEFORE_COMMIT, 1",
    "AFTER_COMMIT, 1",
    "COMMITTED, 1"
  })
  @Tag("E5")
  void reorg_atAnyStageLeavesTheNewBranchAlone(Point point, long number) throws Exception {
    for (int depth : List.of(0, 1, 8)) {
      try (LaneHarness other = new LaneHarness().depth(depth)) {
        other.script.reversibleFrom(1).open();
        for (int i = 0; i < 6; i++) {
          other.script.block(increment("all"), increment("cell " + i));
        }
        AtomicInteger times = new AtomicInteger();
        other.fault =
            (at, passed) -> {
              if (at == point && passed >= number && times.getAndIncrement() == 0) {
                other.script.cut(1);
                other.script.block(increment("all"), increment("elsewhere"));
                other.script.block(increment("all")).end();
              }
            };
        try (Lane lane = other.start()) {
          LaneHarness.awaitThat(() -> times.get() > 0);
          assertThat(lane.await()).isEqualTo(new LaneOutcome.Done());
          assertThat(lane.status().rewinds().count()).isEqualTo(1);
        }
        assertThat(other.cells()).isEqualTo(other.oracleCells());
      }
    }
  }

  @ParameterizedTest(name = "E6 another reorg, from block {1}, arrives at {0}")
  @CsvSource({
    "BEFORE_REWIND, 1",
    "BEFORE_REWIND, 4",
    "REWINDING, 1",
    "REWINDING, 4",
    "AFTER_REWIND, 1",
    "AFTER_REWIND, 4"
  })
  @Tag("E6")
  void reorg_duringARewindLeavesTheLastBranchAlone(Point point, long from) throws Exception {
    mill.script.reversibleFrom(1);
    for (int i = 0; i < 6; i++) {
      mill.script.block(increment("all"), increment("cell " + i));
    }
    thenFork(3, increment("second"), increment("all"));
    mill.script.then(() -> mill.script.block(increment("all")));
    AtomicInteger times = new AtomicInteger();
    mill.fault =
        (at, _) -> {
          if (at == point && times.getAndIncrement() == 0) {
            mill.script.proceed();
            mill.script.cut(Math.min(from, mill.script.currentBlocks().size()));
            mill.script.block(increment("third"), increment("all"));
          }
        };

    runsToTheOracle();
    assertThat(times.get()).isPositive();
    assertThat(mill.store.rewinds(LANE)).isEqualTo(from < 3 ? 2 : 1);
  }

  @Test
  @Tag("E7")
  @DisplayName("E7 the first branch comes back: the tables are those of the first branch")
  void branch_thatComesBackIsAsIfItHadNeverGone() throws Exception {
    mill.script.reversibleFrom(1);
    for (int i = 0; i < 4; i++) {
      mill.script.block(increment("all"), save("block " + i, "", i));
    }
    List<ScriptedSource.ScriptedBlock> first = new ArrayList<>();
    mill.script.then(() -> {
      awaitCommitted();
      first.addAll(mill.script.cut(2));
      mill.script.block(increment("all"), save("branch", "", 1)).quiet(3);
    });
    mill.script.then(() -> {
      awaitCommitted();
      mill.script.paste(first);
    });

    runsToTheOracle();
    assertThat(mill.cells()).contains(cell("all", "", 4)).doesNotContain(cell("branch", "", 1));
    assertThat(mill.store.rewinds(LANE)).isEqualTo(2);
  }

  @Test
  @Tag("E12")
  @Tag("E13")
  @DisplayName("E12 E13 a shorter chain, and a reorg at the first block: back to empty, then on")
  void reorg_ofTheFirstBlockGoesBackToEmpty() throws Exception {
    mill.script.reversibleFrom(0);
    for (int i = 0; i < 4; i++) {
      mill.script.block(increment("all"));
    }
    thenFork(0, increment("other"));

    runsToTheOracle();
    assertThat(mill.cells()).containsExactly(cell("other", "", 1));
    assertThat(mill.store.frontier(LANE).checkpoint()).isEqualTo(1);
  }

  @Test
  @Tag("E15")
  @DisplayName("E15 a replaced block without events still rewinds hash and frontier, once")
  void reorg_ofAQuietBlockRewindsTheFrontier() throws Exception {
    mill.script.reversibleFrom(1).block(increment("a")).quiet(3);
    mill.script.then(() -> {
      awaitCommitted();
      mill.script.cut(2);
      mill.script.quiet(4);
    });

    runsToTheOracle();
    assertThat(mill.store.rewinds(LANE)).isEqualTo(1);
    assertThat(mill.store.frontier(LANE).hash())
        .isEqualTo(mill.script.currentBlocks().getLast().block().hash());
  }

  @ParameterizedTest(name = "E17 a row of the old branch is read anew, stagedBytes={0}")
  @CsvSource({"0", "67108864"})
  @Tag("E17")
  void read_afterARewindSeesTheSurvivingValue(long stagedBytes) throws Exception {
    mill.notEmpty().stagedBytes(stagedBytes);
    mill.script.reversibleFrom(1).block(save("x", "", 100));
    mill.script.block(save("x", "", 101)).quiet(1).block(mill.find("x"));
    mill.script.then(() -> {
      awaitCommitted();
      assertThat(mill.seen.get("find x")).hasToString("Optional[" + cell("x", "", 101) + "]");
      mill.script.cut(1);
      mill.script.block(mill.find("x"));
    });

    assertThat(mill.run()).isEqualTo(new LaneOutcome.Done());
    assertThat(mill.seen.get("find x")).hasToString("Optional[" + cell("x", "", 100) + "]");
  }

  @Test
  @Tag("E18")
  @DisplayName(
      "E18 answers, known-absent ids and complete filters of the old branch are asked anew")
  void memory_ofTheOldBranchIsForgotten() throws Exception {
    AtomicInteger asked = new AtomicInteger();
    Effect<Long, Long> price =
        Effect.of("price", Long.class, Long.class, _ -> (long) asked.incrementAndGet()).persisted();
    ScriptedSource.Step ask = context -> mill.seen.put("price", context.effect(price, 1L));
    mill.notEmpty();
    mill.script.reversibleFrom(1).block(save("a", "owner", 1));
    mill.script.block(ask, mill.find("absent"), mill.findByOwner("owner"), save("b", "owner", 1));
    mill.script.block(mill.findByOwner("owner"));
    mill.script.then(() -> {
      awaitCommitted();
      assertThat(mill.store.effects(LANE)).hasSize(1);
      mill.store.takeQueries();
      mill.script.cut(1);
      mill.script.block(ask, mill.find("absent"), mill.findByOwner("owner"));
    });

    assertThat(mill.run()).isEqualTo(new LaneOutcome.Done());
    assertThat(asked).hasValue(2);
    assertThat(mill.seen)
        .containsEntry("price", 2L)
        .containsEntry("owner owner", List.of(cell("a", "owner", 1)));
    assertThat(mill.store.takeQueries()).anyMatch(query -> query.contains("absent"));
    assertThat(mill.store.effects(LANE)).hasSize(1);
  }

  @Test
  @Tag("E19")
  @DisplayName("E19 blocks that ran and were never committed leave nothing")
  void blocks_neverCommittedLeaveNothing() throws Exception {
    StepGates.Gate commit = mill.gates.hold(Point.BEFORE_BEGIN, 1);
    mill.script.reversibleFrom(0).open();
    for (int i = 0; i < 4; i++) {
      mill.script.block(increment("all"));
    }
    Lane lane = mill.start();
    commit.await();
    mill.gates.awaitPassed(Point.AFTER_RUN, 4);
    mill.script.cut(1);
    mill.script.block(increment("other")).end();
    commit.release();

    assertThat(lane.await()).isEqualTo(new LaneOutcome.Done());
    assertThat(mill.cells()).containsExactly(cell("all", "", 1), cell("other", "", 1));
    assertThat(mill.store.commits(LANE)).allMatch(one -> one.epoch() < 3).hasSizeLessThan(4);
  }
}
