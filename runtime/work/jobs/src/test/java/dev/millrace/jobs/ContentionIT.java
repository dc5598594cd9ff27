package dev.millrace.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Counts of contention stay with a run. */
@Timeout(120)
final class ContentionIT {
  private static final Duration LONG = Duration.ofSeconds(100);

  private final JobSettings settings = JobsTestDatabase.settings();

  private static SQLException busy() {
    return new SQLException("lock is not available", "55P03");
  }

  private static JsonNode counts(Run run) {
    return JobJson.tree(run.contention().orElseThrow()).path("orders");
  }

  @Test
  @Tag("J16")
  @DisplayName("J16 busy twice and then fine: two retries, nothing given up, kept over a wait")
  void contention_isCounted() throws Exception {
    AtomicInteger calls = new AtomicInteger();
    Job<Integer, Integer> job =
        Job.of("busy", Integer.class, Integer.class)
            .handler((input, context) -> {
              int written =
                  context.step(
                      "write",
                      () ->
                          context.contended(
                              "orders",
                              () -> {
                                if (calls.incrementAndGet() < 3) {
                                  throw busy();
                                }
                                return input;
                              }));
              context.sleep("nap", Duration.ofMillis(10));
              return written;
            });
    try (JobClient client = JobClient.open(settings);
        JobWorker _ = JobWorker.start(settings, List.of(job))) {
      Run run = client.await(client.trigger(job, 7).id(), LONG).orElseThrow();

      assertThat(run.state()).isEqualTo(RunState.SUCCEEDED);
      JsonNode counts = counts(run);
      assertThat(counts.path("events").asInt()).isEqualTo(2);
      assertThat(counts.path("retries").asInt()).isEqualTo(2);
      assertThat(counts.path("gaveUp").asInt()).isZero();
      assertThat(counts.path("waitMillis").asLong()).isPositive();
      assertThat(client.events(run.id(), 0))
          .filteredOn(event -> event.type().equals(RunEvent.CONTENTION))
          .allSatisfy(event -> assertThat(event.message()).contains("orders: events=2 retries=2"));
    }
  }

  @Test
  @Tag("J16")
  @DisplayName("J16 busy until given up: counted although the exception goes on")
  void givenUp_isCounted() throws Exception {
    Job<Integer, Integer> job =
        Job.of("stuck", Integer.class, Integer.class)
            .retry(Retry.none())
            .handler((_, context) ->
                context.contended(
                    "orders",
                    () -> {
                      throw busy();
                    }));
    try (JobClient client = JobClient.open(settings);
        JobWorker _ = JobWorker.start(settings, List.of(job))) {
      Run run = client.await(client.trigger(job, 7).id(), LONG).orElseThrow();

      assertThat(run.state()).isEqualTo(RunState.FAILED);
      assertThat(counts(run).path("gaveUp").asInt()).isEqualTo(1);
    }
  }
}
