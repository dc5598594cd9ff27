package dev.millrace.jobs;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The statements that store what handlers have done. Each names run and token: a run that was
 * claimed since, or swept, or has ended, takes nothing any more. None names the worker, which the
 * token implies: the index of workers would lead the planner away from the primary key.
 */
final class RunWriteStatements {
  // The lock orders the events of a run: their ids are drawn by its holder alone.
  private static final String OWN =
      """
      SELECT r.id, r.cancel_at IS NOT NULL
        FROM run r
        JOIN unnest(?::bigint[], ?::bigint[]) AS w (id, token) ON r.id = w.id AND r.token = w.token
       WHERE r.state = 'RUNNING'
       ORDER BY r.id
         FOR NO KEY UPDATE OF r
      """;

  // A step of the same token is our own, written before a reply was lost.
  private static final String STEPS =
      """
      INSERT INTO step (run, number, name, kind, token, finished_at, type, output, wake_at)
      SELECT w.run, w.number, w.name, w.kind, w.token,
             CASE WHEN w.finished THEN clock_timestamp() END, w.type, w.output::jsonb,
             clock_timestamp() + w.wake * interval '1 millisecond'
        FROM unnest(?::bigint[], ?::integer[], ?::text[], ?::text[], ?::bigint[], ?::boolean[],
                    ?::text[], ?::text[], ?::bigint[])
             AS w (run, number, name, kind, token, finished, type, output, wake)
      ON CONFLICT (run, name) DO UPDATE
         SET token = EXCLUDED.token, finished_at = EXCLUDED.finished_at, type = EXCLUDED.type,
             output = EXCLUDED.output
      """;

  private static final String EVENTS =
      """
      INSERT INTO event (run, type, step, message, data)
      SELECT w.run, w.type, w.step, w.message, w.data::jsonb
        FROM unnest(?::bigint[], ?::text[], ?::text[], ?::text[], ?::text[])
             WITH ORDINALITY AS w (run, type, step, message, data, n)
       ORDER BY w.n
      """;

  private static final String PROGRESS =
      """
      INSERT INTO progress (run, token, done, total, message)
      SELECT * FROM unnest(?::bigint[], ?::bigint[], ?::bigint[], ?::bigint[], ?::text[])
      ON CONFLICT (run) DO UPDATE
         SET token = EXCLUDED.token, at = clock_timestamp(), done = EXCLUDED.done,
             total = EXCLUDED.total, message = EXCLUDED.message
      """;

  private RunWriteStatements() {}

  /** A write and its fate. */
  record Settled(RunWrite write, RunWrite.Durability fate) {}

  static List<Settled> write(Connection connection, List<RunWrite> writes) throws SQLException {
    List<Settled> settled = new ArrayList<>(writes.size());
    List<RunWrite.End> ending = new ArrayList<>();
    List<RunWrite> others = new ArrayList<>();
    for (RunWrite write : writes) {
      switch (write) {
        case RunWrite.End end -> ending.add(end);
        case RunWrite.Step step -> others.add(step);
        case RunWrite.Event event -> others.add(event);
        case RunWrite.Progress progress -> others.add(progress);
      }
    }
    if (!others.isEmpty()) {
      writeOwned(connection, others, settled);
    }
    if (!ending.isEmpty()) {
      RunEndStatements.write(connection, ending, settled);
    }
    return settled;
  }

  private static void writeOwned(
      Connection connection, List<RunWrite> writes, List<Settled> settled) throws SQLException {
    Map<Long, Boolean> owned = lock(connection, writes);
    List<RunWrite.Step> steps = new ArrayList<>();
    List<RunWrite.Event> events = new ArrayList<>();
    Map<Long, RunWrite.Progress> progress = new HashMap<>();
    for (RunWrite write : writes) {
      Boolean canceled = owned.get(write.run);
      RunWrite.Durability fate =
          canceled == null
              ? RunWrite.Durability.LOST
              : canceled && write instanceof RunWrite.Step
                  ? RunWrite.Durability.CANCELED
                  : RunWrite.Durability.DURABLE;
      settled.add(new Settled(write, fate));
      if (fate == RunWrite.Durability.DURABLE) {
        switch (write) {
          case RunWrite.Step step -> {
            steps.add(step);
            events.add(eventOf(step));
          }
          case RunWrite.Event event -> events.add(event);
          case RunWrite.Progress one -> progress.put(one.run, one);
          case RunWrite.End _ -> throw new IllegalStateException("ends are written apart");
        }
      }
    }
    insertSteps(connection, steps);
    insert(connection, events);
    insertProgress(connection, List.copyOf(progress.values()));
  }

  static RunWrite.Event eventOf(RunWrite.Step step) {
    RunWrite.StepRecord record = step.record;
    return new RunWrite.Event(
        step.run,
        step.token,
        record.finished() ? RunEvent.STEP_FINISHED : RunEvent.STEP_WAITS,
        record.name(),
        null,
        null);
  }

  /** Locks the runs whose claim counts; the value says that a cancel was asked. */
  private static Map<Long, Boolean> lock(Connection connection, List<RunWrite> writes)
      throws SQLException {
    Map<Long, Boolean> owned = new HashMap<>();
    try (PreparedStatement statement = connection.prepareStatement(OWN)) {
      Parameters.of(statement, writes).longs(write -> write.run).longs(write -> write.token);
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          owned.put(rows.getLong(1), rows.getBoolean(2));
        }
      }
    }
    return owned;
  }

  static void insertSteps(Connection connection, List<RunWrite.Step> steps) throws SQLException {
    if (steps.isEmpty()) {
      return;
    }
    try (PreparedStatement statement = connection.prepareStatement(STEPS)) {
      Parameters.of(statement, steps)
          .longs(step -> step.run)
          .ints(step -> step.record.number())
          .texts(step -> step.record.name())
          .texts(step -> step.record.kind().name())
          .longs(step -> step.token)
          .booleans(step -> step.record.finished())
          .texts(step -> step.record.type())
          .texts(step -> step.record.output())
          .nullableLongs(step -> step.record.wake() == null ? null : step.record.wake().toMillis());
      statement.executeUpdate();
    }
  }

  static void insert(Connection connection, List<RunWrite.Event> events) throws SQLException {
    if (events.isEmpty()) {
      return;
    }
    try (PreparedStatement statement = connection.prepareStatement(EVENTS)) {
      Parameters.of(statement, events)
          .longs(event -> event.run)
          .texts(event -> event.type)
          .texts(event -> event.step)
          .texts(event -> event.message)
          .texts(event -> event.data);
      statement.executeUpdate();
    }
  }

  private static void insertProgress(Connection connection, List<RunWrite.Progress> progress)
      throws SQLException {
    if (progress.isEmpty()) {
      return;
    }
    try (PreparedStatement statement = connection.prepareStatement(PROGRESS)) {
      Parameters.of(statement, progress)
          .longs(one -> one.run)
          .longs(one -> one.token)
          .longs(one -> one.done)
          .nullableLongs(one -> one.total < 0 ? null : one.total)
          .texts(one -> one.message);
      statement.executeUpdate();
    }
  }
}
