package dev.millrace.simulation;

import static dev.millrace.simulation.LaneHarness.increment;
import static dev.millrace.simulation.LaneHarness.save;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.lane.Lane;
import dev.millrace.lane.LaneOutcome;
import dev.millrace.pipeline.Effect;
import dev.millrace.pipeline.SourceBlock;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Handlers and effects that do not return. */
@Timeout(120)
final class HangingTest {
  private final CountDownLatch asked = new CountDownLatch(1);
  private final CountDownLatch ended = new CountDownLatch(1);
  private final Effect<Long, Long> endless =
      Effect.of(
          "endless",
          Long.class,
          Long.class,
          in -> {
            asked.countDown();
            try {
              new CountDownLatch(1).await();
            } finally {
              ended.countDown();
            }
            return in;
          });

  @Test
  @Tag("H6")
  @DisplayName("H6 a handler that hangs is named in the status, with its event and for how long")
  void handler_thatHangsIsNamed() throws Exception {
    CountDownLatch hanging = new CountDownLatch(1);
    try (LaneHarness mill = new LaneHarness().batchEvents(10)) {
      mill.script.block(increment("c")).block(_ -> hanging.await(), increment("d"));
      Lane lane = mill.start();

      LaneHarness.awaitThat(
          () -> lane.status().waitingFor().startsWith("the handler of an event: "));

      assertThat(lane.status().waitingFor())
          .matches("the handler of an event: block=1 logIndex=0 handler=step, for \\d+ s");
      hanging.countDown();
      assertThat(lane.await()).isEqualTo(new LaneOutcome.Done());
      assertThat(lane.status().waitingFor()).isEmpty();
    }
  }

  @Test
  @Tag("H7")
  @DisplayName("H7 effects that are under way when their lane is closed are interrupted")
  void effect_endsWithItsLane() throws Exception {
    try (LaneHarness mill = new LaneHarness()) {
      mill.script.block(context -> context.effect(endless, 1L));
      Lane lane = mill.start();
      asked.await();
      lane.close();
      ended.await();
      assertThat(lane.await()).isInstanceOf(LaneOutcome.Failed.class);
    }
  }

  @Test
  @Tag("H7")
  @DisplayName("H7 effects that are under way when their lane turns back are interrupted")
  void effect_endsWithItsBranch() throws Exception {
    Effect<Long, Long> brief = endless.patience(Duration.ofSeconds(1)); // of the preload
    try (LaneHarness mill = new LaneHarness().notEmpty().batchEvents(10)) {
      mill.script.reversibleFrom(1).block(save("a", "", 1));
      mill.script.block(
          increment("b"),
          context -> {
            if (Thread.currentThread().isVirtual()) {
              context.effect(brief, 1L); // in the preload alone, so that no run waits for it
            }
          });
      mill.script.then(() -> {
        SourceBlock last = mill.script.currentBlocks().getLast().block();
        LaneHarness.awaitThat(
            () -> Objects.equals(last.hash(), mill.store.frontier(LaneHarness.LANE).hash()));
        assertThat(asked.getCount()).as("calls that are under way").isZero();
        assertThat(ended.getCount()).isEqualTo(1);
        mill.script.cut(1);
        mill.script.block(save("c", "", 1));
      });

      assertThat(mill.run()).isEqualTo(new LaneOutcome.Done());
      ended.await();
      assertThat(mill.cells()).extracting(LaneHarness.Cell::id).containsExactly("a", "c", "other");
    }
  }
}
