package dev.millrace.simulation;

import static dev.millrace.simulation.LaneHarness.cell;
import static dev.millrace.simulation.LaneHarness.failing;
import static dev.millrace.simulation.LaneHarness.failure;
import static dev.millrace.simulation.LaneHarness.increment;
import static dev.millrace.simulation.LaneHarness.save;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.lane.Lane;
import dev.millrace.lane.LaneOutcome;
import dev.millrace.lane.LaneSettings;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.pipeline.Failpoint.Point;
import dev.millrace.simulation.LaneHarness.Cell;
import dev.millrace.testkit.CrashFailpoint;
import dev.millrace.testkit.StepGates;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Failures of a store, a handler or the whole process, and the reaction of the lane. */
@Timeout(120)
final class FailureTest {
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
  @Tag("A15")
  @DisplayName("A15 a drain commits the batches that wait")
  void drain_commitsWhatHasRun() throws Exception {
    StepGates.Gate commit = mill.gates.hold(Point.BEFORE_COMMIT, 1);
    mill.script.open();
    increments(4);
    Lane lane = mill.start();
    mill.gates.awaitPassed(Point.AFTER_RUN, 4);
    FutureTask<Boolean> drain = background(() -> lane.drain(Duration.ofSeconds(30)));
    mill.script.block(increment("c"));
    commit.release();

    assertThat(drain.get()).isTrue();
    assertThat(lane.await()).isEqualTo(new LaneOutcome.Drained());
    long drained = mill.cells().getFirst().value();
    assertThat(drained).isBetween(4L, 5L);
    mill.script.end();
    assertThat(mill.run()).isEqualTo(new LaneOutcome.Done());
    assertThat(mill.cells()).containsExactly(cell("c", "", 5));
  }

  @Test
  @Tag("A15")
  @DisplayName("A15 past the deadline a drain is broken off, and the restart is right")
  void drain_pastItsDeadlineRollsBack() throws Exception {
    StepGates.Gate commit = mill.gates.hold(Point.BEFORE_COMMIT, 1);
    increments(3);
    Lane lane = mill.start();
    commit.await();

    assertThat(lane.drain(Duration.ofMillis(50))).isFalse();
    assertThat(failure(lane.await()).remedy()).isEqualTo(Remedy.RESTART);
    assertThat(mill.cells()).isEmpty();
    commit.release();
    assertThat(mill.run()).isEqualTo(new LaneOutcome.Done());
    assertThat(mill.cells()).containsExactly(cell("c", "", 3));
  }

  private static <T> FutureTask<T> background(Callable<T> work) {
    FutureTask<T> task = new FutureTask<>(work);
    Thread.ofVirtual().start(task);
    return task;
  }

  @ParameterizedTest(name = "A16 a crash at {0} leaves what an uninterrupted run leaves")
  @EnumSource(Point.class)
  @Tag("A16")
  @Tag("D1")
  void crash_atEveryPointIsRepairedByARestart(Point point) throws Exception {
    for (int passing = 1; passing <= 6; passing++) {
      for (int depth : List.of(0, 1, 8)) {
        try (LaneHarness other = new LaneHarness(LaneHarness.mirroring()).notEmpty()) {
          for (int i = 0; i < 8; i++) {
            String hot = "hot " + i % 2;
            other.script.block(increment(hot), increment("cell " + i), other.findByOwner("a"));
          }
          other.script.reversibleFrom(4).quiet(2);
          for (int round = 0; round < 6; round++) {
            other.script.then(() -> {
              other.script.cut(6);
              other.script.block(increment("hot 1")).quiet(3);
            });
          }
          other.depth(depth);
          CrashFailpoint crash = CrashFailpoint.at(point, passing);
          Failpoint rollback = failing(Point.BEFORE_COMMIT, 2, 1, Remedy.RETRY);
          other.fault =
              (at, number) -> {
                crash.reached(at, number);
                if (point == Point.ROLLING_BACK) {
                  rollback.reached(at, number);
                }
              };
          LaneOutcome first = other.run();
          assertThat(crash.hasHappened() || passing > 1).as("%s is passed", point).isTrue();
          assertThat(first instanceof LaneOutcome.Done).isEqualTo(!crash.hasHappened());
          other.fault = Failpoint.NONE;
          if (crash.hasHappened()) {
            assertThat(other.run()).isEqualTo(new LaneOutcome.Done());
          }
          List<Cell> expected =
              java.util.stream.Stream.concat(
                      other.oracleCells().stream(),
                      java.util.stream.Stream.of(cell("other", "nobody", 0)))
                  .sorted(java.util.Comparator.comparing(Cell::id))
                  .toList();
          assertThat(other.cells()).isEqualTo(expected);
        }
      }
    }
  }

