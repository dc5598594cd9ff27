package dev.millrace.simulation;

import static dev.millrace.simulation.LaneHarness.cell;
import static dev.millrace.simulation.LaneHarness.increment;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.lane.Lane;
import dev.millrace.lane.LaneOutcome;
import dev.millrace.lane.LaneStatus;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.Failpoint.Point;
import dev.millrace.testkit.StepGates;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A reorg that a handler meets before the source has seen it, or that the source never sees. */
@Timeout(60)
final class HandlerReorgTest {
  private final LaneHarness mill = new LaneHarness();

  @AfterEach
  void close() {
    mill.close();
  }

  @Test
  @DisplayName("a handler that met a replaced block first is dropped until the stream turns back")
  void news_ofAReorgIsNoFailure() throws Exception {
    mill.script.reversibleFrom(1).open().block(increment("a"));
    mill.script.block(_ -> {
      throw new MillraceException(Remedy.REWIND, "block is unknown: number=1");
    });
    mill.script.block(increment("never"));
    StepGates.Gate run = mill.gates.hold(Point.BEFORE_RUN, 2);
    Lane lane = mill.start();
    mill.gates.awaitPassed(Point.FETCH, 4); // all three are delivered, so the rewind is next
    run.release();
    mill.gates.awaitPassed(Point.BEFORE_RUN, 2);
    mill.script.cut(1);
    mill.script.block(increment("b")).end();

    assertThat(lane.await()).isEqualTo(new LaneOutcome.Done());
    assertThat(mill.cells()).containsExactly(cell("a", "", 1), cell("b", "", 1));
    LaneStatus status = lane.status();
    assertThat(status.rewinds().count()).isEqualTo(1);
    assertThat(status.committed().block()).isEqualTo(1);
    assertThat(status.epoch()).isEqualTo(2);
  }

  @Test
  @Tag("A30")
  @DisplayName("A30 a handler meets a reorg that the source does not see: the lane goes on")
  void news_thatTheSourceDoesNotShareReopensTheStream() throws Exception {
    AtomicInteger stale = new AtomicInteger(2);
    mill.script.reversibleFrom(1).open().block(increment("a"));
    mill.script.block(context -> {
      if (stale.getAndDecrement() > 0) {
        throw new MillraceException(Remedy.REWIND, "one endpoint is stale: number=1");
      }
      increment("b").run(context);
    });
    Lane lane = mill.start();
    LaneHarness.awaitThat(() -> lane.status().waitingFor().contains("one endpoint is stale"));
    mill.script.block(increment("c"));
    LaneHarness.awaitThat(() -> lane.status().rewinds().count() > 0);
    for (int i = 0; i < 20; i++) {
      mill.script.block(increment("d"));
    }
    mill.script.end();

    assertThat(lane.await()).isEqualTo(new LaneOutcome.Done());
    assertThat(mill.cells()).isEqualTo(mill.oracleCells());
    assertThat(lane.status().waitingFor()).isEmpty();
  }

  @Test
  @Tag("A45")
  @DisplayName(
      "A45 what ran before a handler that meets a reorg is committed and runs no second time")
  void news_dropNothingThatRanBefore() throws Exception {
    AtomicBoolean stale = new AtomicBoolean(true);
    mill.script.reversibleFrom(1).open().block(increment("a")).block(increment("b"));
    mill.script.block(context -> {
      if (stale.getAndSet(false)) {
        throw new MillraceException(Remedy.REWIND, "one endpoint is stale: number=1");
      }
      increment("c").run(context);
    });
    StepGates.Gate commit = mill.gates.hold(Point.BEFORE_COMMIT_GROUP, 1);
    Lane lane = mill.start();
    LaneHarness.awaitThat(() -> !stale.get() && !lane.status().waitingFor().isEmpty());
    commit.release();
    LaneHarness.awaitThat(() -> lane.status().waitingFor().contains("one endpoint is stale"));
    mill.script.block(increment("d")).end();

    assertThat(lane.await()).isEqualTo(new LaneOutcome.Done());
    assertThat(mill.cells()).isEqualTo(mill.oracleCells());
    assertThat(mill.gates.passed(Point.AFTER_RUN)).hasSize(4);
  }

  @Test
  @Tag("A30")
  @DisplayName("A30 a handler that keeps meeting such a reorg ends the lane, which names it")
  void news_withoutEndFailsTheLane() throws Exception {
    mill.script.reversibleFrom(1).open().block(increment("a"));
    mill.script.block(_ -> {
      throw new MillraceException(Remedy.REWIND, "block is unknown: number=1");
    });
    for (int i = 0; i < 30; i++) {
      mill.script.block(increment("never"));
    }

    assertThat(mill.run())
        .isInstanceOfSatisfying(
            LaneOutcome.Failed.class,
            failed -> {
              assertThat(failed.failure().remedy()).isEqualTo(Remedy.RESTART);
              assertThat(failed.failure())
                  .hasMessageContainingAll("that the source does not see", "block is unknown");
            });
    assertThat(mill.cells()).containsExactly(cell("a", "", 1));
  }

  @Test
  @DisplayName("a stream that ends without turning back fails with what the handler met")
  void news_withoutARewindFailsTheLane() throws Exception {
    mill.script.reversibleFrom(1).block(increment("a"));
    mill.script.block(_ -> {
      throw new MillraceException(Remedy.REWIND, "block is unknown: number=1");
    });

    assertThat(mill.run())
        .isInstanceOfSatisfying(
            LaneOutcome.Failed.class,
            failed -> assertThat(failed.failure()).hasMessageContaining("block is unknown"));
  }
}
