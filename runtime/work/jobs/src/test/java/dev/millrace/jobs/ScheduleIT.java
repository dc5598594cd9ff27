package dev.millrace.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.ZoneOffset;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Schedules over the database, with several workers. */
@Timeout(120)
final class ScheduleIT {
  private final JobSettings settings = JobsTestDatabase.settings();

  @Test
  @Tag("J21")
  @DisplayName("J21 two workers run each tick once, and make up for what was missed by the policy")
  void ticks_runOnce() throws Exception {
    Job<Integer, Integer> job =
        Job.of("tick", Integer.class, Integer.class).handler((input, _) -> input);
    List<CronSchedule<?>> schedules =
        List.of(
            CronSchedule.of("skipping", "0 0 * * *", ZoneOffset.UTC, job, 1),
            CronSchedule.of("once", "0 0 * * *", ZoneOffset.UTC, job, 2)
                .missed(CronSchedule.MissedTicks.ONCE),
            CronSchedule.of("all", "0 0 * * *", ZoneOffset.UTC, job, 3)
                .missed(CronSchedule.MissedTicks.ALL));
    try (JobClient client = JobClient.open(settings);
        JobWorker _ = JobWorker.start(settings, List.of(job), schedules);
        JobWorker _ = JobWorker.start(settings, List.of(job), schedules)) {
      JobsTestDatabase.execute(
          settings,
          "UPDATE schedule SET next_at = date_trunc('day', now() - interval '3 days', 'UTC')");
      while (!JobsTestDatabase.query(settings, "SELECT name FROM schedule WHERE next_at <= now()")
          .isEmpty()) {
        LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
      }
      while (!client.list("tick", RunState.PENDING, 10).isEmpty()
          || !client.list("tick", RunState.RUNNING, 10).isEmpty()) {
        LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
      }
    }
    assertThat(
            JobsTestDatabase.query(
                settings,
                "SELECT split_part(idempotency_key, '/', 2), count(*) FROM run"
                    + " WHERE state = 'SUCCEEDED' GROUP BY 1 ORDER BY 1"))
        .containsExactly("all|4", "once|1");
  }
}
