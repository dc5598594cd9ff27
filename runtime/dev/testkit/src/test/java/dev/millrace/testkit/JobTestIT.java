package dev.millrace.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.jobs.CronSchedule;
import dev.millrace.jobs.Items;
import dev.millrace.jobs.Job;
import dev.millrace.jobs.JobContext;
import dev.millrace.jobs.JobRegistry;
import dev.millrace.jobs.Retry;
import dev.millrace.jobs.RunState;
import dev.millrace.jobs.TriggerOptions;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Jobs in a test of their author: crashes, the clock, and what is seen of a run. */
@Timeout(120)
final class JobTestIT {
  record Import(String organization) {}

  record Imported(int repositories, List<String> failed) {}

  private static final Job<String, Integer> ANALYZE =
      Job.of("analyze", String.class, Integer.class)
          .retry(Retry.none())
          .handler((name, _) -> {
            if (name.equals("broken")) {
              throw new IllegalArgumentException("repository is broken");
            }
            return name.length();
          });

  private static final Job<Import, Imported> IMPORT =
      Job.of("import", Import.class, Imported.class).handler(JobTestIT::run);

  private static Imported run(Import input, JobContext context) throws Exception {
    List<String> names = context.step("list", () -> List.of(input.organization(), "broken"));
    context.log("found " + names.size());
    Items<Integer> items = context.forEach("analyze", names, ANALYZE);
    context.step("report", () -> {});
    return new Imported(items.succeeded().size(), items.failedKeys());
  }

  private static final Job<Integer, Instant> FAILS_TWICE =
      Job.of("fails-twice", Integer.class, Instant.class)
          .retry(Retry.exponential(Duration.ofMinutes(1), Duration.ofHours(1)).attempts(3))
          .handler((_, context) -> {
            if (context.attempt() < 3) {
              throw new IllegalStateException("attempt " + context.attempt());
            }
            return Instant.EPOCH;
          });

  private static final Job<String, String> REMIND =
      Job.of("remind", String.class, String.class)
          .handler((name, context) -> {
            context.sleep("a day", Duration.ofDays(1));
            return context
                .awaitSignal("answer", String.class, Duration.ofDays(7))
                .map(answer -> name + " said " + answer)
                .orElse(name + " said nothing");
          });

  @Test
  @Tag("J10")
  void run_isCrashedAtStepsAndResumed() {
    try (JobTest test = JobTest.of(IMPORT, ANALYZE)) {
      TestRun<Imported> run =
          test.crashAfter("list").crashIn("report").run(IMPORT, new Import("acme"));

      assertThat(run.output()).isEqualTo(new Imported(1, List.of("broken")));
      assertThat(run.executed()).containsExactly("list", "report", "report");
      assertThat(run.steps()).containsExactly("list", "analyze", "report");
      assertThat(run.log()).contains("found 2");
      assertThat(run.events())
          .startsWith("triggered", "started", "step-finished list", "worker-lost", "started")
          .endsWith("step-finished report", "succeeded")
          .containsOnlyOnce("step-finished list", "step-finished report");
      assertThat(run.row().lostClaims()).isEqualTo(2);
      assertThat(run.row().failures()).isZero();
    }
  }

  @Test
  void run_thatFailsSaysWhy() {
    try (JobTest test = JobTest.of(ANALYZE)) {
      TestRun<Integer> run = test.crashBefore("none").run(ANALYZE, "broken");

      assertThat(run.state()).isEqualTo(RunState.FAILED);
      assertThat(run.error()).contains("repository is broken");
      assertThatThrownBy(run::output)
          .isInstanceOf(AssertionError.class)
          .hasMessageContaining("job=analyze state=FAILED")
          .hasMessageContaining("repository is broken");
      assertThatThrownBy(() -> test.run(IMPORT, new Import("acme")))
          .hasMessage("job is not in this test, add it to JobTest.of: job=import");
    }
  }

  @Test
  void clock_standsStillUntilItIsMoved() {
    Instant noon = Instant.parse("2026-03-01T12:00:00Z");
    try (JobTest test = JobTest.of(REMIND, FAILS_TWICE).at(noon)) {
      TestRun<String> run = test.start(REMIND, "ann");
      assertThat(run.waitsFor()).hasValue("a day");
      assertThat(run.row().createdAt()).isEqualTo(noon);

      test.advance(Duration.ofHours(23));
      assertThat(run.waitsFor()).hasValue("a day");
      test.advance(Duration.ofHours(1));
      assertThat(run.waitsFor()).hasValue("answer");
      assertThat(test.now()).isEqualTo(noon.plus(Duration.ofDays(1)));
      test.signal(run, "answer", "yes");
      assertThat(run.output()).isEqualTo("ann said yes");

      TestRun<String> silent = test.run(REMIND, "bob");
      assertThat(silent.waitsFor()).hasValue("answer");
      assertThat(test.now()).isEqualTo(noon.plus(Duration.ofDays(2)));
      test.advance(Duration.ofDays(7));
      assertThat(silent.output()).isEqualTo("bob said nothing");

      Instant before = test.now();
      TestRun<Instant> retried =
          test.run(FAILS_TWICE, 1, TriggerOptions.none().delay(Duration.ofHours(5)));
      assertThat(retried.output()).isEqualTo(Instant.EPOCH);
      assertThat(retried.row().failures()).isEqualTo(2);
      assertThat(test.now()).isAfter(before.plus(Duration.ofHours(5).plusMinutes(1)));
    }
  }

  @Test
  @Tag("J21")
  void schedules_tickByTheClockOfTheTest() {
    JobRegistry jobs =
        JobRegistry.of(ANALYZE)
            .schedule(CronSchedule.of("nightly", "30 2 * * *", ZoneOffset.UTC, ANALYZE, "all"));
    try (JobTest test = JobTest.of(jobs).at(Instant.parse("2026-03-01T12:00:00Z"))) {
      test.advance(Duration.ofDays(3));

      assertThat(test.runs(ANALYZE))
          .extracting(run -> run.row().createdAt())
          .containsExactly(
              Instant.parse("2026-03-02T02:30:00Z"),
              Instant.parse("2026-03-03T02:30:00Z"),
              Instant.parse("2026-03-04T02:30:00Z"));
      assertThat(test.runs(ANALYZE)).allMatch(run -> run.output() == 3);
    }
  }
}
