package dev.millrace.app;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.http.AdminHttpServerProvider;
import dev.millrace.jobs.JobStatus;
import dev.millrace.runner.IndexerStatus;
import dev.millrace.runner.IndexerStatus.Lane;
import dev.millrace.runner.IndexerStatus.State;
import dev.millrace.runner.IndexerStatus.Workers;
import dev.millrace.runner.StatusServer;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Workers of jobs in the line of progress and over HTTP. */
final class WorkerStatusTest {
  private static final JobStatus QUEUES =
      new JobStatus(
          List.of(new JobStatus.Queue("mail", 3, 2, 1, 4, Duration.ofMillis(1500))),
          List.of(new JobStatus.Worker(7, "host-12", Instant.parse("2026-03-01T00:00:00Z"), 1)),
          List.of(new JobStatus.Unserved("old", "mail", 2)));

  private static IndexerStatus working(State state, int claiming, int running, Lane... lanes) {
    return new IndexerStatus(
        "mails",
        state,
        Optional.empty(),
        state == State.STARTING ? "the database" : "",
        List.of(lanes),
        Optional.of(new Workers(2, claiming, running)));
  }

  @Test
  void progress_countsWorkersAndRuns() {
    ProgressLine line = new ProgressLine();

    assertThat(line.render(working(State.STARTING, 0, 0), 100, false))
        .isEqualTo("mails  waiting for the database");
    assertThat(line.render(working(State.RUNNING, 2, 1), 100, false))
        .isEqualTo("mails  2 of 2 workers claim runs, 1 run");
    assertThat(line.summary(working(State.DRAINING, 0, 3)))
        .isEqualTo("0 of 2 workers claim runs, 3 runs, stopping");
    assertThat(line.summary(working(State.RUNNING, 2, 3, Samples.lane(620, 599, ""))))
        .endsWith("block 620 (599 durable) of 999, 3 runs of jobs");
  }

  @Test
  void ready_meansThatAllWorkersClaim() {
    assertThat(working(State.RUNNING, 2, 0).isReady()).isTrue();
    assertThat(working(State.RUNNING, 1, 0).isReady()).isFalse();
    assertThat(working(State.STARTING, 2, 0).isReady()).isFalse();
    assertThat(working(State.FAILED, 2, 0).isReady()).isFalse();
    assertThat(working(State.RUNNING, 2, 0, Samples.lane(999, 998, "")).isReady()).isFalse();
    assertThat(working(State.RUNNING, 2, 0, Samples.lane(999, 999, "")).isReady()).isTrue();
  }

  @Test
  void http_reportsQueuesAndWorkers() throws Exception {
    StatusServer.StatusReports reports =
        new StatusServer.StatusReports(
            () -> working(State.RUNNING, 2, 1), () -> Optional.of(QUEUES));
    try (StatusServer server = new AdminHttpServerProvider().open("127.0.0.1", 0, reports)) {
      assertThat(get(server, "/status").replaceAll("\\s", ""))
          .contains(
              "\"workers\":{\"count\":2,\"claiming\":2,\"running\":1}",
              "\"queues\":[{\"name\":\"mail\",\"ready\":3,\"waiting\":2,\"running\":1,\"failed\":4,"
                  + "\"oldestReadyMillis\":1500}]",
              "\"workers\":[{\"name\":\"host-12\",\"startedAt\":\"2026-03-01T00:00:00Z\",\"running\":1}]",
              "\"unserved\":[{\"job\":\"old\",\"queue\":\"mail\",\"runs\":2}]");
      assertThat(get(server, "/metrics"))
          .contains(
              "millrace_jobs_workers 2.0",
              "millrace_jobs_running 1.0",
              "millrace_jobs_ready{queue=\"mail\"} 3.0",
              "millrace_jobs_waiting{queue=\"mail\"} 2.0",
              "millrace_jobs_failed{queue=\"mail\"} 4.0",
              "millrace_jobs_oldest_seconds{queue=\"mail\"} 1.5",
              "millrace_jobs_unserved{job=\"old\",queue=\"mail\"} 2.0");
    }
  }

  private static String get(StatusServer server, String path)
      throws IOException, InterruptedException {
    try (HttpClient client = HttpClient.newHttpClient()) {
      return client
          .send(
              HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path))
                  .build(),
              HttpResponse.BodyHandlers.ofString())
          .body();
    }
  }
}
