package dev.millrace.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Events, progress, status and the end of old runs, as others than the worker see them. */
@Timeout(120)
final class JobObservationIT {
  private static final Duration LONG = Duration.ofSeconds(100);

  private final JobSettings settings = JobsTestDatabase.settings();

  private static void waitUntil(Callable<Boolean> condition) throws Exception {
    while (!condition.call()) {
      LockSupport.parkNanos(5_000_000);
    }
  }

  @Test
  @Tag("J18")
  @DisplayName("J18 a reader that knows only the last id sees each event once, in order")
  void events_areReadOnceEach() throws Exception {
    Job<Integer, Integer> job =
        Job.of("talks", Integer.class, Integer.class)
            .retry(Retry.none())
            .handler((input, context) -> {
              for (int i = 0; i < input; i++) {
                context.log("line " + i);
                context.step("step-" + i, () -> {});
              }
              throw new IllegalStateException("fails at its end");
            });
    try (JobClient client = JobClient.open(settings);
        JobClient reader = JobClient.open(settings);
        JobWorker _ = JobWorker.start(settings, List.of(job))) {
      long run = client.trigger(job, 50).id();
      List<RunEvent> read = new ArrayList<>();
      while (read.isEmpty() || !read.getLast().type().equals(RunEvent.FAILED)) {
        long last = read.isEmpty() ? 0 : read.getLast().id();
        read.addAll(reader.events(run, last));
      }

      assertThat(read).extracting(RunEvent::id).isSorted().doesNotHaveDuplicates();
      List<String> expected = new ArrayList<>(List.of("triggered null", "started null"));
      for (int i = 0; i < 50; i++) {
        expected.add("log line " + i);
        expected.add("step-finished step-" + i);
      }
      expected.add("failed null");
      assertThat(read)
          .extracting(event ->
              event.type() + " " + (event.message() == null ? event.step() : event.message()))
          .isEqualTo(expected);
      assertThat(client.find(run).orElseThrow().error().orElseThrow()).contains("fails at its end");
    }
  }

  @Test
  @Tag("J19")
  @DisplayName("J19 progress is seen by others; ten thousand calls write few times")
  void progress_isCoalesced() throws Exception {
    CountDownLatch seen = new CountDownLatch(1);
    Job<Integer, Integer> job =
        Job.of("moves", Integer.class, Integer.class)
            .handler((input, context) -> {
              for (int i = 1; i <= 10_000; i++) {
                context.progress(i, 20_000, "at " + i);
              }
              seen.await();
              context.progress(20_000, 20_000, "at the end");
              context.step("after", () -> {});
              return input;
            });
    try (JobClient client = JobClient.open(settings);
        JobWorker _ = JobWorker.start(settings, List.of(job))) {
      JobsTestDatabase.execute(settings, "CREATE TABLE written (at timestamptz)");
      JobsTestDatabase.execute(
          settings,
          "CREATE FUNCTION count_write() RETURNS trigger LANGUAGE plpgsql AS"
              + " 'BEGIN INSERT INTO written VALUES (now()); RETURN NULL; END'");
      JobsTestDatabase.execute(
          settings,
          "CREATE TRIGGER count_writes AFTER INSERT OR UPDATE ON progress"
              + " FOR EACH ROW EXECUTE FUNCTION count_write()");
      long run = client.trigger(job, 1).id();
      waitUntil(() -> client.find(run).orElseThrow().progress().isPresent());
      assertThat(client.find(run).orElseThrow().progress().orElseThrow().total()).contains(20_000L);
      seen.countDown();
      client.await(run, LONG);
      assertThat(client.find(run).orElseThrow().progress().orElseThrow().message())
          .isEqualTo("at the end");
      assertThat(
              Integer.parseInt(
                  JobsTestDatabase.query(settings, "SELECT count(*) FROM written").getFirst()))
          .isBetween(2, 5);
    }
  }

  @Test
  @Tag("J20")
  @DisplayName("J20 a run with a concurrency key that no worker serves is ready, and reported")
  void unservedBehindAKey_isReported() {
    Job<Integer, Integer> keyed =
        Job.of("keyed", Integer.class, Integer.class)
            .concurrencyKey(String::valueOf)
            .handler((input, _) -> input);
    try (JobClient client = JobClient.open(settings)) {
      client.trigger(keyed, 1);
      client.trigger(keyed, 2, TriggerOptions.none().delay(Duration.ofHours(1)));

      JobStatus status = client.status();

      assertThat(status.unserved()).containsExactly(new JobStatus.Unserved("keyed", "default", 1));
      assertThat(status.queues()).hasSize(1);
      assertThat(status.queues().getFirst().ready()).isEqualTo(1);
      assertThat(status.queues().getFirst().waiting()).isEqualTo(1);
    }
  }

