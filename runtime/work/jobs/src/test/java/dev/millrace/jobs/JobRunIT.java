package dev.millrace.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.loaders.MillraceException;
import java.io.IOException;
import java.sql.Connection;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Runs of one worker, from trigger to end. */
@Timeout(60)
final class JobRunIT {
  private static final Duration LONG = Duration.ofSeconds(50);

  record Text(String text) {}

  record Length(int length) {}

  private final JobSettings settings = JobsTestDatabase.settings();

  private static Job<Text, Length> length() {
    return Job.of("length", Text.class, Length.class)
        .handler((input, _) -> new Length(input.text().length()));
  }

  private Run await(JobClient client, long run) throws InterruptedException {
    return client.await(run, LONG).orElseThrow();
  }

  @Test
  void trigger_runsTheHandlerAndStoresItsOutput() throws Exception {
    Job<Text, Length> job = length();
    try (JobClient client = JobClient.open(settings);
        JobWorker _ = JobWorker.start(settings, List.of(job))) {
      Run run = await(client, client.trigger(job, new Text("millrace")).id());

      assertThat(run.state()).isEqualTo(RunState.SUCCEEDED);
      assertThat(client.output(run, job)).isEqualTo(new Length(8));
      assertThat(client.events(run.id(), 0).stream().map(RunEvent::type))
          .containsExactly("triggered", "started", "succeeded");
    }
  }

  @Test
  @Tag("J10")
  @DisplayName("J10 a step that is stored is replayed, one that failed runs again")
  void storedStep_isReplayed() throws Exception {
    AtomicInteger first = new AtomicInteger();
    AtomicInteger second = new AtomicInteger();
    Job<Text, Length> job =
        Job.of("steps", Text.class, Length.class)
            .retry(Retry.exponential(Duration.ofMillis(1), Duration.ofMillis(1)).attempts(3))
            .handler((_, context) -> {
              List<Length> lengths =
                  context.step(
                      "first",
                      () -> {
                        first.incrementAndGet();
                        return List.of(new Length(1), new Length(2));
                      });
              context.step(
                  "second",
                  () -> {
                    if (second.incrementAndGet() < 3) {
                      throw new IllegalStateException("not yet");
                    }
                  });
              return lengths.get(1);
            });
    try (JobClient client = JobClient.open(settings);
        JobWorker _ = JobWorker.start(settings, List.of(job))) {
      Run run = await(client, client.trigger(job, new Text("")).id());

      assertThat(run.state()).isEqualTo(RunState.SUCCEEDED);
      assertThat(client.output(run, job)).isEqualTo(new Length(2));
      assertThat(first).hasValue(1);
      assertThat(second).hasValue(3);
      assertThat(run.failures()).isEqualTo(2);
    }
  }

  @Test
  @Tag("J11")
  @DisplayName("J11 a step name that is used twice, or a large output, is an error that says so")
  void stepMistakes_failTheRun() throws Exception {
    Job<Text, Length> twice =
        Job.of("twice", Text.class, Length.class)
            .handler((_, context) -> {
              context.step("same", () -> {});
              context.step("same", () -> {});
              return new Length(0);
            });
    Job<Text, Text> large =
        Job.of("large", Text.class, Text.class)
            .retry(Retry.none())
            .handler((_, context) ->
                new Text(context.step("load", () -> "x".repeat(JobJson.MAX_BYTES))));
    try (JobClient client = JobClient.open(settings);
        JobWorker _ = JobWorker.start(settings, List.of(twice, large))) {
      Run run = await(client, client.trigger(twice, new Text("")).id());
      assertThat(run.state()).isEqualTo(RunState.FAILED);
      assertThat(run.error().orElseThrow())
          .contains("PERMANENT")
          .contains("step name is used twice in a run: step=same");

      Run big = await(client, client.trigger(large, new Text("")).id());
      assertThat(big.error().orElseThrow()).contains("result of step load is too large");
    }
  }

  @Test
  @Tag("J13")
  @DisplayName("J13 a trigger in a transaction that rolls back makes no run")
  void triggerOfACaller_followsItsTransaction() throws Exception {
    Job<Text, Length> job = length();
    try (JobClient client = JobClient.open(settings);
        Connection connection = JobsTestDatabase.connect()) {
      connection.setAutoCommit(false);
      client.trigger(connection, job, new Text("a"), TriggerOptions.none());
      connection.rollback();
      assertThat(client.list(null, null, 10)).isEmpty();

      client.trigger(connection, job, new Text("b"), TriggerOptions.none());
      connection.commit();
      assertThat(client.list("length", RunState.PENDING, 10)).hasSize(1);
    }
  }

