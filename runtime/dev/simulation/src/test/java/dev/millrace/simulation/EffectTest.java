package dev.millrace.simulation;

import static dev.millrace.simulation.LaneHarness.LANE;
import static dev.millrace.simulation.LaneHarness.cell;
import static dev.millrace.simulation.LaneHarness.increment;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.lane.Lane;
import dev.millrace.lane.LaneOutcome;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.Effect;
import dev.millrace.simulation.LaneHarness.Cell;
import dev.millrace.testkit.ScriptedSource;
import java.math.BigDecimal;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Effects: sharing of answers, their lifetime, and the consequences of a failure. */
@Timeout(120)
final class EffectTest {
  private final LaneHarness mill = new LaneHarness().notEmpty().batchEvents(10_000);

  @AfterEach
  void close() {
    mill.close();
  }

  static Effect<Long, Long> effect(String name, Effect.Call<Long, Long> call) {
    return Effect.of(name, Long.class, Long.class, call);
  }

  static AbstractThrowableAssert<?, MillraceException> failure(LaneOutcome end) {
    assertThat(end).isInstanceOf(LaneOutcome.Failed.class);
    return assertThat(((LaneOutcome.Failed) end).failure());
  }

  @Test
  @Tag("B12")
  @Tag("B14")
  @DisplayName("B12 B14 an effect runs once for both passes and for all who ask at once")
  void effect_runsOncePerInput() throws Exception {
    AtomicInteger calls = new AtomicInteger();
    CountDownLatch askers = new CountDownLatch(3);
    Effect<Long, Long> twice =
        Effect.of(
            "twice",
            Long.class,
            Long.class,
            input -> {
              calls.incrementAndGet();
              assertThat(askers.await(20, TimeUnit.SECONDS)).as("all ask while it runs").isTrue();
              return 2 * input;
            });
    ScriptedSource.Step ask =
        context -> {
          askers.countDown();
          long answer = context.effect(twice, 21L);
          increment("answer " + answer).run(context);
        };
    mill.script.block(ask, ask, ask).block(ask);
    assertThat(mill.run()).isEqualTo(new LaneOutcome.Done());

    assertThat(calls).hasValue(1);
    assertThat(mill.cells()).contains(cell("answer 42", "", 4));
  }

  @Test
  @Tag("B14")
  @DisplayName("B14 one input failing does not fail another, and may be luckier the next time")
  void effect_failsForItsInputOnly() throws Exception {
    Map<String, AtomicInteger> calls = new ConcurrentHashMap<>();
    Effect<String, String> moody =
        Effect.of(
            "moody",
            String.class,
            String.class,
            input -> {
              int call = calls.computeIfAbsent(input, _ -> new AtomicInteger()).incrementAndGet();
              if (input.equals("bad") && call == 1) {
                throw new IllegalStateException("not today");
              }
              return input + " " + call;
            });
    mill.script.block(
        context -> mill.seen.put("bad", context.effect(moody, "bad")),
        context -> mill.seen.put("good", context.effect(moody, "good")));
    LaneOutcome end = mill.run();

    assertThat(mill.seen).containsEntry("good", "good 1");
    assertThat(end).isEqualTo(new LaneOutcome.Done());
    assertThat(mill.seen).containsEntry("bad", "bad 2");
  }

  @Test
  @Tag("B14")
  @DisplayName("B14 an effect that answers null fails its event in so many words")
  @SuppressWarnings("NullAway") // the null is the case
  void effect_mustNotAnswerNull() throws Exception {
    Effect<String, String> mute = Effect.of("mute", String.class, String.class, _ -> null);
    mill.script.block(context -> context.effect(mute, "hello"));

    assertThat(mill.run())
        .isInstanceOfSatisfying(
            LaneOutcome.Failed.class,
            end ->
                assertThat(end.failure())
                    .hasMessageContaining("effect returned null: effect=mute"));
  }

  @Test
  @Tag("B14")
  @DisplayName("B14 a persisted answer survives a restart")
  void persistedEffect_survivesARestart() throws Exception {
    AtomicInteger calls = new AtomicInteger();
    Effect<String, Long> price =
        Effect.of("price", String.class, Long.class, _ -> (long) calls.incrementAndGet())
            .persisted();
    ScriptedSource.Step ask =
        context -> context.save(cell("price", "", context.effect(price, "é")));
    mill.script.block(ask);
    assertThat(mill.run()).isEqualTo(new LaneOutcome.Done());
    mill.script.block(ask, ask);
    assertThat(mill.run()).isEqualTo(new LaneOutcome.Done());

    assertThat(calls).hasValue(1);
    assertThat(mill.cells()).contains(cell("price", "", 1));
    assertThat(mill.store.effects(LANE)).hasSize(1);
  }

  @Test
  @Tag("B21")
  @DisplayName("B21 a second effect of one name is refused, and both places are named")
  void effects_ofOneNameAreRefused() throws Exception {
    Effect<Long, Long> twice = effect("calc", input -> input * 2);
    Effect<Long, Long> thrice = effect("calc", input -> input * 3);
    mill.script.block(context -> context.save(cell("twice", "", context.effect(twice, 10L))));
    mill.script.block(context -> context.save(cell("thrice", "", context.effect(thrice, 10L))));
    mill.batchEvents(1);

    failure(mill.run())
        .hasMessageContaining("two effects have one name: effect=calc first=EffectTest.java:")
        .hasMessageContaining("block=1")
        .hasMessageContaining("second=EffectTest.java:")
        .extracting(MillraceException::remedy)
        .isEqualTo(Remedy.FIX_HANDLER);
    assertThat(mill.cells()).contains(cell("twice", "", 20)).hasSize(2);
    assertThatThrownBy(mill::oracle).hasMessageContaining("two effects have one name");
  }

