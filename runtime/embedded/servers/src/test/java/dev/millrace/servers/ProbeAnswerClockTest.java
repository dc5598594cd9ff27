package dev.millrace.servers;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

final class ProbeAnswerClockTest {
  private static final int LIMIT = 60;

  @Test
  @Tag("K16")
  @DisplayName("K16 an engine that is busy is given time, one that hangs is replaced")
  void server_thatStandsStillHangsAfterTheLimit() {
    assertThat(hangsAfter(0)).hasValue(LIMIT);
    // Housekeeping of the server is not an answer.
    assertThat(hangsAfter(0.02)).hasValue(LIMIT);
  }

  @Test
  @Tag("K16")
  @DisplayName("K16 an engine that is busy is given time, one that hangs is replaced")
  void server_thatComputesHasFiveTimesAsLong() {
    assertThat(hangsAfter(0.5)).hasValue(5 * LIMIT);
  }

  @Test
  void answer_beginsTheLimitAnew() {
    ProbeAnswerClock clock = clock();
    for (int second = 1; second < 20 * LIMIT; second++) {
      assertThat(look(clock, second, second % (LIMIT - 1) == 0, 0)).isFalse();
    }
  }

  @Test
  void time_withoutAProbeDoesNotCount() {
    ProbeAnswerClock clock = clock();
    assertThat(look(clock, LIMIT - 1, false, 0)).isFalse();
    assertThat(look(clock, 100 * LIMIT, false, 0)).isFalse();
    assertThat(look(clock, 100 * LIMIT + 1, false, 0)).isFalse();
  }

  /** Returns the second at which a server hangs that is checked each second and never answers. */
  private static OptionalInt hangsAfter(double cores) {
    ProbeAnswerClock clock = clock();
    return IntStream.range(1, 1000).filter(now -> look(clock, now, false, now * cores)).findFirst();
  }

  private static ProbeAnswerClock clock() {
    return new ProbeAnswerClock(Duration.ofSeconds(LIMIT), 0, Duration.ZERO);
  }

  private static boolean look(ProbeAnswerClock clock, int second, boolean answered, double cpu) {
    return clock
        .look(
            Duration.ofSeconds(second).toNanos(), answered, Duration.ofMillis((long) (cpu * 1000)))
        .isPresent();
  }
}
