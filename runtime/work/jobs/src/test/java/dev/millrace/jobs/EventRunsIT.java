package dev.millrace.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.TriggerMoment;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Runs that events of an indexer trigger, and their recall. */
@Timeout(60)
final class EventRunsIT {
  record Notice(String text) {}

  private static final Job<Notice, String> LATE = Job.of("late", Notice.class, String.class);
  private static final Job<Notice, String> EARLY =
      Job.of("early", Notice.class, String.class).when(TriggerMoment.COMMITTED);

  private final JobSettings settings = JobsTestDatabase.settings();

  private static EventRuns.EventRun event(Job<Notice, ?> job, long block, String text) {
    EventOrigin origin = new EventOrigin("erc20", "1", block, "0x0" + block, 3, false);
    return new EventRuns.EventRun(
        job.name(), job.inputText(new Notice(text)), "erc20/1/0x0" + block + "/3/0", origin);
  }

  private static List<Long> trigger(EventRuns runs, EventRuns.EventRun... events) {
    return runs.transaction(connection -> runs.trigger(connection, List.of(events)));
  }

  private static void recall(EventRuns runs, Long... ids) {
    runs.transaction(connection -> {
      runs.recall(connection, List.of(ids));
      return true;
    });
  }

  private static List<String> types(JobClient client, long run) {
    return client.events(run, 0).stream().map(RunEvent::type).toList();
  }

  @Test
  @Tag("J28")
  void runThatHasNotStarted_isCanceledByARecallAndItsKeyIsFree() {
    try (EventRuns runs = EventRuns.open(settings, List.of(EARLY));
        JobClient client = JobClient.open(settings)) {
      long first = trigger(runs, event(EARLY, 7, "a")).getFirst();
      assertThat(trigger(runs, event(EARLY, 7, "a"))).containsExactly(first);
      recall(runs, first, 4711L);

      assertThat(client.find(first).map(Run::state)).contains(RunState.CANCELED);
      long again = trigger(runs, event(EARLY, 7, "a")).getFirst();
      assertThat(again).isNotEqualTo(first);
      assertThat(client.find(again).map(Run::state)).contains(RunState.PENDING);
    }
  }

  @Test
  @Tag("J28")
  void runThatHasStarted_isMarkedByARecallAndKnowsItsBlock() throws Exception {
    CountDownLatch goOn = new CountDownLatch(1);
    BlockingQueue<Optional<EventOrigin>> seen = new LinkedBlockingQueue<>();
    Job<Notice, String> job =
        EARLY
            .retry(Retry.exponential(Duration.ofMillis(10), Duration.ofMillis(10)).attempts(2))
            .handler((_, context) -> {
              seen.add(context.origin());
              goOn.await();
              if (context.attempt() == 1) {
                throw new IllegalStateException("once more");
              }
              return "done";
            });
    try (EventRuns runs = EventRuns.open(settings, List.of(job));
        JobWorker _ = JobWorker.start(settings, List.of(job));
        JobClient client = JobClient.open(settings)) {
      long run = trigger(runs, event(EARLY, 7, "a")).getFirst();
      EventOrigin origin = new EventOrigin("erc20", "1", 7, "0x07", 3, false);
      assertThat(seen.poll(30, TimeUnit.SECONDS)).contains(origin);
      recall(runs, run);
      goOn.countDown();

      Run ended = client.await(run, Duration.ofSeconds(30)).orElseThrow();
      assertThat(ended.state()).isEqualTo(RunState.SUCCEEDED);
      assertThat(seen.poll(30, TimeUnit.SECONDS))
          .contains(new EventOrigin("erc20", "1", 7, "0x07", 3, true));
      assertThat(types(client, run)).contains(RunEvent.REPLACED).doesNotContain(RunEvent.CANCELED);
      long other = client.trigger(job, new Notice("b")).id();
      client.await(other, Duration.ofSeconds(30));
      assertThat(seen.poll(30, TimeUnit.SECONDS)).isEmpty();
    }
  }

  @Test
  @Tag("J20")
  @Tag("J28")
  void jobThatIsNotKnown_staysPendingAndIsReported() {
    try (EventRuns runs = EventRuns.open(settings, List.of());
        JobClient client = JobClient.open(settings)) {
      long run = trigger(runs, event(LATE, 7, "a")).getFirst();

      assertThat(client.find(run).map(Run::state)).contains(RunState.PENDING);
      assertThat(client.find(run).map(Run::input))
          .hasValueSatisfying(input -> assertThat(input).contains("\"a\""));
      assertThat(client.status().toString()).contains("late");
    }
  }

  @Test
  @Tag("J28")
  void inputThatDoesNotFitAnyMore_failsItsRunInTheQueueOfTheJob() throws Exception {
    record Renamed(String body) {}

    Retry once = Retry.exponential(Duration.ofMillis(1), Duration.ofMillis(1)).attempts(1);
    Job<Renamed, String> renamed =
        Job.of("late", Renamed.class, String.class)
            .queue("heavy")
            .retry(once)
            .handler((_, _) -> "done");
    Job<Notice, String> keyed =
        Job.of("keyed", Notice.class, String.class)
            .concurrencyKey(notice -> notice.text().substring(0, 5))
            .retry(once)
            .handler((_, _) -> "done");
    EventRuns.EventRun shorter = event(Job.of("keyed", Notice.class, String.class), 8, "a");
    try (EventRuns runs = EventRuns.open(settings, List.of(renamed, keyed));
        JobWorker _ = JobWorker.start(settings, List.of(renamed, keyed));
        JobClient client = JobClient.open(settings)) {
      List<Long> made = trigger(runs, event(LATE, 7, "a"), shorter);
      Run failed = client.await(made.getFirst(), Duration.ofSeconds(30)).orElseThrow();
      assertThat(failed.state()).isEqualTo(RunState.FAILED);
      assertThat(failed.error().orElseThrow()).contains("input of job late does not fit");
      assertThat(client.await(made.getLast(), Duration.ofSeconds(30))).isPresent();
    }
  }

  @Test
  @Tag("J28")
  void ownKeysOfAJob_applyToItsTriggers() {
    Job<Notice, String> merging =
        LATE.coalescingKey(_ -> "all", (one, other) -> new Notice(one.text() + other.text()));
    Job<Notice, String> once =
        Job.of("once", Notice.class, String.class).idempotencyKey(Notice::text);
    try (EventRuns runs = EventRuns.open(settings, List.of(merging, once));
        JobClient client = JobClient.open(settings)) {
      List<Long> made = trigger(runs, event(LATE, 7, "a"), event(LATE, 8, "b"));
      assertThat(made).hasSize(2).containsOnly(made.getFirst());
      assertThat(client.find(made.getFirst()).map(Run::input))
          .hasValueSatisfying(input -> assertThat(input).contains("\"ab\""));
      List<Long> same = trigger(runs, event(once, 9, "x"), event(once, 10, "x"));
      assertThat(same).containsOnly(same.getFirst());
    }
  }

  @Test
  @Tag("J28")
  void sharedRuns_cannotBeTriggeredBeforeTheyAreFinal() {
    assertThatThrownBy(() -> EARLY.idempotencyKey(Notice::text))
        .isInstanceOf(MillraceException.class)
        .hasMessageStartingWith("a run that several triggers share cannot be recalled: job=early");
    Job<Notice, String> refusing = LATE.coalescingKey(Notice::text);
    assertThatThrownBy(() -> refusing.inputText(new Notice("a")))
        .hasMessageStartingWith("handlers cannot trigger a job that refuses to merge: job=late");
  }
}
