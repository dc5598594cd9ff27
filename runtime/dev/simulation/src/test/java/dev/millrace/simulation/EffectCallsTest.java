package dev.millrace.simulation;

import static dev.millrace.simulation.LaneHarness.cell;
import static dev.millrace.simulation.LaneHarness.increment;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.lane.Lane;
import dev.millrace.lane.LaneOutcome;
import dev.millrace.pipeline.Effect;
import dev.millrace.simulation.LaneHarness.Cell;
import dev.millrace.testkit.ScriptedSource;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The limit on concurrent calls of an effect, and what its patience counts. */
@Timeout(60)
final class EffectCallsTest {
  private static final int EVENTS = 500;

  /** Of 64 calls one is kept for the run. */
  private static final int MAX_GUESSES = 63;

  @Test
  @Tag("B32")
  @DisplayName(
      "B32 a batch that asks an effect of many inputs: 64 calls at a time, one for the run")
  void calls_areLimited() throws Exception {
    AtomicInteger under = new AtomicInteger();
    AtomicInteger peak = new AtomicInteger();
    CountDownLatch full = new CountDownLatch(MAX_GUESSES);
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
    assertThat(peak).hasValue(MAX_GUESSES);
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

  /** Inputs depend on rows, so all guesses but the first are wrong; their calls never end. */
  @Test
  @Tag("B38")
  @DisplayName("B38 guesses hold every call that a preload has: the run's calls begin all the same")
  void run_waitsForNoGuess() throws Exception {
    Set<Long> guessed = ConcurrentHashMap.newKeySet();
    Effect<Long, Long> price =
        Effect.of(
                "price",
                Long.class,
                Long.class,
                input -> {
                  if (input % 1001 != 0) {
                    guessed.add(input);
                    new CountDownLatch(1).await();
                  }
                  return input;
                })
            .patience(Duration.ofSeconds(2));
    int events = 200; // too few for a second preload
    ScriptedSource.Step[] asks = new ScriptedSource.Step[events];
    for (int i = 0; i < events; i++) {
      long event = i;
      asks[i] =
          context -> {
            long count = context.find(Cell.class, "count").map(Cell::value).orElse(0L);
            context.effect(price, count * 1000 + event);
            increment("count").run(context);
          };
    }
    try (LaneHarness mill = new LaneHarness().notEmpty().batchEvents(10_000)) {
      mill.script.block(asks);
      assertThat(mill.run()).isEqualTo(new LaneOutcome.Done());
      assertThat(mill.cells()).contains(cell("count", "", events));
    }
    assertThat(guessed.size()).as("the others were dropped").isEqualTo(MAX_GUESSES);
  }

  @Test
  @Tag("B39")
  @DisplayName("B39 a lane's calls do not wait for those of another lane")
  void lane_waitsForNoOther() throws Exception {
    CountDownLatch full = new CountDownLatch(MAX_GUESSES);
    CountDownLatch answers = new CountDownLatch(1);
    Effect<Long, Long> price =
        Effect.of(
                "price",
                Long.class,
                Long.class,
                input -> {
                  if (input >= 0) {
                    full.countDown();
                    answers.await();
                  }
                  return input;
                })
            .patience(Duration.ofSeconds(25));
    ScriptedSource.Step[] asks = new ScriptedSource.Step[EVENTS];
    for (int i = 0; i < EVENTS; i++) {
      long event = i;
      asks[i] = context -> context.save(cell("n" + event, "", context.effect(price, event)));
    }
    try (LaneHarness history = new LaneHarness().notEmpty().batchEvents(10_000);
        LaneHarness live = new LaneHarness().notEmpty()) {
      history.script.block(asks);
      live.script.block(context -> context.save(cell("live", "", context.effect(price, -1L))));
      Lane first = history.start();
      full.await();

      assertThat(live.run()).isEqualTo(new LaneOutcome.Done());
      answers.countDown();
      assertThat(first.await()).isEqualTo(new LaneOutcome.Done());
      assertThat(history.cells()).hasSize(EVENTS + 1);
    }
  }

  @Test
  @Tag("B38")
  @DisplayName("B38 a guess that has not answered in its patience is ended before the next preload")
  void guess_thatHangsIsGivenUp() throws Exception {
    CountDownLatch interrupted = new CountDownLatch(1);
    Effect<Long, Long> price =
        Effect.of(
                "price",
                Long.class,
                Long.class,
                input -> {
                  try {
                    new CountDownLatch(1).await();
                  } catch (InterruptedException _) {
                    interrupted.countDown();
                  }
                  return input;
                })
            .patience(Duration.ofMillis(1));
    ScriptedSource.Step asksUnlessSaved =
        context -> {
          if (context.find(Cell.class, "saved").isEmpty()) {
            context.effect(price, 1L);
          }
        };
    try (LaneHarness mill = new LaneHarness().notEmpty().batchEvents(2)) {
      mill.script.block(increment("saved"), asksUnlessSaved).block(increment("more")).open();
      Lane lane = mill.start(); // stays open: a lane that ends interrupts all its calls
      interrupted.await();
      LaneHarness.awaitThat(() -> lane.status().committed().block() == 1);
      assertThat(mill.cells()).contains(cell("saved", "", 1), cell("more", "", 1));
    }
  }
}
