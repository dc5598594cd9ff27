package dev.millrace.jobs;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The statements by which others than its owner change a run. */
final class RunControl {
  private static final String LOCK =
      "SELECT state, cancel_at IS NOT NULL FROM run WHERE id = ? FOR NO KEY UPDATE";

  private static final String CANCEL =
      """
      UPDATE run
         SET cancel_at = coalesce(cancel_at, clock_timestamp()),
             state = (CASE WHEN state = 'PENDING' THEN 'CANCELED' ELSE 'RUNNING' END)::run_state,
             finished_at = CASE WHEN state = 'PENDING' THEN clock_timestamp() END,
             gate = NULL, wake_at = NULL,
             holds_key = holds_key AND state = 'RUNNING'
       WHERE id = ? AND finished_at IS NULL
      RETURNING id, state, parent, parent_step,
                CASE WHEN exclusive_key IS NOT NULL AND NOT holds_key THEN exclusive_key END
      """;

  private static final String SIGNAL =
      "INSERT INTO signal (run, name, payload) VALUES (?, ?, ?::jsonb)";

  private static final String RETRY =
      """
      INSERT INTO run (job, queue, priority, max_lost_claims, gate, wake_at, exclusive_key, serial,
                       retry_of, version, input, labels)
      SELECT job, queue, priority, max_lost_claims,
             (CASE WHEN exclusive_key IS NULL THEN 'READY' ELSE 'TIME' END)::run_gate,
             CASE WHEN exclusive_key IS NOT NULL THEN clock_timestamp() END, exclusive_key, serial,
             id, CASE WHEN ? THEN version END, input, labels
        FROM run
       WHERE id = ?
      RETURNING id
      """;

  // A step that failed or waits is not kept, nor what comes after the named one.
  private static final String COPY_STEPS =
      """
      INSERT INTO step (run, number, name, kind, token, type, output, wake_at, open_items, finished_at)
      SELECT ?, number, name, kind, 0, type, output, wake_at, open_items, finished_at
        FROM step
       WHERE run = ?
         AND number < coalesce((SELECT number FROM step WHERE run = ? AND name = ?), 2147483647)
         AND (finished_at IS NOT NULL OR (kind = 'ITEMS' AND open_items = 0))
      """;

  private static final String COPY_ITEMS =
      """
      INSERT INTO run (job, queue, state, gate, priority, max_lost_claims, parent, parent_step,
                       item_key, retry_of, exclusive_key, serial, wake_at, started_at, finished_at,
                       input, output, error)
      SELECT i.job, i.queue,
             (CASE WHEN i.kept THEN i.state::text ELSE 'PENDING' END)::run_state,
             (CASE WHEN i.kept THEN NULL WHEN i.exclusive_key IS NULL THEN 'READY'
                   ELSE 'TIME' END)::run_gate,
             i.priority, i.max_lost_claims, ?, i.parent_step, i.item_key, i.id, i.exclusive_key,
             i.serial, CASE WHEN NOT i.kept AND i.exclusive_key IS NOT NULL THEN clock_timestamp() END,
             CASE WHEN i.kept THEN i.started_at END, CASE WHEN i.kept THEN i.finished_at END,
             i.input, i.output, CASE WHEN i.kept THEN i.error END
        FROM (SELECT r.*, NOT ? OR r.state = 'SUCCEEDED' AS kept FROM run r WHERE r.parent = ?) i
       WHERE i.parent_step IN (SELECT name FROM step WHERE run = ?)
       ORDER BY i.id
      """;

  private static final String REOPEN_ITEMS =
      """
      UPDATE step s
         SET open_items = (SELECT count(*) FROM run i
                            WHERE i.parent = s.run AND i.parent_step = s.name
                              AND i.finished_at IS NULL)
       WHERE s.run = ? AND s.kind = 'ITEMS'
      """;

  private static final String DROP_AFTER_OPEN =
      """
      DELETE FROM step
       WHERE run = ?
         AND number > (SELECT min(number) FROM step WHERE run = ? AND open_items > 0)
      """;

  private static final String PURGE =
      """
      DELETE FROM run
       WHERE id = ANY (ARRAY (SELECT r.id FROM run r
                               WHERE r.finished_at < statement_timestamp() - ? * interval '1 millisecond'
                                 AND (r.parent IS NULL
                                      OR NOT EXISTS (SELECT FROM run p WHERE p.id = r.parent))
                                 AND NOT EXISTS (SELECT FROM run i
                                                  WHERE i.parent = r.id AND i.finished_at IS NULL)
                               ORDER BY r.finished_at
                               LIMIT 1000
                                 FOR UPDATE SKIP LOCKED))
      RETURNING id
      """;

  private RunControl() {}

  /** The answer to a cancel. */
  enum Canceled {
    /** The run had not started, or waited, and has ended. */
    ENDED,
    /** The owner of the run was asked, and ends it. */
    ASKED
  }

