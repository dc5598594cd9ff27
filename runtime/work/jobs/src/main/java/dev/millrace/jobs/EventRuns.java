package dev.millrace.jobs;

import dev.millrace.loaders.TriggerableJob;
import dev.millrace.postgres.client.PostgresConnections;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Makes the runs that events of an indexer have triggered, and recalls those whose events a reorg
 * has undone, in transactions of the caller, who takes the triggers out of an outbox of the same
 * database. Confined to one thread, except {@link #close}.
 */
public final class EventRuns implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  // Frees the key: the chain may come back to the block. A number alone may be that of a run which
  // no event has triggered, where the tables of jobs were made anew.
  private static final String RELEASE =
      """
      UPDATE run SET idempotency_key = NULL
       WHERE id = ? AND labels ->> 'millrace.blockHash' IS NOT NULL
      RETURNING state = 'PENDING' AND started_at IS NULL
      """;

  private static final String MARK =
      """
      UPDATE run SET labels = coalesce(labels, '{}') || jsonb_build_object(?::text, true)
       WHERE id = ?
      """;

  private final JobSettings settings;
  private final Map<String, Job<?, ?>> jobs = new HashMap<>();
  private final TriggerStatements triggers;
  private final JobTransactions transactions;

  /** Begin of the current transaction. */
  private long begun;

  /**
   * A run that an event has triggered.
   *
   * @param key of the event among all of its indexer
   * @param input JSON
   */
  public record EventRun(String job, String input, String key, EventOrigin origin) {}

  /** Statements of a transaction. They may run several times, but count once. */
  @FunctionalInterface
  public interface Work<T> {
    T run(Connection connection) throws SQLException;
  }

  private EventRuns(JobSettings settings, Collection<? extends TriggerableJob<?>> known) {
    this.settings = settings;
    for (TriggerableJob<?> job : known) {
      if (job instanceof Job<?, ?> definition) {
        jobs.put(job.name(), definition);
      }
    }
    // Inputs of events are public, and a refusal here would hold up all that come after it.
    this.triggers = new TriggerStatements(settings.schema(), JobSecrets.none());
    this.transactions =
        JobTransactions.dedicated(
            new PostgresConnections(settings.database(), settings.schema()),
            "runs of events",
            () -> System.nanoTime() - begun > PATIENCE.toNanos());
  }

  /**
   * Opens the tables of jobs; creates them if they are missing.
   *
   * @param known the jobs whose keys apply
   */
  public static EventRuns open(
      JobSettings settings, Collection<? extends TriggerableJob<?>> known) {
    JobClient.createTables(settings);
    return new EventRuns(settings, known);
  }

  /**
   * Runs a transaction until it is durable. One that fails for ten seconds is given up, and it is
   * not known then if it counts: the caller reads the outbox anew.
   */
  public <T> T transaction(Work<T> work) {
    begun = System.nanoTime();
    return transactions.run(work::run);
  }

  /** Inserts runs; returns their ids in the order of the list. */
  public List<Long> trigger(Connection connection, List<EventRun> events) throws SQLException {
    List<NewRun> runs = new ArrayList<>(events.size());
    events.forEach(event -> runs.add(newRun(event)));
    return triggers.trigger(connection, settings.schema(), runs).stream()
        .map(TriggeredRun::id)
        .toList();
  }

  private NewRun newRun(EventRun event) {
    Job<?, ?> job = jobs.get(event.job());
    String labels = JobJson.encode(event.origin().labels(), "labels");
    if (job == null) {
      return unknown(event, labels, Job.DEFAULT_QUEUE);
    }
    try {
      return known(job, event, labels);
    } catch (RuntimeException doesNotFit) { // also of the function of a key
      return unknown(event, labels, job.queue()); // the run fails by that, and says so
    }
  }

  private static <I> NewRun known(Job<I, ?> job, EventRun event, String labels) {
    I input = JobJson.decode(event.input(), job.inputType(), "input of job " + job.name());
    NewRun run = NewRun.of(job, input, TriggerOptions.none());
    NewRun.Keys keys = run.keys();
    String own = keys.idempotency();
    return new NewRun(
        job,
        run.priority(),
        Duration.ZERO,
        null,
        new NewRun.Keys(
            keys.exclusive(), keys.serial(), keys.coalescing(), own == null ? event.key() : own),
        null,
        event.input(),
        labels);
  }

  /** A run of a job that the indexer does not name any more: it stays pending and is reported. */
  private static NewRun unknown(EventRun event, @Nullable String labels, String queue) {
    return new NewRun(
        Job.of(event.job(), Object.class, Object.class).queue(queue),
        0,
        Duration.ZERO,
        null,
        new NewRun.Keys(null, false, null, event.key()),
        null,
        event.input(),
        labels);
  }

  /** Cancels the runs that have not started, and marks the others. */
  public void recall(Connection connection, Collection<Long> runs) throws SQLException {
    for (long run : runs) {
      recall(connection, run);
    }
    if (!runs.isEmpty()) {
      try (PreparedStatement statement = connection.prepareStatement("SELECT pg_notify(?, '')")) {
        statement.setString(1, settings.schema());
        statement.executeQuery().close();
      }
    }
  }

  private static void recall(Connection connection, long run) throws SQLException {
    boolean isFresh;
    try (PreparedStatement statement = connection.prepareStatement(RELEASE)) {
      statement.setLong(1, run);
      try (ResultSet row = statement.executeQuery()) {
        if (!row.next()) {
          return; // purged
        }
        isFresh = row.getBoolean(1);
      }
    }
    if (isFresh) {
      RunControl.cancel(connection, run);
      return;
    }
    try (PreparedStatement statement = connection.prepareStatement(MARK)) {
      statement.setString(1, EventOrigin.REPLACED);
      statement.setLong(2, run);
      statement.executeUpdate();
    }
    RunWriteStatements.insert(
        connection, List.of(new RunWrite.Event(run, 0, RunEvent.REPLACED, null, null, null)));
  }

  @Override
  public void close() {
    transactions.close();
  }
}
