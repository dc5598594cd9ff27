package dev.millrace.simulation;

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
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Unexpected interrupts of a lane's threads: none of them leaves a batch out. */
@Timeout(120)
final class InterruptTest {
  private final LaneHarness mill = new LaneHarness();

  @AfterEach
  void close() {
    mill.close();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 8})
  @Tag("A27")
  @DisplayName("A27 a handler that leaves its thread interrupted fails its event by name")
  void handler_thatLeavesTheFlagSetFailsItsEvent(int depth) throws Exception {
    mill.depth(depth);
    for (int block = 0; block < 40; block++) {
      int number = block;
      mill.script.block(context -> {
        increment("all").run(context);
        if (number == 20) {
          Thread.currentThread().interrupt();
        }
      });
    }

    MillraceException failure = failure(mill.run());
    assertThat(failure.remedy()).isEqualTo(Remedy.FIX_HANDLER);
    assertThat(failure)
        .hasMessageContainingAll("block=20", "handler=step", "left its thread interrupted");
    assertThat(mill.cells())
        .as("what came before")
        .extracting(LaneHarness.Cell::value)
        .containsExactly(20L);
  }

  @Test
  @Tag("A27")
  @Tag("A40")
  @DisplayName("A40 execute interrupted while it waits for room names the event before the wait")
  void execute_interruptedWhileItWaitsFails() throws Exception {
    mill.depth(0);
    AtomicReference<Thread> execute = new AtomicReference<>();
    for (int block = 0; block < 40; block++) {
      mill.script.block(context -> {
        execute.set(Thread.currentThread());
        increment("all").run(context);
      });
    }
    StepGates.Gate commit = mill.gates.hold(Point.BEFORE_COMMIT);
    Lane lane = mill.start();
    commit.await();
    LaneHarness.awaitThat(() -> lane.status().waitingFor().equals("commits"));
    execute.get().interrupt();
    LaneHarness.awaitThat(() -> lane.status().waitingFor().isEmpty());
    commit.release();

    assertNamesTheEventBefore(
        failure(lane.await()), "while it waited for commits", "block=0 logIndex=0 handler=step");
    assertThat(lane.status().committed().batches()).isEqualTo(1);
    lane.close();
    assertGoesOn();
  }

  @ParameterizedTest
  @EnumSource(
      value = Point.class,
      names = {"BEFORE_PRELOAD", "BEFORE_RUN"})
  @Tag("A40")
  @DisplayName("A40 execute interrupted between two events names the one before, not the one after")
  void execute_interruptedBetweenEventsBlamesNoEventAfter(Point between) throws Exception {
    mill.notEmpty();
    for (int block = 0; block < 40; block++) {
      String id = "cell " + block;
      mill.script.block(context -> {
        increment("all").run(context);
        increment(id).run(context);
      });
    }
    mill.fault =
        (point, number) -> {
          if (point == between && number == 21) {
            Thread.currentThread().interrupt();
          }
        };

    assertNamesTheEventBefore(failure(mill.run()), "while", "block=19 logIndex=0 handler=step");
    mill.fault = Failpoint.NONE;
    assertGoesOn();
  }

  private static void assertNamesTheEventBefore(
      MillraceException failure, String meanwhile, String event) {
    assertThat(failure.remedy()).isEqualTo(Remedy.FIX_HANDLER);
    assertThat(failure)
        .hasMessageContainingAll(
            "thread of the handlers was interrupted", meanwhile, "last event was " + event);
  }

  /** Asserts that the next process saves each of the 40 events once. */
  private void assertGoesOn() throws InterruptedException {
    assertThat(mill.run()).isEqualTo(new LaneOutcome.Done());
    assertThat(mill.cells()).contains(LaneHarness.cell("all", "", 40));
  }

  @Test
  @Tag("A37")
  @DisplayName("A37 handlers that are interrupted during preload neither spin nor stop the lane")
  void preload_ofInterruptedHandlersWaitsForItsReads() throws Exception {
    try (LaneHarness stored = new LaneHarness().notEmpty().batchEvents(1_000)) {
      for (int i = 0; i < 40; i++) {
        String id = "cell " + i;
        stored.script.block(context -> {
          if (Thread.currentThread().isVirtual()) {
            Thread.currentThread().interrupt();
          }
          increment(id).run(context);
        });
      }
      assertThat(stored.run()).isEqualTo(new LaneOutcome.Done());
      assertThat(stored.store.takeQueries()).as("reads of the preload").hasSize(1);
      assertThat(stored.cells()).filteredOn(cell -> cell.value() == 1).hasSize(40);
    }
  }

  @Test
  @Tag("A28")
  @DisplayName("A28 an InterruptedException out of a source is a failure that names itself, no end")
  void source_thatIsInterruptedHasNotEnded() throws Exception {
    mill.script.block(increment("all")).block(increment("all")).open();
    mill.fault =
        (point, number) -> {
          if (point == Point.FETCH && number == 2) {
            Thread.currentThread().interrupt();
          }
        };

    MillraceException failure = failure(mill.run());
    assertThat(failure.remedy()).isEqualTo(Remedy.RESTART);
    assertThat(failure).hasMessageContaining("source was interrupted before the end of its stream");
    assertThat(mill.cells()).containsExactly(LaneHarness.cell("all", "", 1));
  }
}
