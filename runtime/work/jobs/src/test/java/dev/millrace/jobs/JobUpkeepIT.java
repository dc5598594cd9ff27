package dev.millrace.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.loaders.MillraceException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The upkeep of workers: retention, failures, and what the commands ask of a client. */
@Timeout(120)
final class JobUpkeepIT {
  private static final Duration LONG = Duration.ofSeconds(100);

  private static final Job<Integer, Integer> DOUBLE =
      Job.of("double", Integer.class, Integer.class)
          .handler((input, context) -> {
            int first = context.step("first", () -> input);
            return context.step("second", () -> 2 * first);
          });

  private final JobSettings settings = JobsTestDatabase.settings();

  private static void waitUntil(Callable<Boolean> condition) throws Exception {
    while (!condition.call()) {
      LockSupport.parkNanos(5_000_000);
    }
  }

  @Test
  @Tag("J25")
  @DisplayName("J25 workers delete ended runs after the retention, and no others")
  void retention_deletesEndedRuns() throws Exception {
    CountDownLatch end = new CountDownLatch(1);
    Job<Integer, Integer> holds =
        Job.of("holds", Integer.class, Integer.class)
            .handler((input, _) -> {
              end.await();
              return input;
            });
    try (JobClient client = JobClient.open(settings);
        JobWorker _ =
            JobWorker.start(
                settings.withRetention(Duration.ofMillis(200)), List.of(DOUBLE, holds))) {
      long held = client.trigger(holds, 1).id();
      long ended = client.trigger(DOUBLE, 1).id();
      waitUntil(() -> client.find(ended).isEmpty());

      assertThat(client.events(ended, 0)).isEmpty();
      assertThat(client.find(held)).isPresent();
      end.countDown();
      waitUntil(() -> client.find(held).isEmpty());
    }
  }

  @Test
  @Tag("J22")
  @DisplayName("J22 a worker that the database refuses says so, and claims again when it may")
  void failure_isNamedWhileTheDatabaseRefuses() throws Exception {
    try (JobClient client = JobClient.open(settings);
        JobWorker worker = JobWorker.start(settings, List.of(DOUBLE))) {
      waitUntil(worker::isClaiming);
      assertThat(worker.failure()).isEmpty();

      JobsTestDatabase.execute(settings, "ALTER TABLE worker RENAME TO gone");
      waitUntil(() -> worker.failure().isPresent());
      assertThat(worker.isClaiming()).isFalse();

      JobsTestDatabase.execute(settings, "ALTER TABLE gone RENAME TO worker");
      waitUntil(worker::isClaiming);
      assertThat(worker.failure()).isEmpty();
      long run = client.trigger(DOUBLE, 4).id();
      assertThat(client.output(client.await(run, LONG).orElseThrow(), DOUBLE)).isEqualTo(8);
      assertThat(worker.isLeftBehind()).isFalse();
    }
  }

  @Test
  void client_opensWhatExistsAlone() {
    assertThat(JobClient.openExisting(settings)).isEmpty();
    JobClient.open(settings).close();
    try (JobClient found = JobClient.openExisting(settings).orElseThrow()) {
      assertThat(found.list(null, null, 10)).isEmpty();
    }
  }

  @Test
  void retry_fromAStepThatIsNotThereIsRefused() throws Exception {
    try (JobClient client = JobClient.open(settings);
        JobWorker _ = JobWorker.start(settings, List.of(DOUBLE))) {
      long run = client.triggerJson(DOUBLE, "4", TriggerOptions.none()).id();
      assertThat(client.await(run, LONG)).isPresent();

      assertThat(client.steps(run))
          .extracting(step -> step.name() + " " + step.finished() + " " + step.output().orElse(""))
          .containsExactly("first true 4", "second true 8");
      assertThatThrownBy(() -> client.retryFrom(run, "third"))
          .isInstanceOf(MillraceException.class)
          .hasMessage("run has no such step: run=%d step=third".formatted(run));
      assertThat(client.list("double", null, 10)).hasSize(1);
    }
  }
}