  @Test
  @Tag("B21")
  @DisplayName("B21 a name under Millrace's own prefix is refused when the effect is made")
  void effects_mustNotTakeReservedNames() {
    assertThatThrownBy(() -> effect("millrace.header", input -> input))
        .hasMessageContaining("reserved: name=millrace.header");
  }

  @Test
  @Tag("B21")
  @DisplayName("B21 an effect whose types have changed asks anew; its old answers are another's")
  void persistedEffect_isKnownByItsTypesToo() throws Exception {
    Effect<Long, Long> number = effect("price", input -> input).persisted();
    mill.script.block(context -> context.save(cell("long", "", context.effect(number, 7L))));
    assertThat(mill.run()).isEqualTo(new LaneOutcome.Done());
    Effect<Long, String> text =
        Effect.of("price", Long.class, String.class, input -> input + " USD").persisted();
    mill.script.block(context -> context.save(cell("text", context.effect(text, 7L), 0)));
    assertThat(mill.run()).isEqualTo(new LaneOutcome.Done());

    assertThat(mill.cells()).contains(cell("text", "7 USD", 0), cell("long", "", 7));
    assertThat(mill.store.effects(LANE)).hasSize(2);
  }

  @Test
  @Tag("B24")
  @DisplayName("B24 answers of effects are in the budget by their bytes and leave it by them")
  void answers_areInTheBudget() throws Exception {
    int size = 200_000;
    Effect<Long, String> document =
        Effect.of("document", Long.class, String.class, input -> ("" + input % 10).repeat(size));
    for (int batch = 0; batch < 20; batch++) {
      ScriptedSource.Step[] steps = new ScriptedSource.Step[20];
      for (int i = 0; i < steps.length; i++) {
        long id = 20L * batch + i;
        steps[i] =
            context -> context.save(cell("n" + id, "", context.effect(document, id).length()));
      }
      mill.script.block(steps);
    }
    mill.script.block(context -> context.effect(document, 0L)).open();
    mill.batchEvents(20).stagedBytes(2 << 20);
    Lane lane = mill.start(); // stays open: an ended lane holds no memory
    LaneHarness.awaitThat(() -> lane.status().committed().block() == 20);

    assertThat(lane.status().bytesInMemory())
        .as("what the last batch asked, and a part of what others did")
        .isBetween((long) size, 2L << 20);
  }

  @Test
  @Tag("B24")
  @DisplayName("B24 a persisted answer that has left memory is read back, not asked again")
  void persistedAnswer_survivesEviction() throws Exception {
    AtomicInteger calls = new AtomicInteger();
    Effect<Long, String> document =
        Effect.of(
                "document",
                Long.class,
                String.class,
                _ -> ("" + calls.incrementAndGet() % 10).repeat(100_000))
            .persisted();
    for (long id : new long[] {0, 1, 2, 3, 0}) {
      mill.script.block(
          context -> context.save(cell("n" + id, context.effect(document, id).substring(0, 1), 0)));
    }
    mill.batchEvents(1).depth(0).stagedBytes(1 << 16);
    assertThat(mill.run()).isEqualTo(new LaneOutcome.Done());

    assertThat(calls).hasValue(4);
    assertThat(mill.cells()).contains(cell("n0", "1", 0), cell("n3", "4", 0));
  }

  @Test
  @Tag("B31")
  @DisplayName("B31 U+0000 is refused by name, as an input, an id, an operand and an answer")
  void zeroCharacter_isRefusedByName() throws Exception {
    Effect<String, String> echo =
        Effect.of("echo", String.class, String.class, input -> input + "\0");
    Map<String, ScriptedSource.Step> refused =
        Map.of(
            "input is refused: effect=echo", context -> context.effect(echo, "a\0"),
            "answer is refused: effect=echo", context -> context.effect(echo, "a"),
            "value is refused: entity=Cell field=id", context -> context.find(Cell.class, "a\0"),
            "value is refused: entity=Cell field=owner",
                context -> context.query(Cell.class).where(Cell::owner).is("a\0").first());
    for (Map.Entry<String, ScriptedSource.Step> each : refused.entrySet()) {
      try (LaneHarness alone = new LaneHarness().notEmpty()) {
        alone.script.block(each.getValue());
        failure(alone.run())
            .hasMessageContaining(each.getKey())
            .hasMessageContaining("block=0")
            .hasMessageContaining("U+0000")
            .extracting(MillraceException::remedy)
            .isEqualTo(Remedy.FIX_HANDLER);
      }
    }
  }

  @Test
  @Tag("B40")
  @DisplayName("B40 a decimal with a huge exponent is refused by name, as an input and an answer")
  void hugeExponent_isRefusedByName() throws Exception {
    Effect<BigDecimal, BigDecimal> square =
        Effect.of("square", BigDecimal.class, BigDecimal.class, input -> input.multiply(input));
    Map<String, String> refused =
        Map.of("1e1000000000", "input", "-1e-10001", "input", "1e10000", "answer");
    for (Map.Entry<String, String> each : refused.entrySet()) {
      try (LaneHarness alone = new LaneHarness().notEmpty()) {
        alone.script.block(context -> context.effect(square, new BigDecimal(each.getKey())));
        failure(alone.run())
            .hasMessageContaining(each.getValue() + " is refused: effect=square")
            .hasMessageContaining("block=0")
            .hasMessageContaining("decimal is out of range")
            .extracting(MillraceException::remedy)
            .isEqualTo(Remedy.FIX_HANDLER);
      }
    }
  }
}
