package dev.millrace.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A rate that was cut recovers with time, not with the number of requests. */
final class PaceTest {
  private static final long ROUND_TRIP = TimeUnit.MILLISECONDS.toNanos(100);

  @Test
  @Tag("F76")
  @DisplayName("F76 the lowest rate, and requests of many calls that all succeed: fast in minutes")
  void lowestRate_recoversInMinutes() {
    Pace pace = new Pace(0);
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
}
