package dev.millrace.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.loaders.MillraceException;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The times of schedules. */
final class CronScheduleTest {
  private static final Job<Integer, Integer> JOB =
      Job.of("tick", Integer.class, Integer.class).handler((input, _) -> input);

  private static CronSchedule<Integer> schedule(String cron, String zone) {
    return CronSchedule.of("schedule", cron, ZoneId.of(zone), JOB, 1);
  }

  private static List<Instant> next(CronSchedule<Integer> schedule, String after, int count) {
    List<Instant> ticks = new ArrayList<>();
    Instant at = Instant.parse(after);
    for (int i = 0; i < count && at != null; i++) {
      at = schedule.next(at);
      ticks.add(at);
    }
    return ticks;
  }

  @Test
  @Tag("J21")
  @DisplayName("J21 where clocks skip an hour a tick comes at its end; where they repeat one, once")
  void daylightSaving_isAsDocumented() {
    CronSchedule<Integer> daily = schedule("30 2 * * *", "Europe/Berlin");

    assertThat(next(daily, "2026-03-28T02:00:00Z", 3))
        .containsExactly(
            Instant.parse("2026-03-29T01:00:00Z"), // 03:00, there is no 02:30
            Instant.parse("2026-03-30T00:30:00Z"),
            Instant.parse("2026-03-31T00:30:00Z"));
    assertThat(next(daily, "2026-10-24T01:00:00Z", 2))
        .containsExactly(
            Instant.parse("2026-10-25T00:30:00Z"), // the first of two 02:30
            Instant.parse("2026-10-26T01:30:00Z"));
  }

  @Test
  @Tag("J21")
  @DisplayName("J21 missed ticks are skipped, made up for once, or all")
  void missedTicks_followThePolicy() {
    CronSchedule<Integer> hourly = CronSchedule.of("schedule", "0 * * * *", ZoneOffset.UTC, JOB, 1);
    Instant due = Instant.parse("2026-01-01T01:00:00Z");
    Instant late = Instant.parse("2026-01-01T04:30:00Z");

    assertThat(hourly.ticks(due, due.minusSeconds(1))).isEmpty();
    assertThat(hourly.ticks(due, due.plusSeconds(5))).containsExactly(due);
    assertThat(hourly.ticks(due, late)).isEmpty();
    assertThat(hourly.missed(CronSchedule.MissedTicks.ONCE).ticks(due, late))
        .containsExactly(Instant.parse("2026-01-01T04:00:00Z"));
    assertThat(hourly.missed(CronSchedule.MissedTicks.ALL).ticks(due, late)).hasSize(4);
  }

  @Test
  void brokenExpression_isRefused() {
    assertThatThrownBy(() -> schedule("61 * * * *", "UTC"))
        .isInstanceOf(MillraceException.class)
        .hasMessageContaining("cron expression does not parse: schedule=schedule");
  }
}
