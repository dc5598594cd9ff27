package dev.millrace.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The keys that exclude runs, and the order of those that may run. */
@Timeout(120)
final class JobKeysIT {
  private static final Duration LONG = Duration.ofSeconds(100);

  record Keyed(String key, int number) {}

  private final JobSettings settings = JobsTestDatabase.settings();

  private static void awaitAll(JobClient client, List<TriggeredRun> runs) throws Exception {
    for (TriggeredRun run : runs) {
      assertThat(client.await(run.id(), LONG).orElseThrow().state()).isEqualTo(RunState.SUCCEEDED);
    }
  }

  @Test
  @Tag("J7")
  @DisplayName("J7 keys of any length and any characters exclude runs and stop no worker")
  void keysOfAnyLength_excludeRuns() throws Exception {
    Random random = new Random(7);
    String letters =
        random.ints(5_000, 'A', 'z').mapToObj(Character::toString).collect(Collectors.joining());
    Job<Keyed, Integer> job =
        Job.of("long", Keyed.class, Integer.class)
            .concurrencyKey(input -> input.key() + '\0')
            .coalescingKey(input -> input.key() + input.number(), (_, later) -> later)
            .handler((input, _) -> input.number());
    try (JobClient client = JobClient.open(settings);
        JobWorker _ = JobWorker.start(settings, List.of(job))) {
      TriggerOptions once = TriggerOptions.none().idempotencyKey(letters + "1");
      TriggeredRun first = client.trigger(job, new Keyed(letters, 1), once);
      TriggeredRun second = client.trigger(job, new Keyed(letters, 2));
      awaitAll(client, List.of(first, second, client.trigger(job, new Keyed("short", 3))));
      assertThat(client.trigger(job, new Keyed(letters, 1), once).id()).isEqualTo(first.id());
      TriggerOptions other = TriggerOptions.none().idempotencyKey(letters + "2");
      assertThat(client.trigger(job, new Keyed(letters, 1), other).id()).isNotEqualTo(first.id());
    }
  }

  @Test
  @Tag("J7")
  @DisplayName("J7 several workers over seven concurrency keys never run one key twice at a time")
  void concurrencyKeys_excludeOneAnother() throws Exception {
    Map<String, AtomicInteger> atATime = new ConcurrentHashMap<>();
    AtomicInteger most = new AtomicInteger();
    AtomicInteger calls = new AtomicInteger();
    Job<Keyed, Integer> job =
        Job.of("keyed", Keyed.class, Integer.class)
            .concurrencyKey(Keyed::key)
            .handler((input, context) -> {
              AtomicInteger running =
                  atATime.computeIfAbsent(input.key(), _ -> new AtomicInteger());
              most.accumulateAndGet(running.incrementAndGet(), Math::max);
              calls.incrementAndGet();
              context.step("work", Thread::yield);
              running.decrementAndGet();
              return input.number();
            });
    List<JobWorker> workers = new ArrayList<>();
    try (JobClient client = JobClient.open(settings)) {
      for (int i = 0; i < 5; i++) {
        workers.add(JobWorker.start(settings.withQueue(Job.DEFAULT_QUEUE, 20), List.of(job)));
      }
      List<TriggeredRun> runs = new ArrayList<>();
      for (int i = 0; i < 21; i++) {
        int from = i * 20;
        runs.addAll(
            client.triggerAll(
                job,
                IntStream.range(from, from + 20)
                    .mapToObj(n -> new Keyed("k" + n % 7, n))
                    .toList()));
      }
      awaitAll(client, runs);
    } finally {
      workers.forEach(JobWorker::close);
    }
    assertThat(calls).hasValue(420);
    assertThat(most).hasValue(1);
    assertThat(
            JobsTestDatabase.query(
                settings, "SELECT id FROM run WHERE holds_key OR gate IS NOT NULL"))
        .isEmpty();
  }

