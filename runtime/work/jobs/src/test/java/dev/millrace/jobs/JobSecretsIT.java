package dev.millrace.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.loaders.MillraceException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Secrets of a program in everything that a run stores. */
@Timeout(120)
final class JobSecretsIT {
  private static final Duration LONG = Duration.ofSeconds(100);
  private static final String HUSH = "hush-\"key\"-1";

  private final JobSettings settings =
      JobsTestDatabase.settings().withSecrets(List.of(HUSH, "short"));

  private static Job<String, String> leaks(String name, JobHandler<String, String> handler) {
    return Job.of(name, String.class, String.class)
        .retry(Retry.exponential(Duration.ofMillis(1), Duration.ofMillis(1)).attempts(2))
        .handler(handler);
  }

  @Test
  @Tag("J26")
  @DisplayName("J26 secrets are in no input, output, step, log, progress, error or event")
  void secrets_areNotStored() throws Exception {
    Job<String, String> talks =
        leaks(
            "talks",
            (_, context) -> {
              context.log("calls with " + HUSH);
              context.progress(1, 2, "with " + HUSH);
              context.step("ends", () -> {});
              throw new IllegalStateException(
                  "refused: key=" + HUSH + " " + "x".repeat(1_995) + HUSH);
            });
    Job<String, String> steps =
        leaks("steps", (_, context) -> context.step("key", () -> "a" + HUSH));
    Job<String, String> writes =
        leaks("writes", (_, context) -> context.transaction("key", _ -> HUSH));
    Job<String, String> returns = leaks("returns", (_, _) -> HUSH);
    Job<String, String> fans =
        leaks(
            "fans",
            (_, context) -> {
              context.forEach("each", List.of(HUSH), returns);
              return "";
            });
    List<Job<?, ?>> jobs = List.of(talks, steps, writes, returns, fans);
    try (JobClient client = JobClient.open(settings);
        JobWorker _ = JobWorker.start(settings, jobs)) {
      for (Job<String, String> job : List.of(talks, steps, writes, returns, fans)) {
        long run = client.trigger(job, "short").id();
        Run ended = client.await(run, LONG).orElseThrow();
        assertThat(ended.state()).as(ended.toString()).isEqualTo(RunState.FAILED);
        assertThat(ended.error().orElseThrow())
            .contains(job.equals(talks) ? "key=***" : "contains a secret and is not stored");
      }
      assertThatThrownBy(() -> client.trigger(talks, HUSH))
          .isInstanceOf(MillraceException.class)
          .hasMessageStartingWith("input of job talks contains a secret and is not stored; pass a");
      long waiting = client.trigger(talks, "a", TriggerOptions.none().delay(LONG)).id();
      assertThatThrownBy(() -> client.signal(waiting, "key", HUSH))
          .hasMessageStartingWith("signal key contains a secret");
    }
    assertThat(settings.toString()).doesNotContain("hush");
    for (String table : List.of("run", "step", "signal", "event", "progress", "schedule")) {
      assertThat(JobsTestDatabase.query(settings, "SELECT t::text FROM %s t".formatted(table)))
          .as(table)
          .noneMatch(row -> row.contains("hush"));
    }
    assertThat(JobsTestDatabase.query(settings, "SELECT message FROM event WHERE type = 'log'"))
        .contains("calls with ***");
  }
}