  @Test
  @Tag("J14")
  @DisplayName("J14 items fail apart, and a retry of the failed ones runs those alone")
  void items_failApart() throws Exception {
    List<Integer> called = new CopyOnWriteArrayList<>();
    AtomicInteger broken = new AtomicInteger(3);
    Job<Integer, Length> item =
        Job.of("item", Integer.class, Length.class)
            .retry(Retry.none())
            .handler((input, _) -> {
              called.add(input);
              if (input == broken.get()) {
                throw new IllegalStateException("broken item");
              }
              return new Length(input);
            });
    Job<Text, Length> parent =
        Job.of("parent", Text.class, Length.class)
            .retry(Retry.none())
            .handler((_, context) -> {
              Items<Length> items =
                  context.forEach("all", IntStream.range(0, 10).boxed().toList(), item);
              return new Length(items.requireAll().size());
            });
    try (JobClient client = JobClient.open(settings);
        JobWorker _ = JobWorker.start(settings, List.of(item, parent))) {
      Run run = await(client, client.trigger(parent, new Text("")).id());
      assertThat(run.state()).isEqualTo(RunState.FAILED);
      assertThat(run.error().orElseThrow()).contains("items have failed: failed=1 of=10 first=[3]");
      assertThat(called).hasSize(10);

      broken.set(-1);
      called.clear();
      Run again = await(client, client.retryFailed(run.id()));
      assertThat(again.state()).isEqualTo(RunState.SUCCEEDED);
      assertThat(client.output(again, parent)).isEqualTo(new Length(10));
      assertThat(called).containsExactly(3);
    }
  }

