package dev.millrace.jobs;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/** Recovers what dead workers and passed deadlines have left. Any worker may sweep at any time. */
final class SweepStatements {
  private static final String EXPIRED = "DELETE FROM worker WHERE expires_at <= clock_timestamp()";

  // A claim that committed after its worker's row was deleted has a worker that does not exist.
  private static final String LOST =
      """
      SELECT r.id
        FROM run r
       WHERE r.worker IS NOT NULL
         AND NOT EXISTS (SELECT FROM worker w WHERE w.session = r.worker)
       ORDER BY r.id
         FOR NO KEY UPDATE SKIP LOCKED
      """;

  private static final String RECOVER =
      """
      UPDATE run
         SET worker = NULL,
             state = (CASE WHEN cancel_at IS NOT NULL THEN 'CANCELED'
                           WHEN lost_claims + 1 >= max_lost_claims THEN 'FAILED'
                           ELSE 'PENDING' END)::run_state,
             gate = (CASE WHEN cancel_at IS NULL AND lost_claims + 1 < max_lost_claims
                          THEN 'READY' END)::run_gate,
             finished_at = CASE WHEN cancel_at IS NOT NULL OR lost_claims + 1 >= max_lost_claims
                                THEN clock_timestamp() END,
             holds_key = holds_key AND cancel_at IS NULL AND lost_claims + 1 < max_lost_claims,
             error = CASE WHEN cancel_at IS NULL AND lost_claims + 1 >= max_lost_claims
                          THEN jsonb_build_object('code', 'WORKER_LOST', 'message',
                                 format('%s workers have died with this run', lost_claims + 1))
                          ELSE error END,
             lost_claims = lost_claims + 1
       WHERE id = ANY (?) AND worker IS NOT NULL
         AND NOT EXISTS (SELECT FROM worker w WHERE w.session = run.worker)
      RETURNING id, state, parent, parent_step,
                CASE WHEN exclusive_key IS NOT NULL AND NOT holds_key THEN exclusive_key END
      """;

  private static final String OVERDUE =
      """
      UPDATE run
         SET state = 'FAILED', gate = NULL, wake_at = NULL, finished_at = clock_timestamp(),
             holds_key = false,
             error = jsonb_build_object('code', 'DEADLINE', 'message', 'the deadline has passed')
       WHERE id = ANY (ARRAY (SELECT id FROM run
                               WHERE deadline <= statement_timestamp() AND finished_at IS NULL
                                 AND state = 'PENDING'
                               ORDER BY id LIMIT 1000
                                 FOR NO KEY UPDATE SKIP LOCKED))
      RETURNING id, state, parent, parent_step, exclusive_key
      """;

  private SweepStatements() {}

  /** Ends the sessions of workers that have not renewed them, and recovers their runs. */
  static int sweep(Connection connection) throws SQLException {
    int swept = 0;
    try (PreparedStatement statement = connection.prepareStatement(EXPIRED)) {
      statement.executeUpdate();
    }
    List<Long> lost = new ArrayList<>();
    try (PreparedStatement statement = connection.prepareStatement(LOST);
        ResultSet rows = statement.executeQuery()) {
      while (rows.next()) {
        lost.add(rows.getLong(1));
      }
    }
    if (!lost.isEmpty()) {
      try (PreparedStatement statement = connection.prepareStatement(RECOVER)) {
        Parameters.of(statement, lost).longs(run -> run);
        swept += end(connection, statement, RunEvent.WORKER_LOST);
      }
    }
    return swept;
  }

  /** Fails runs whose deadline has passed before a worker has claimed them. */
  static int failOverdue(Connection connection) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(OVERDUE)) {
      return end(connection, statement, RunEvent.FAILED);
    }
  }

  private static int end(Connection connection, PreparedStatement statement, String pendingType)
      throws SQLException {
    EndedRuns ended = new EndedRuns();
    List<RunWrite.Event> events = new ArrayList<>();
    try (ResultSet rows = statement.executeQuery()) {
      while (rows.next()) {
        RunState state = RunState.valueOf(rows.getString(2));
        ended.add(rows.getLong(1), state, rows);
        String type = state.isFinal() ? RunEvent.typeOf(state) : pendingType;
        events.add(new RunWrite.Event(rows.getLong(1), 0, type, null, null, null));
      }
    }
    RunWriteStatements.insert(connection, events);
    ended.passOn(connection);
    return events.size();
  }
}
