package dev.millrace.jobs;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The statements that end claims, and pass on what an ended run has held. */
final class RunEndStatements {
  // A cancel that was asked before wins over the outcome of the handler.
  private static final String END =
      """
      UPDATE run r
         SET state = (CASE WHEN r.cancel_at IS NOT NULL THEN 'CANCELED' ELSE w.state END)::run_state,
             gate = (CASE WHEN r.cancel_at IS NULL THEN w.gate END)::run_gate,
             worker = NULL,
             finished_at = CASE WHEN w.gate IS NULL OR r.cancel_at IS NOT NULL
                                THEN clock_timestamp() END,
             wake_at = CASE w.gate
                         WHEN 'TIME' THEN clock_timestamp() + w.pause * interval '1 millisecond'
                         WHEN 'WAIT' THEN coalesce(
                           (SELECT s.wake_at FROM step s WHERE s.run = r.id AND s.name = w.waits_for),
                           'infinity')
                       END,
             due_at = CASE WHEN w.gate = 'TIME'
                           THEN clock_timestamp() + w.pause * interval '1 millisecond'
                           ELSE r.due_at END,
             failures = r.failures + CASE w.kind WHEN 'RETRY' THEN 1 WHEN 'FAILED' THEN 1 ELSE 0 END,
             interruptions = CASE w.kind WHEN 'INTERRUPTED' THEN r.interruptions + 1
                                         WHEN 'HANDED_BACK' THEN r.interruptions ELSE 0 END,
             holds_key = r.holds_key AND w.gate IS NOT NULL AND r.cancel_at IS NULL
                         AND (w.gate <> 'TIME' OR r.serial),
             waits_for = w.waits_for,
             output = w.output::jsonb,
             error = CASE WHEN r.cancel_at IS NULL THEN w.error::jsonb END,
             contention = coalesce(w.contention::jsonb, r.contention)
        FROM unnest(?::bigint[], ?::bigint[], ?::text[], ?::text[], ?::text[], ?::bigint[],
                    ?::text[], ?::text[], ?::text[], ?::text[])
             AS w (id, token, kind, state, gate, pause, waits_for, output, error, contention)
       WHERE r.id = w.id AND r.token = w.token AND r.state = 'RUNNING'
      RETURNING r.id, r.state, r.parent, r.parent_step,
                CASE WHEN r.exclusive_key IS NOT NULL AND NOT r.holds_key THEN r.exclusive_key END
      """;

  private static final String WAKE =
      """
      UPDATE run r
         SET gate = 'READY', wake_at = NULL, due_at = clock_timestamp(), waits_for = NULL
        FROM step s
       WHERE r.id = ANY (?) AND r.gate = 'WAIT' AND s.run = r.id AND s.name = r.waits_for
         AND (   (s.kind = 'ITEMS' AND s.open_items = 0)
              OR (s.kind = 'SIGNAL'
                  AND EXISTS (SELECT FROM signal g WHERE g.run = s.run AND g.name = s.name)))
      """;

  private RunEndStatements() {}

  static void write(
      Connection connection, List<RunWrite.End> ends, List<RunWriteStatements.Settled> settled)
      throws SQLException {
    Map<Long, RunWrite.End> byRun = new HashMap<>();
    ends.forEach(end -> byRun.put(end.run, end));
    EndedRuns ended = new EndedRuns();
    List<RunWrite.Event> events = new ArrayList<>();
    List<Long> waiting = new ArrayList<>();
    try (PreparedStatement statement = connection.prepareStatement(END)) {
      bind(statement, ends);
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          RunState state = RunState.valueOf(rows.getString(2));
          ended.add(rows.getLong(1), state, rows);
          RunWrite.End end = byRun.remove(rows.getLong(1));
          if (end == null) {
            throw new IllegalStateException("run ended twice in one transaction");
          }
          boolean canceled =
              state == RunState.CANCELED && end.outcome.kind() != RunOutcome.Kind.CANCELED;
          settled.add(
              new RunWriteStatements.Settled(
                  end, canceled ? RunWrite.Durability.CANCELED : RunWrite.Durability.DURABLE));
          events.add(event(end, state));
          if (state == RunState.PENDING && end.outcome.kind() == RunOutcome.Kind.WAITING) {
            waiting.add(end.run);
          }
        }
      }
    }
    byRun
        .values()
        .forEach(end -> settled.add(new RunWriteStatements.Settled(end, RunWrite.Durability.LOST)));
    RunWriteStatements.insert(connection, events);
    wake(connection, waiting);
    ended.passOn(connection);
  }

  private static void bind(PreparedStatement statement, List<RunWrite.End> ends)
      throws SQLException {
    Parameters.of(statement, ends)
        .longs(end -> end.run)
        .longs(end -> end.token)
        .texts(end -> end.outcome.kind().name())
        .texts(end -> state(end.outcome.kind()).name())
        .texts(end -> gate(end.outcome.kind()))
        .longs(end -> end.outcome.pause().toMillis())
        .texts(end -> end.outcome.waitsFor())
        .texts(end -> end.outcome.output())
        .texts(end -> end.outcome.error())
        .texts(end -> end.outcome.contention());
  }

  private static RunState state(RunOutcome.Kind kind) {
    return switch (kind) {
      case SUCCEEDED -> RunState.SUCCEEDED;
      case FAILED -> RunState.FAILED;
      case CANCELED -> RunState.CANCELED;
      case RETRY, INTERRUPTED, HANDED_BACK, WAITING -> RunState.PENDING;
    };
  }

  @SuppressWarnings("NullAway") // null is a column's value here
  private static String gate(RunOutcome.Kind kind) {
    return switch (kind) {
      case SUCCEEDED, FAILED, CANCELED -> null;
      case RETRY, INTERRUPTED -> "TIME";
      case HANDED_BACK -> "READY";
      case WAITING -> "WAIT";
    };
  }

  private static RunWrite.Event event(RunWrite.End end, RunState state) {
    RunOutcome outcome = end.outcome;
    String type =
        state.isFinal()
            ? RunEvent.typeOf(state)
            : switch (outcome.kind()) {
              case RETRY -> RunEvent.RETRIES;
              case INTERRUPTED -> RunEvent.INTERRUPTED;
              case HANDED_BACK -> RunEvent.HANDED_BACK;
              case WAITING -> RunEvent.WAITS;
              case SUCCEEDED, FAILED, CANCELED ->
                  throw new IllegalStateException("final outcome of a pending run");
            };
    return new RunWrite.Event(end.run, end.token, type, outcome.waitsFor(), null, outcome.error());
  }

  /** Wakes runs whose items had all ended, or whose signal was there, before they began to wait. */
  static void wake(Connection connection, List<Long> waiting) throws SQLException {
    if (waiting.isEmpty()) {
      return;
    }
    try (PreparedStatement statement = connection.prepareStatement(WAKE)) {
      Parameters.of(statement, waiting).longs(run -> run);
      statement.executeUpdate();
    }
  }
}
