package dev.millrace.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.loaders.MillraceException;
import dev.millrace.postgres.client.DatabaseSettings;
import java.sql.PreparedStatement;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Cuts a connection at every packet that a worker and a client send, one packet per run of the
 * program, and compares what is durable at the end with what a run without a fault leaves. {@code
 * -Dmillrace.it.cuts.step=1} cuts at each packet; every build cuts at each fifteenth.
 */
final class JobFaultIT {
  private static final Duration LONG = Duration.ofSeconds(50);

  record Note(String text) {}

  private static Job<Note, Note> child(String schema) {
    return Job.of("child", Note.class, Note.class)
        .concurrencyKey(_ -> "one at a time")
        .handler((input, context) -> {
          context.transaction("count", effect(schema, "child " + input.text()));
          return input;
        });
  }

  private static Job<Note, Note> parent(String schema) {
    return Job.of("parent", Note.class, Note.class)
        .idempotencyKey(Note::text)
        .handler((input, context) -> {
          String first = context.step("first", () -> input.text() + " first");
          context.transaction("count", effect(schema, first));
          context.sleep("nap", Duration.ofMillis(5));
          Items<Note> items =
              context.forEach("all", List.of("a", "b", "c"), key -> key, Note::new, child(schema));
          String signal =
              context.awaitSignal("go", Note.class, Duration.ofMinutes(1)).orElseThrow().text();
          context.log("all is done");
          return new Note(first + items.succeeded().size() + signal);
        });
  }

  private static JobContext.TransactionBody<Integer> effect(String schema, String what) {
    return connection -> {
      try (PreparedStatement statement =
          connection.prepareStatement("INSERT INTO \"%s\".effect VALUES (?)".formatted(schema))) {
        statement.setString(1, what);
        return statement.executeUpdate();
      }
    };
  }

  @ParameterizedTest
  @EnumSource(JobsCuttingProxy.CutMoment.class)
  @Tag("J1")
  @Tag("J10")
  @DisplayName("J1 J10 a connection cut at any packet leaves every run and effect once")
  @Timeout(value = 15, unit = TimeUnit.MINUTES)
  void cutAtAnyPacket_changesNothing(JobsCuttingProxy.CutMoment cut) throws Exception {
    int step = Integer.getInteger("millrace.it.cuts.step", 15);
    boolean more = true;
    for (int at = cut == JobsCuttingProxy.CutMoment.BEFORE ? 1 : 2; more; at += step) {
      more = run(cut, at);
    }
  }

  private static boolean run(JobsCuttingProxy.CutMoment cut, int at) throws Exception {
    JobSettings direct = JobsTestDatabase.settings();
    try (JobClient _ = JobClient.open(direct)) {
      JobsTestDatabase.execute(direct, "CREATE TABLE effect (what text)");
    }
    DatabaseSettings database = direct.database();
    try (JobsCuttingProxy proxy = new JobsCuttingProxy(database.url(), cut, at)) {
      JobSettings cutting =
          new JobSettings(
              DatabaseSettings.of(proxy.url(), database.user(), database.password())
                  .withPatience(Duration.ofSeconds(60)),
              direct.schema(),
              direct.lease(),
              direct.queues(),
              direct.drain(),
              1);
      Job<Note, Note> parent = parent(direct.schema());
      try (JobWorker _ = started(cutting, List.of(parent, child(direct.schema())))) {
        long run = triggered(cutting, parent);
        try (JobClient client = JobClient.open(direct)) {
          Run ended = client.await(run, LONG).orElse(null);
          assertThat(ended)
              .as("cut=%s at=%d events=%s", cut, at, client.events(run, 0))
              .isNotNull()
              .extracting(Run::state)
              .isEqualTo(RunState.SUCCEEDED);
          assertThat(client.output(client.find(run).orElseThrow(), parent))
              .isEqualTo(new Note("p first3go"));
        }
      }
      compare(direct, cut, at);
      return proxy.hasCut();
    }
  }

  private static JobWorker started(JobSettings settings, List<Job<?, ?>> jobs) {
    try {
      return JobWorker.start(settings, jobs);
    } catch (MillraceException _) {
      return JobWorker.start(settings, jobs); // its first connection was the one that was cut
    }
  }

  /** Triggers and signals through the cutting proxy: a failed attempt stays in the client. */
  private static long triggered(JobSettings settings, Job<Note, Note> job) {
    try (JobClient client = opened(settings)) {
      long run = client.trigger(job, new Note("p")).id();
      client.signal(run, "go", new Note("go"));
      return run;
    }
  }

  private static JobClient opened(JobSettings settings) {
    try {
      return JobClient.open(settings);
    } catch (MillraceException _) {
      return JobClient.open(settings);
    }
  }

  private static void compare(JobSettings settings, JobsCuttingProxy.CutMoment cut, int at)
      throws Exception {
    assertThat(JobsTestDatabase.query(settings, "SELECT what FROM effect ORDER BY what"))
        .as("cut=%s at=%d", cut, at)
        .containsExactly("child a", "child b", "child c", "p first");
    assertThat(
            JobsTestDatabase.query(
                settings, "SELECT job, state, holds_key, lost_claims FROM run ORDER BY id"))
        .as("cut=%s at=%d", cut, at)
        .containsExactly(
            "parent|SUCCEEDED|f|0",
            "child|SUCCEEDED|f|0",
            "child|SUCCEEDED|f|0",
            "child|SUCCEEDED|f|0");
    assertThat(
            JobsTestDatabase.query(
                settings,
                "SELECT s.name, s.kind, s.open_items, s.finished_at IS NOT NULL FROM step s"
                    + " JOIN run r ON r.id = s.run WHERE r.job = 'parent' ORDER BY s.number"))
        .as("cut=%s at=%d", cut, at)
        .containsExactly(
            "first|STEP|0|t", "count|STEP|0|t", "nap|SLEEP|0|t", "all|ITEMS|0|f", "go|SIGNAL|0|t");
    assertThat(
            JobsTestDatabase.query(
                settings,
                "SELECT e.type, count(*) FROM event e JOIN run r ON r.id = e.run"
                    + " WHERE r.job = 'parent' AND e.type IN ('triggered', 'succeeded', 'log')"
                    + " GROUP BY 1 ORDER BY 1"))
        .as("cut=%s at=%d", cut, at)
        .containsExactly("log|1", "succeeded|1", "triggered|1");
  }
}