  @Test
  @Tag("J9")
  @DisplayName("J9 a cancel ends a pending run at once and stops a running one")
  void cancel_endsARun() throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    Job<Text, Length> job =
        Job.of("waits", Text.class, Length.class)
            .handler((_, context) -> {
              begun.countDown();
              try {
                new CountDownLatch(1).await();
              } catch (InterruptedException swallowed) {
                begun.countDown();
              }
              return context.step("never", () -> new Length(1));
            });
    try (JobClient client = JobClient.open(settings)) {
      long pending = client.trigger(job, new Text("")).id();
      assertThat(client.cancel(pending)).isTrue();
      assertThatThrownBy(() -> client.cancel(pending))
          .isInstanceOf(MillraceException.class)
          .hasMessageContaining("state=CANCELED");
      try (JobWorker _ = JobWorker.start(settings, List.of(job))) {
        long running = client.trigger(job, new Text("")).id();
        begun.await();
        assertThat(client.cancel(running)).isFalse();
        assertThat(await(client, running).state()).isEqualTo(RunState.CANCELED);
        assertThat(JobsTestDatabase.query(settings, "SELECT name FROM step")).isEmpty();
      }
    }
  }

  @Test
  @Tag("J15")
  @DisplayName("J15 a run that sleeps or waits for a signal holds no slot")
  void waits_holdNoSlot() throws Exception {
    Job<Text, Text> job =
        Job.of("approval", Text.class, Text.class)
            .queue("one")
            .handler((_, context) -> {
              context.sleep("nap", Duration.ofMillis(50));
              Optional<Text> signal =
                  context.awaitSignal("approved", Text.class, Duration.ofHours(1));
              return signal.orElseThrow();
            });
    JobSettings one = settings.withQueue("one", 1);
    try (JobClient client = JobClient.open(one);
        JobWorker worker = JobWorker.start(one, List.of(job))) {
      List<TriggeredRun> runs =
          client.triggerAll(job, List.of(new Text("a"), new Text("b"), new Text("c")));
      for (TriggeredRun run : runs) {
        waitUntil(
            () -> client.find(run.id()).orElseThrow().waitsFor().orElse("").equals("approved"));
      }
      assertThat(worker.running()).isZero();
      for (TriggeredRun run : runs) {
        client.signal(run.id(), "approved", new Text("yes " + run.id()));
      }
      for (TriggeredRun run : runs) {
        assertThat(client.output(await(client, run.id()), job))
            .isEqualTo(new Text("yes " + run.id()));
      }
    }
  }

  private static void waitUntil(java.util.concurrent.Callable<Boolean> condition) throws Exception {
    while (!condition.call()) {
      java.util.concurrent.locks.LockSupport.parkNanos(5_000_000);
    }
  }

  @Test
  @Tag("J8")
  @DisplayName("J8 an error of the infrastructure spends no attempt")
  void infrastructureError_spendsNoAttempt() throws Exception {
    AtomicInteger calls = new AtomicInteger();
    Job<Text, Length> job =
        Job.of("flaky", Text.class, Length.class)
            .retry(Retry.exponential(Duration.ofMillis(1), Duration.ofMillis(2)).attempts(1))
            .handler((_, _) -> {
              if (calls.incrementAndGet() < 4) {
                throw new IOException("service is away");
              }
              return new Length(0);
            });
    try (JobClient client = JobClient.open(settings);
        JobWorker _ = JobWorker.start(settings, List.of(job))) {
      Run run = await(client, client.trigger(job, new Text("")).id());
      assertThat(run.state()).isEqualTo(RunState.SUCCEEDED);
      assertThat(run.failures()).isZero();
      assertThat(calls).hasValue(4);
    }
  }

  /** Cannot be stored. */
  record Unreadable(int length) {
    @Override
    public int length() {
      throw new IllegalStateException("unknown");
    }
  }

  @Test
  @Tag("J8")
  @DisplayName("J8 an input or an output that does not fit spends attempts, and fails the run")
  void valueThatDoesNotFit_spendsAttempts() throws Exception {
    Retry twice = Retry.exponential(Duration.ofMillis(1), Duration.ofMillis(1)).attempts(2);
    AtomicInteger calls = new AtomicInteger();
    Job<Text, Unreadable> returns =
        Job.of("returns", Text.class, Unreadable.class)
            .retry(twice)
            .handler((_, _) -> {
              calls.incrementAndGet();
              return new Unreadable(0);
            });
    Job<Text, Length> takes =
        Job.of("takes", Text.class, Length.class).retry(twice).handler((_, _) -> new Length(0));
    try (JobClient client = JobClient.open(settings);
        JobWorker _ = JobWorker.start(settings, List.of(returns, takes))) {
      Run run = await(client, client.trigger(returns, new Text("")).id());
      assertThat(run.state()).isEqualTo(RunState.FAILED);
      assertThat(run.error().orElseThrow()).contains("output of job returns cannot be stored");
      assertThat(calls).hasValue(2);
      Job<Length, Length> earlier = Job.of("takes", Length.class, Length.class);
      Run other = await(client, client.trigger(earlier, new Length(1)).id());
      assertThat(other.state()).isEqualTo(RunState.FAILED);
      assertThat(other.error().orElseThrow()).contains("input of job takes does not fit");
    }
  }

  @Test
  @Tag("J12")
  @DisplayName("J12 one idempotency key makes one run; a coalescing key merges or refuses")
  void keys_keepRunsFromBeingMade() throws Exception {
    Job<Text, Length> once = length().idempotencyKey(Text::text);
    Job<Text, Length> merging =
        Job.of("merging", Text.class, Length.class)
            .coalescingKey(_ -> "all", (a, b) -> new Text(a.text() + b.text()))
            .handler((input, _) -> new Length(input.text().length()));
    Job<Text, Length> refusing =
        Job.of("refusing", Text.class, Length.class)
            .coalescingKey(_ -> "all")
            .handler((input, _) -> new Length(input.text().length()));
    try (JobClient client = JobClient.open(settings)) {
      TriggeredRun first = client.trigger(once, new Text("a"));
      assertThat(client.trigger(once, new Text("a")))
          .isEqualTo(new TriggeredRun(first.id(), TriggeredRun.Disposition.EXISTING));

      TriggeredRun pending = client.trigger(merging, new Text("ab"));
      assertThat(client.trigger(merging, new Text("cd")))
          .isEqualTo(new TriggeredRun(pending.id(), TriggeredRun.Disposition.MERGED));

      client.trigger(refusing, new Text("ab"));
      assertThatThrownBy(() -> client.trigger(refusing, new Text("cd")))
          .hasMessageContaining("a run of this coalescing key has not started yet: job=refusing");
      assertThatThrownBy(() -> client.triggerAll(refusing, List.of(new Text("x"), new Text("y"))))
          .hasMessageContaining("refusing");
      assertThat(client.list("refusing", null, 10)).hasSize(1);

      try (JobWorker _ = JobWorker.start(settings, List.of(once, merging, refusing))) {
        assertThat(client.output(await(client, pending.id()), merging)).isEqualTo(new Length(4));
        await(client, first.id());
      }
      assertThat(client.trigger(once, new Text("a")).disposition())
          .isEqualTo(TriggeredRun.Disposition.EXISTING);
      assertThat(client.trigger(merging, new Text("z")).disposition())
          .isEqualTo(TriggeredRun.Disposition.CREATED);
    }
  }
}
