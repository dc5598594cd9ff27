package dev.millrace.simulation;

import static dev.millrace.simulation.EffectTest.effect;
import static dev.millrace.simulation.EffectTest.failure;
import static dev.millrace.simulation.LaneHarness.cell;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.lane.Lane;
import dev.millrace.lane.LaneOutcome;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.Effect;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Effect calls that fail or do not answer: how often and for how long they are retried. */
@Timeout(120)
final class EffectPatienceTest {
  private final LaneHarness mill = new LaneHarness().notEmpty().batchEvents(10_000);

  @AfterEach
  void close() {
    mill.close();
  }

  @ParameterizedTest(name = "thrown: {0}")
  @ValueSource(strings = {"IOException", "wrapped", "RETRY"})
  @Tag("B22")
  @DisplayName("B22 a service that is away is called again until it answers")
  void effect_outlastsAServiceThatIsAway(String thrown) throws Exception {
    AtomicInteger calls = new AtomicInteger();
    Effect<Long, Long> price =
        effect(
            "price",
            input -> {
              if (calls.incrementAndGet() > 4) {
                return input;
              }
              throw switch (thrown) {
                case "IOException" -> new IOException("HTTP 503");
                case "RETRY" -> new MillraceException(Remedy.RETRY, "HTTP 503");
                default ->
                    new IllegalStateException(new UncheckedIOException(new IOException("503")));
              };
            });
    mill.script.block(context -> context.save(cell("price", "", context.effect(price, 1L))));

    assertThat(mill.run()).isEqualTo(new LaneOutcome.Done());
    assertThat(mill.cells()).contains(cell("price", "", 1));
    assertThat(calls).hasValue(5);
  }

  @Test
  @Tag("B22")
  @DisplayName("B22 while a service is away the status says which, and why")
  void status_saysWhichServiceIsAway() throws Exception {
    CountDownLatch back = new CountDownLatch(1);
    Effect<Long, Long> price =
        effect(
            "price",
            input -> {
              if (back.getCount() > 0) {
                throw new IOException("HTTP 503");
              }
              return input;
            });
    mill.script.block(context -> context.effect(price, 1L));
    Lane lane = mill.start();
    LaneHarness.awaitThat(() -> lane.status().waitingFor().contains("effect price"));
    LaneHarness.awaitThat(() -> lane.status().waitingFor().contains("HTTP 503"));
    back.countDown();

    assertThat(lane.await()).isEqualTo(new LaneOutcome.Done());
    assertThat(lane.status().waitingFor()).isEmpty();
  }

  @Test
  @Tag("B22")
  @DisplayName("B22 a service that stays away for as long as the author allows is worth a restart")
  void effect_givesUpAfterItsPatience() throws Exception {
    Effect<Long, Long> price =
        effect(
                "price",
                _ -> {
                  throw new IOException("HTTP 503");
                })
            .patience(Duration.ofMillis(200));
    mill.script.block(context -> context.effect(price, 1L));

    failure(mill.run())
        .hasMessageContaining("effect price")
        .hasMessageContaining("HTTP 503")
        .extracting(MillraceException::remedy)
        .isEqualTo(Remedy.RESTART);
  }

  @Test
  @Tag("B22")
  @DisplayName("B22 an error of the author's fails the event, with effect, event and handler")
  void effect_namesAnErrorOfItsAuthor() throws Exception {
    Effect<Long, Long> price =
        effect(
            "price",
            _ -> {
              throw new IllegalStateException("no such pair");
            });
    mill.script.block(context -> context.effect(price, 1L));

    failure(mill.run())
        .hasMessageContaining("effect failed: effect=price")
        .hasMessageContaining("no such pair")
        .hasMessageContaining("block=0")
        .hasMessageContaining("handler=")
        .extracting(MillraceException::remedy)
        .isEqualTo(Remedy.FIX_HANDLER);
  }

  @Test
  @Tag("B23")
  @DisplayName("B23 an effect that hangs is named by the status while it does")
  void status_saysWhichEffectHangs() throws Exception {
    CountDownLatch hanging = new CountDownLatch(1);
    Effect<Long, Long> slow =
        effect(
            "slow",
            input -> {
              hanging.await();
              return input;
            });
    mill.script.block(context -> context.effect(slow, 1L));
    Lane lane = mill.start();
    LaneHarness.awaitThat(() -> lane.status().waitingFor().startsWith("effect slow, for"));
    hanging.countDown();

    assertThat(lane.await()).isEqualTo(new LaneOutcome.Done());
    assertThat(lane.status().waitingFor()).isEmpty();
  }

  @Test
  @Tag("B23")
  @DisplayName("B23 a call that has not answered in its patience is ended, and worth a restart")
  void effect_thatHangsIsGivenUp() throws Exception {
    CountDownLatch never = new CountDownLatch(1);
    CountDownLatch interrupted = new CountDownLatch(1);
    Effect<Long, Long> slow =
        effect(
                "slow",
                input -> {
                  try {
                    never.await();
                  } catch (InterruptedException _) {
                    interrupted.countDown();
                  }
                  return input;
                })
            .patience(Duration.ofMillis(100));
    mill.script.block(context -> context.effect(slow, 1L));

    failure(mill.run())
        .hasMessageContaining("effect gave no answer: effect=slow")
        .extracting(MillraceException::remedy)
        .isEqualTo(Remedy.RESTART);
    assertThat(interrupted.await(60, TimeUnit.SECONDS)).isTrue();
  }
}
