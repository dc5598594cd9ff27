package dev.millrace.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.postgres.client.DatabaseSettings;
import dev.millrace.servers.EmbeddedPostgres;
import dev.millrace.servers.PostgresSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The begin and end of workers, and of the database below them. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
final class WorkerLifecycleIT {
  private static final Duration LONG = Duration.ofMinutes(2);

  private final JobSettings settings = JobsTestDatabase.settings();

  @Test
  @Tag("J22")
  @DisplayName("J22 a worker that stops hands back what it does not end, and spends no attempt")
  void stop_handsBack() throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    AtomicInteger calls = new AtomicInteger();
    Job<Integer, Integer> job =
        Job.of("slow", Integer.class, Integer.class)
            .retry(Retry.none())
            .handler((input, _) -> {
              if (calls.incrementAndGet() == 1) {
                begun.countDown();
                new CountDownLatch(1).await();
              }
              return input;
            });
    JobSettings impatient = settings.withDrain(Duration.ofMillis(50));
    try (JobClient client = JobClient.open(impatient)) {
      long run = client.trigger(job, 1).id();
      try (JobWorker _ = JobWorker.start(impatient, List.of(job))) {
        begun.await();
      }
      Run back = client.find(run).orElseThrow();
      assertThat(back.state()).isEqualTo(RunState.PENDING);
      assertThat(back.failures()).isZero();
      assertThat(back.lostClaims()).isZero();
      assertThat(JobsTestDatabase.query(settings, "SELECT count(*) FROM worker"))
          .containsExactly("0");
      try (JobWorker _ = JobWorker.start(impatient, List.of(job))) {
        assertThat(client.await(run, LONG).orElseThrow().state()).isEqualTo(RunState.SUCCEEDED);
      }
    }
  }

  @Test
  @Tag("J24")
  @DisplayName("J24 an idle worker sends under two statements a second")
  void idleWorker_sendsLittle() throws Exception {
    DatabaseSettings database = settings.database();
    try (JobsCuttingProxy proxy =
        new JobsCuttingProxy(database.url(), JobsCuttingProxy.CutMoment.BEFORE, Long.MAX_VALUE)) {
      JobSettings counted =
          new JobSettings(
              DatabaseSettings.of(proxy.url(), database.user(), database.password()),
              settings.schema(),
              Duration.ofSeconds(15),
              settings.queues(),
              settings.drain(),
              1);
      Job<Integer, Integer> job =
          Job.of("idle", Integer.class, Integer.class).handler((input, _) -> input);
      try (JobClient client = JobClient.open(counted);
          JobWorker _ = JobWorker.start(counted, List.of(job))) {
        client.await(client.trigger(job, 1).id(), LONG);
        LockSupport.parkNanos(Duration.ofSeconds(2).toNanos());
        long before = proxy.packets();
        LockSupport.parkNanos(Duration.ofSeconds(10).toNanos());
        assertThat(proxy.packets() - before).isBetween(3L, 20L);
      }
    }
  }

  @Test
  @Tag("J24")
  @DisplayName("J24 a run that no notification has named starts within a second or so")
  void lostNotification_isMadeUpForByAPoll() throws Exception {
    Job<Integer, Integer> job =
        Job.of("unheard", Integer.class, Integer.class).handler((input, _) -> input);
    try (JobClient client = JobClient.open(settings);
        JobWorker _ = JobWorker.start(settings, List.of(job))) {
      client.await(client.trigger(job, 1).id(), LONG);
      JobsTestDatabase.execute(
          settings,
          "INSERT INTO run (job, queue, max_lost_claims, input)"
              + " VALUES ('unheard', 'default', 5, '2')");
      long run =
          Long.parseLong(JobsTestDatabase.query(settings, "SELECT max(id) FROM run").getFirst());
      assertThat(client.await(run, LONG).orElseThrow().state()).isEqualTo(RunState.SUCCEEDED);
    }
  }

  @Test
  @Tag("J5")
  @DisplayName("J5 PostgreSQL restarts in the middle: no run is lost, none is doubled")
  void restartOfTheDatabase_losesNothing() throws Exception {
    Path directory = Path.of("target", "postgres-restart-it").toAbsolutePath();
    PostgresSettings postgres =
        PostgresSettings.standard()
            .withCache(Path.of("target", "postgres-binaries").toAbsolutePath())
            .with("shared_buffers", "64MB");
    EmbeddedPostgres server = EmbeddedPostgres.start(directory, postgres);
    try {
      JobSettings own =
          JobSettings.of(
                  DatabaseSettings.of(server.jdbcUrl(), server.user(), server.password())
                      .withPatience(Duration.ofMinutes(1)))
              .withSchema(settings.schema())
              .withLease(Duration.ofSeconds(2));
      AtomicInteger steps = new AtomicInteger();
      Job<Integer, Integer> job =
          Job.of("counting", Integer.class, Integer.class)
              .retry(Retry.exponential(Duration.ofMillis(50), Duration.ofSeconds(1)))
              .maxLostClaims(1_000)
              .handler((input, context) -> {
                for (int i = 0; i < 5; i++) {
                  context.step("step-" + i, steps::incrementAndGet);
                }
                return input;
              });
      try (JobClient client = JobClient.open(own);
          JobWorker _ = JobWorker.start(own, List.of(job))) {
        List<Long> runs = new ArrayList<>();
        for (int round = 0; round < 3; round++) {
          for (int i = 0; i < 100; i++) {
            runs.add(client.trigger(job, runs.size()).id());
          }
          server.stop();
          server = EmbeddedPostgres.start(directory, postgres);
        }
        for (long run : runs) {
          Run ended = client.await(run, LONG).orElseThrow();
          assertThat(ended.state()).as("error=%s", ended.error()).isEqualTo(RunState.SUCCEEDED);
          assertThat(ended.failures()).isZero();
        }
        assertThat(runs).doesNotHaveDuplicates();
        assertThat(client.list(null, null, 1_000)).hasSize(runs.size());
      }
    } finally {
      server.stop();
    }
  }
}