  @Test
  @Tag("J7")
  @DisplayName("J7 a serial key runs in the order of triggers, delays and retries included")
  void serialKey_keepsTheOrder() throws Exception {
    List<Integer> order = new CopyOnWriteArrayList<>();
    AtomicInteger failed = new AtomicInteger();
    Job<Keyed, Integer> job =
        Job.of("serial", Keyed.class, Integer.class)
            .serialKey(Keyed::key)
            .retry(Retry.exponential(Duration.ofMillis(20), Duration.ofMillis(20)).attempts(3))
            .handler((input, _) -> {
              if (input.number() == 1 && failed.incrementAndGet() < 3) {
                throw new IllegalStateException("not yet");
              }
              order.add(input.number());
              return input.number();
            });
    try (JobClient client = JobClient.open(settings)) {
      List<TriggeredRun> runs = new ArrayList<>();
      runs.add(
          client.trigger(
              job, new Keyed("k", 0), TriggerOptions.none().delay(Duration.ofMillis(300))));
      for (int i = 1; i < 8; i++) {
        runs.add(client.trigger(job, new Keyed("k", i), TriggerOptions.none().priority(i)));
      }
      try (JobWorker _ = JobWorker.start(settings, List.of(job));
          JobWorker _ = JobWorker.start(settings, List.of(job))) {
        awaitAll(client, runs);
      }
    }
    assertThat(order).containsExactly(0, 1, 2, 3, 4, 5, 6, 7);
  }

  @Test
  @Tag("J23")
  @DisplayName("J23 runs are claimed by priority, then due time, then id")
  void order_isPriorityThenTimeThenId() throws Exception {
    List<Integer> order = new CopyOnWriteArrayList<>();
    Job<Keyed, Integer> job =
        Job.of("ordered", Keyed.class, Integer.class)
            .queue("one")
            .handler((input, _) -> {
              order.add(input.number());
              return input.number();
            });
    JobSettings one = settings.withQueue("one", 1);
    try (JobClient client = JobClient.open(one)) {
      List<TriggeredRun> runs = new ArrayList<>();
      runs.add(client.trigger(job, new Keyed("", 3)));
      runs.add(client.trigger(job, new Keyed("", 4)));
      runs.add(client.trigger(job, new Keyed("", 1), TriggerOptions.none().priority(5)));
      runs.add(client.trigger(job, new Keyed("", 5), TriggerOptions.none().priority(-5)));
      runs.add(client.trigger(job, new Keyed("", 2), TriggerOptions.none().priority(5)));
      try (JobWorker _ = JobWorker.start(one, List.of(job))) {
        awaitAll(client, runs);
      }
    }
    assertThat(order).containsExactly(1, 2, 3, 4, 5);
  }

  @Test
  @Tag("J23")
  @DisplayName("J23 20,000 runs behind one key starve no other and cost a claim nothing")
  void hotKey_starvesNoOther() throws Exception {
    CountDownLatch release = new CountDownLatch(1);
    Semaphore others = new Semaphore(0);
    Job<Keyed, Integer> job =
        Job.of("hot", Keyed.class, Integer.class)
            .concurrencyKey(Keyed::key)
            .handler((input, _) -> {
              if (input.key().equals("hot")) {
                release.await();
              } else {
                others.release();
              }
              return input.number();
            });
    try (JobClient client = JobClient.open(settings)) {
      for (int i = 0; i < 20; i++) {
        client.triggerAll(
            job, IntStream.range(0, 1_000).mapToObj(n -> new Keyed("hot", n)).toList());
      }
      try (JobWorker _ = JobWorker.start(settings.withDrain(Duration.ZERO), List.of(job))) {
        client.triggerAll(
            job, IntStream.range(0, 50).mapToObj(n -> new Keyed("k" + n, n)).toList());
        others.acquire(50);
        assertThat(
                JobsTestDatabase.query(
                    settings,
                    "SELECT count(*) FROM run WHERE exclusive_key = 'hot/hot'"
                        + " AND (gate = 'KEY' OR state = 'RUNNING')"))
            .containsExactly("20000");
        String plan =
            String.join(
                "\n",
                JobsTestDatabase.query(
                    settings,
                    "EXPLAIN (ANALYZE, BUFFERS OFF, TIMING OFF) SELECT id FROM run WHERE gate = 'READY'"
                        + " AND queue = 'default' AND job = 'hot'"
                        + " ORDER BY priority DESC, due_at, id LIMIT 10"));
        assertThat(plan).contains("run_ready").doesNotContain("Rows Removed by Filter");
        release.countDown();
      }
    }
  }
}