  static Canceled cancel(Connection connection, long id) throws SQLException {
    RunState state = lock(connection, id);
    if (state.isFinal()) {
      throw new MillraceException(
          Remedy.FIX_SETUP, "run has ended already: run=%d state=%s".formatted(id, state));
    }
    EndedRuns ended = new EndedRuns();
    RunState now = state;
    try (PreparedStatement statement = connection.prepareStatement(CANCEL)) {
      statement.setLong(1, id);
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          now = RunState.valueOf(rows.getString(2));
          ended.add(id, now, rows);
        }
      }
    }
    RunWriteStatements.insert(
        connection,
        List.of(
            new RunWrite.Event(
                id,
                0,
                now.isFinal() ? RunEvent.CANCELED : RunEvent.CANCEL_ASKED,
                null,
                null,
                null)));
    ended.passOn(connection);
    return now.isFinal() ? Canceled.ENDED : Canceled.ASKED;
  }

  private static RunState lock(Connection connection, long id) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(LOCK)) {
      statement.setLong(1, id);
      try (ResultSet row = statement.executeQuery()) {
        if (!row.next()) {
          throw unknown(id);
        }
        return RunState.valueOf(row.getString(1));
      }
    }
  }

  static MillraceException unknown(long id) {
    return new MillraceException(Remedy.FIX_SETUP, "there is no such run: run=" + id);
  }

  static void signal(Connection connection, long id, String name, @Nullable String payload)
      throws SQLException {
    RunState state = lock(connection, id);
    if (state.isFinal()) {
      throw new MillraceException(
          Remedy.FIX_SETUP,
          "run has ended and takes no signal: run=%d state=%s".formatted(id, state));
    }
    try (PreparedStatement statement = connection.prepareStatement(SIGNAL)) {
      statement.setLong(1, id);
      statement.setString(2, name);
      statement.setString(3, payload);
      statement.executeUpdate();
    }
    RunWriteStatements.insert(
        connection, List.of(new RunWrite.Event(id, 0, RunEvent.SIGNAL, name, null, null)));
    RunEndStatements.wake(connection, List.of(id));
  }

  /**
   * Makes a new run that names an ended one.
   *
   * @param from the step to begin with; null for the first
   * @param failedOnly keeps every step, and runs again the items that have not succeeded
   */
  static long retry(Connection connection, long id, @Nullable String from, boolean failedOnly)
      throws SQLException {
    RunState state = lock(connection, id);
    if (!state.isFinal()) {
      throw new MillraceException(
          Remedy.FIX_SETUP, "run has not ended: run=%d state=%s".formatted(id, state));
    }
    if (from != null && !hasStep(connection, id, from)) {
      throw new MillraceException(
          Remedy.FIX_SETUP, "run has no such step: run=%d step=%s".formatted(id, from));
    }
    boolean keepsSteps = from != null || failedOnly;
    long made = insertRetry(connection, id, keepsSteps);
    if (keepsSteps) {
      copySteps(connection, id, made, from);
      copyItems(connection, id, made, failedOnly);
    }
    RunWriteStatements.insert(
        connection,
        List.of(new RunWrite.Event(made, 0, RunEvent.TRIGGERED, null, "retry of run " + id, null)));
    return made;
  }

  private static long insertRetry(Connection connection, long id, boolean keepsSteps)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(RETRY)) {
      statement.setBoolean(1, keepsSteps);
      statement.setLong(2, id);
      try (ResultSet row = statement.executeQuery()) {
        row.next();
        return row.getLong(1);
      }
    }
  }

  private static boolean hasStep(Connection connection, long id, String name) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement("SELECT FROM step WHERE run = ? AND name = ?")) {
      statement.setLong(1, id);
      statement.setString(2, name);
      try (ResultSet row = statement.executeQuery()) {
        return row.next();
      }
    }
  }

  private static void copySteps(Connection connection, long id, long made, @Nullable String from)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(COPY_STEPS)) {
      statement.setLong(1, made);
      statement.setLong(2, id);
      statement.setLong(3, id);
      statement.setString(4, from);
      statement.executeUpdate();
    }
  }

  private static void copyItems(Connection connection, long id, long made, boolean failedOnly)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(COPY_ITEMS)) {
      statement.setLong(1, made);
      statement.setBoolean(2, failedOnly);
      statement.setLong(3, id);
      statement.setLong(4, made);
      statement.executeUpdate();
    }
    try (PreparedStatement statement = connection.prepareStatement(REOPEN_ITEMS)) {
      statement.setLong(1, made);
      statement.executeUpdate();
    }
    try (PreparedStatement statement = connection.prepareStatement(DROP_AFTER_OPEN)) {
      statement.setLong(1, made);
      statement.setLong(2, made);
      statement.executeUpdate();
    }
  }

  /** Deletes up to a thousand runs that ended long ago; an item goes after its parent. */
  static int purge(Connection connection, Duration age) throws SQLException {
    int purged = 0;
    try (PreparedStatement statement = connection.prepareStatement(PURGE)) {
      statement.setLong(1, age.toMillis());
      try (ResultSet rows = statement.executeQuery();
          PreparedStatement events =
              connection.prepareStatement("DELETE FROM event WHERE run = ?");
          PreparedStatement progress =
              connection.prepareStatement("DELETE FROM progress WHERE run = ?")) {
        while (rows.next()) {
          events.setLong(1, rows.getLong(1));
          events.addBatch();
          progress.setLong(1, rows.getLong(1));
          progress.addBatch();
          purged++;
        }
        if (purged > 0) {
          events.executeBatch();
          progress.executeBatch();
        }
      }
    }
    return purged;
  }
}
