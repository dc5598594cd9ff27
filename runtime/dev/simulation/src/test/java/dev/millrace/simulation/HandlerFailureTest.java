package dev.millrace.simulation;

import static dev.millrace.simulation.LaneHarness.cell;
import static dev.millrace.simulation.LaneHarness.increment;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.lane.LaneOutcome;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Handlers that throw exceptions that no logger and no message expects. */
@Timeout(120)
final class HandlerFailureTest {
  private final LaneHarness mill = new LaneHarness();

  @AfterEach
  void close() {
    mill.close();
  }

  @SuppressWarnings("serial")
  private static final class Indescribable extends RuntimeException {
    @Override
    public String getMessage() {
      throw new IllegalStateException("no message");
    }

    @Override
    public String toString() {
      throw new IllegalStateException("no description");
    }

    @Override
    public StackTraceElement[] getStackTrace() {
      throw new IllegalStateException("no stack");
    }
  }

  static Stream<Arguments> throwables() {
    return Stream.of(
        Arguments.of(
            new Indescribable(),
            "reason=\"dev.millrace.simulation.HandlerFailureTest$Indescribable\" lane=1"),
        Arguments.of(new IllegalStateException(), "reason=\"java.lang.IllegalStateException\" at="),
        Arguments.of(
            new IllegalStateException("x".repeat(5_000_000)), "x".repeat(1_900) + "x…\" at="),
        Arguments.of(new StackOverflowError(), "reason=\"java.lang.StackOverflowError\" at="),
        Arguments.of(new AssertionError("no"), "reason=\"java.lang.AssertionError: no\" at="));
  }

  @ParameterizedTest(name = "H2 {index} the lane ends and names the event, whatever was thrown")
  @MethodSource("throwables")
  @Tag("H2")
  @Tag("A32")
  void handler_thatThrowsAnythingIsNamed(Throwable thrown, String described) throws Exception {
    mill.batchEvents(1).script.block(increment("c")).block(_ -> raise(thrown));

    LaneOutcome end = mill.run();

    assertThat(end).isInstanceOf(LaneOutcome.Failed.class);
    MillraceException failure = ((LaneOutcome.Failed) end).failure();
    assertThat(failure)
        .hasMessageStartingWith("event failed: block=1 logIndex=0 handler=step reason=")
        .hasMessageContaining(described)
        .hasMessageEndingWith("lane=1; fix it and run again, which goes on from block 1")
        .extracting(MillraceException::remedy)
        .isEqualTo(Remedy.FIX_HANDLER);
    assertThat(mill.cells()).containsExactly(cell("c", "", 1));
  }

  private static void raise(Throwable thrown) throws Exception {
    switch (thrown) {
      case Error error -> throw error;
      case Exception exception -> throw exception;
      default -> throw new IllegalStateException(thrown);
    }
  }
}