  @Test
  @Tag("A18")
  @DisplayName("A18 batch sizes 1, 7, 1000 and depths 0, 1, 8 leave the same tables")
  void tables_doNotDependOnBatchesOrDepth() throws Exception {
    for (int events : List.of(1, 7, 1000)) {
      for (int depth : List.of(0, 1, 8)) {
        try (LaneHarness other = new LaneHarness()) {
          other.settings = new LaneSettings(depth, events, 64L << 20, 64L << 20);
          for (int i = 0; i < 100; i++) {
            String id = "cell " + i % 7;
            other.script.block(
                increment("all"),
                context -> {
                  increment(id).run(context);
                  if (LaneHarness.ownedBy(context, "").size() > 5) {
                    context.delete(Cell.class, id);
                  }
                });
          }
          assertThat(other.run()).isEqualTo(new LaneOutcome.Done());
          assertThat(other.cells()).isEqualTo(other.oracleCells());
        }
      }
    }
  }

  @Test
  @Tag("A19")
  @DisplayName(
      "A19 a handler throws: batches before it commit, the error names it, a restart retries")
  void handler_thatThrowsStopsTheLane() throws Exception {
    AtomicBoolean broken = new AtomicBoolean(true);
    increments(2);
    mill.script.block(
        increment("c"),
        context -> {
          increment("c").run(context);
          if (broken.get()) {
            throw new IllegalStateException("bitter poison");
          }
        });
    increments(2);

    assertThat(failure(mill.run()))
        .hasMessageMatching(
            "event failed: block=2 logIndex=1 handler=step"
                + " reason=\"java.lang.IllegalStateException: bitter poison\""
                + " at=FailureTest.java:\\d+ lane=1"
                + "; fix it and run again, which goes on from block 2")
        .hasRootCauseMessage("bitter poison")
        .extracting(MillraceException::remedy)
        .isEqualTo(Remedy.FIX_HANDLER);
    assertThat(KeptLogs.traces())
        .containsOnlyOnce("java.lang.IllegalStateException: bitter poison at FailureTest.java");
    assertThat(mill.cells()).containsExactly(cell("c", "", 2));
    broken.set(false);
    assertThat(mill.run()).isEqualTo(new LaneOutcome.Done());
    assertThat(mill.cells()).containsExactly(cell("c", "", 6));
  }

  @Test
  @Tag("A19")
  @DisplayName("A19 an error of the Context fails the event even if the handler catches it")
  void context_errorCannotBeHidden() throws Exception {
    increments(1);
    mill.script.block(context -> {
      try {
        context.require(Cell.class, "nowhere");
      } catch (RuntimeException hidden) {
        context.save(cell("hidden", "", 1));
      }
    });

    assertThat(failure(mill.run()))
        .hasMessageContaining(
            "row is required and does not exist: entity=Cell id=[nowhere]\" at=FailureTest.java:");
    assertThat(mill.cells()).containsExactly(cell("c", "", 1));
  }

  @Test
  @Tag("C2")
  @DisplayName("C2 a text with U+0000 fails its event when it is saved, by name")
  void text_withNulFailsItsEvent() throws Exception {
    increments(1);
    mill.script.block(increment("c"), save("nul", "a\0b", 1));

    for (int start = 0; start < 2; start++) {
      assertThat(failure(mill.run()))
          .hasMessageContaining("event failed: block=1 logIndex=1 handler=step reason=\"")
          .hasMessageContaining("text must not contain U+0000: at=1")
          .extracting(MillraceException::remedy)
          .isEqualTo(Remedy.FIX_HANDLER); // not a remedy that asks for a restart
      assertThat(mill.cells()).containsExactly(cell("c", "", 1));
    }
  }

  @Test
  @Tag("A21")
  @DisplayName("A21 status tells what has run from what is durable")
  void status_neverClaimsMoreThanIsDurable() throws Exception {
    increments(3);
    StepGates.Gate commit = mill.gates.hold(Point.BEFORE_COMMIT, 1);
    Lane lane = mill.start();
    mill.gates.awaitPassed(Point.AFTER_RUN, 3);
    LaneHarness.awaitThat(() -> lane.status().processed().events() == 3);

    assertThat(lane.status().committed().events()).isZero();
    assertThat(lane.status().committed().block()).isEqualTo(-1);
    assertThat(lane.status().end()).isNull();
    assertThat(lane.status().batchesInTransit()).isEqualTo(3);
    commit.release();
    assertThat(lane.await()).isEqualTo(new LaneOutcome.Done());
    assertThat(lane.status().committed()).isEqualTo(lane.status().processed());
    assertThat(lane.status().committed().block()).isEqualTo(2);
    assertThat(lane.status().batchesInTransit()).isZero();
  }

  @Test
  @Tag("A25")
  @DisplayName("A25 a transient error during a read: the handler sees the row, not the error")
  void read_isTriedAgainBelowTheHandler() throws Exception {
    mill.stored(cell("x", "a", 7));
    AtomicInteger left = new AtomicInteger(2);
    mill.store.beforeQuery(_ -> {
      if (left.getAndDecrement() > 0) {
        throw new MillraceException(Remedy.RETRY, "database is away for a moment");
      }
    });
    mill.script.block(context -> {
      try {
        mill.seen.put("x", context.find(Cell.class, "x"));
      } catch (RuntimeException caught) {
        mill.seen.put("x", caught);
      }
    });

    assertThat(mill.run()).isEqualTo(new LaneOutcome.Done());
    assertThat(mill.seen).containsEntry("x", Optional.of(cell("x", "a", 7)));
  }
}
