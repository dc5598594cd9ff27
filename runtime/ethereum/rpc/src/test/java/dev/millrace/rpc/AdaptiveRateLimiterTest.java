package dev.millrace.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A rate that was cut recovers with time, not with the number of requests. */
final class AdaptiveRateLimiterTest {
  private static final long ROUND_TRIP = TimeUnit.MILLISECONDS.toNanos(100);

  @Test
  @Tag("F76")
  @DisplayName("F76 the lowest rate, and requests of many calls that all succeed: fast in minutes")
  void lowestRate_recoversInMinutes() {
    AdaptiveRateLimiter pace = new AdaptiveRateLimiter(0);
    pace.remember(0.2);
    long now = 0;
    while (now < TimeUnit.MINUTES.toNanos(5)) {
      now += pace.pause(now);
      pace.begin(now, 10);
      now += ROUND_TRIP;
      pace.end();
      pace.succeeded(now);
    }

    assertThat(pace.perSecond()).isGreaterThan(10);
  }

  @Test
  @Tag("F80")
  @DisplayName("F80 the first request is refused as too many: others follow within a second")
  void refusalOfTheFirstRequest_saysLittleOfTheLimit() {
    AdaptiveRateLimiter pace = new AdaptiveRateLimiter(0);
    pace.begin(0, 1);
    pace.end();
    pace.refused(0, ROUND_TRIP);
    long now = ROUND_TRIP;
    for (int i = 0; i < 10; i++) {
      now += pace.pause(now);
      pace.begin(now, 1);
      pace.end();
    }

    assertThat(now).isLessThan(TimeUnit.SECONDS.toNanos(1));
  }

  @Test
  @Tag("F80")
  @DisplayName("F80 a limit of two requests per second is found by refusals that go on")
  void lowLimit_isFound() {
    AdaptiveRateLimiter pace = new AdaptiveRateLimiter(0);
    long now = 0;
    int refused = 0;
    for (int second = 0; second < 120; second++) {
      long end = TimeUnit.SECONDS.toNanos(second + 1L);
      for (int i = 0; now < end; i++) {
        now += pace.pause(now);
        pace.begin(now, 1);
        pace.end();
        long ended = now + ROUND_TRIP;
        if (i < 2) {
          pace.succeeded(ended);
        } else {
          pace.refused(now, ended);
          refused += second < 60 ? 0 : 1;
        }
        now = ended;
      }
    }

    assertThat(pace.perSecond()).isBetween(1.0, 3.0);
    assertThat(refused).as("in the second minute").isLessThan(30);
  }
}
