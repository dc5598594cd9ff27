package dev.millrace.simulation;

import static dev.millrace.simulation.LaneHarness.cell;
import static dev.millrace.simulation.LaneHarness.increment;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.lane.LaneOutcome;
import dev.millrace.pipeline.Effect;
import dev.millrace.testkit.ScriptedSource;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The limit on concurrent calls of an effect, and the longest patience. */
@Timeout(120)
final class EffectCallsTest {
  private static final int EVENTS = 500;
  private static final int MAX_CALLS = 64;

  @Test
  @Tag("B32")
  @DisplayName("B32 a batch that asks an effect of many inputs: 64 calls at a time")
  void calls_areLimited() throws Exception {
    AtomicInteger under = new AtomicInteger();
    AtomicInteger peak = new AtomicInteger();
    CountDownLatch full = new CountDownLatch(MAX_CALLS);
    Effect<Long, Long> slow =
        Effect.of(
            "slow",
            Long.class,
            Long.class,
            input -> {
              peak.accumulateAndGet(under.incrementAndGet(), Math::max);
              full.countDown();
              full.await();
              under.decrementAndGet();
              return input;
            });
    try (LaneHarness mill = new LaneHarness().notEmpty().batchEvents(10_000)) {
      ScriptedSource.Step[] asks = new ScriptedSource.Step[EVENTS];
      for (int i = 0; i < EVENTS; i++) {
        long input = i;
        asks[i] =
            context -> {
              context.effect(slow, input);
              increment("asked").run(context);
            };
      }
      mill.script.block(asks);
      assertThat(mill.run()).isEqualTo(new LaneOutcome.Done());
      assertThat(mill.cells()).contains(cell("asked", "", EVENTS));
    }
    assertThat(peak).hasValue(MAX_CALLS);
  }

  @Test
  @Tag("B33")
  @DisplayName("B33 an effect may be patient for ever")
  void patience_mayBeForEver() throws Exception {
    Effect<Long, Long> patient =
        Effect.of("patient", Long.class, Long.class, input -> input)
            .patience(ChronoUnit.FOREVER.getDuration());
    try (LaneHarness mill = new LaneHarness().notEmpty()) {
      mill.script.block(context -> increment("answer " + context.effect(patient, 7L)).run(context));
      assertThat(mill.run()).isEqualTo(new LaneOutcome.Done());
      assertThat(mill.cells()).contains(cell("answer 7", "", 1));
    }
  }
}