  @Test
  @Tag("J20")
  @DisplayName("J20 a run of an unknown job, or of another version, stays pending and is reported")
  void unserved_isReported() throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    Job<Integer, Integer> first =
        Job.of("versioned", Integer.class, Integer.class)
            .handler((input, context) -> {
              begun.countDown();
              context.awaitSignal("go", Integer.class, Duration.ofHours(1));
              return input;
            });
    Job<Integer, Integer> unknown =
        Job.of("unknown", Integer.class, Integer.class).handler((input, _) -> input);
    try (JobClient client = JobClient.open(settings)) {
      long run;
      try (JobWorker _ = JobWorker.start(settings, List.of(first))) {
        run = client.trigger(first, 1).id();
        waitUntil(() -> client.find(run).orElseThrow().waitsFor().isPresent());
      }
      client.signal(run, "go", 1);
      client.trigger(unknown, 1);
      Job<Integer, Integer> second = first.version(2).handler((input, _) -> input + 1);
      try (JobWorker _ = JobWorker.start(settings, List.of(second))) {
        client.await(client.trigger(second, 5).id(), LONG);
        assertThat(client.status().unserved())
            .containsExactly(
                new JobStatus.Unserved("unknown", "default", 1),
                new JobStatus.Unserved("versioned", "default", 1));
        assertThat(client.status().workers()).hasSize(1);
      }
      try (JobWorker _ = JobWorker.start(settings, List.of(first, unknown))) {
        assertThat(client.output(client.await(run, LONG).orElseThrow(), first)).isEqualTo(1);
      }
    }
  }

  @Test
  @Tag("J25")
  @DisplayName("J25 a purge deletes ended runs past their age, and no item before its parent")
  void purge_deletesOldRuns() throws Exception {
    Job<Integer, Integer> item =
        Job.of("item", Integer.class, Integer.class).handler((input, _) -> input);
    Job<Integer, Integer> parent =
        Job.of("parent", Integer.class, Integer.class)
            .handler((input, context) -> {
              context.forEach("all", List.of(1, 2, 3), item);
              context.awaitSignal("go", Integer.class, Duration.ofHours(1));
              return input;
            });
    try (JobClient client = JobClient.open(settings);
        JobWorker _ = JobWorker.start(settings, List.of(item, parent))) {
      long run = client.trigger(parent, 1).id();
      client.await(client.trigger(item, 9).id(), LONG);
      waitUntil(() -> client.find(run).orElseThrow().waitsFor().orElse("").equals("go"));

      assertThat(client.purge(Duration.ofDays(1))).isZero();
      assertThat(client.purge(Duration.ZERO)).isEqualTo(1);
      assertThat(client.list(null, null, 10)).hasSize(4);

      client.signal(run, "go", 1);
      client.await(run, LONG);
      assertThat(client.purge(Duration.ZERO)).isEqualTo(4);
      assertThat(JobsTestDatabase.query(settings, "SELECT count(*) FROM event"))
          .containsExactly("0");
    }
  }

  @Test
  @Tag("J17")
  @DisplayName("J17 a computation that never returns fails at its deadline and holds nothing up")
  void computation_endsAtItsDeadline() throws Exception {
    AtomicBoolean end = new AtomicBoolean();
    Job<Integer, Integer> job =
        Job.of("computes", Integer.class, Integer.class)
            .retry(Retry.none())
            .handler((input, context) ->
                context.compute(
                    "spin",
                    Duration.ofMillis(input == 0 ? 200 : 60_000),
                    () -> {
                      while (input == 0 && !end.get()) {
                        Thread.onSpinWait();
                      }
                      return input;
                    }));
    try (JobClient client = JobClient.open(settings);
        JobWorker _ = JobWorker.start(settings.withComputeThreads(1), List.of(job))) {
      long stuck = client.trigger(job, 0).id();
      long next = client.trigger(job, 7).id();

      Run failed = client.await(stuck, LONG).orElseThrow();
      assertThat(failed.state()).isEqualTo(RunState.FAILED);
      assertThat(failed.error().orElseThrow()).contains("computation has not ended: step=spin");
      assertThat(client.output(client.await(next, LONG).orElseThrow(), job)).isEqualTo(7);
    } finally {
      end.set(true);
    }
  }
}
