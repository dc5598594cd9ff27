package dev.millrace.jobs;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The queries about runs. */
final class RunQueries {
  private static final String COLUMNS =
      """
      SELECT r.id, r.job, r.queue, r.state, r.failures, r.lost_claims, r.created_at, r.due_at,
             r.started_at, r.finished_at, r.cancel_at IS NOT NULL, r.waits_for, r.retry_of,
             r.parent, r.input, r.output, r.error, r.contention, p.done, p.total, p.message
        FROM run r LEFT JOIN progress p ON p.run = r.id
      """;

  private static final String EVENTS =
      """
      SELECT id, run, at, type, step, message, data FROM event
       WHERE run = ? AND id > ?
       ORDER BY id LIMIT ?
      """;

  private RunQueries() {}

  static Optional<Run> find(Connection connection, long id) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(COLUMNS + " WHERE r.id = ?")) {
      statement.setLong(1, id);
      return read(statement).stream().findFirst();
    }
  }

  /** Returns the latest runs, of one job or in one state if they are given. */
  static List<Run> list(
      Connection connection, @Nullable String job, @Nullable RunState state, int limit)
      throws SQLException {
    String sql =
        COLUMNS
            + """
             WHERE (?::text IS NULL OR r.job = ?) AND (?::text IS NULL OR r.state::text = ?)
             ORDER BY r.id DESC LIMIT ?
            """;
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      statement.setString(1, job);
      statement.setString(2, job);
      statement.setString(3, state == null ? null : state.name());
      statement.setString(4, state == null ? null : state.name());
      statement.setInt(5, limit);
      return read(statement);
    }
  }

  /** Returns the first of the items of a run that have failed. */
  static List<Run> failedItems(Connection connection, long parent, int limit) throws SQLException {
    String sql = COLUMNS + " WHERE r.parent = ? AND r.state = 'FAILED' ORDER BY r.id LIMIT ?";
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      statement.setLong(1, parent);
      statement.setInt(2, limit);
      return read(statement);
    }
  }

  private static List<Run> read(PreparedStatement statement) throws SQLException {
    List<Run> runs = new ArrayList<>();
    try (ResultSet row = statement.executeQuery()) {
      while (row.next()) {
        runs.add(
            new Run(
                row.getLong(1),
                row.getString(2),
                row.getString(3),
                RunState.valueOf(row.getString(4)),
                row.getInt(5),
                row.getInt(6),
                instant(row, 7).orElseThrow(),
                instant(row, 8).orElseThrow(),
                instant(row, 9),
                instant(row, 10),
                row.getBoolean(11),
                Optional.ofNullable(row.getString(12)),
                nullableLong(row, 13),
                nullableLong(row, 14),
                row.getString(15),
                Optional.ofNullable(row.getString(16)),
                Optional.ofNullable(row.getString(17)),
                Optional.ofNullable(row.getString(18)),
                progress(row)));
      }
    }
    return runs;
  }

  private static Optional<Run.Progress> progress(ResultSet row) throws SQLException {
    Optional<Long> done = nullableLong(row, 19);
    if (done.isEmpty()) {
      return Optional.empty();
    }
    String message = row.getString(21);
    return Optional.of(
        new Run.Progress(done.get(), nullableLong(row, 20), message == null ? "" : message));
  }

  private static Optional<Long> nullableLong(ResultSet row, int column) throws SQLException {
    long value = row.getLong(column);
    return row.wasNull() ? Optional.empty() : Optional.of(value);
  }

  private static Optional<Instant> instant(ResultSet row, int column) throws SQLException {
    OffsetDateTime time = row.getObject(column, OffsetDateTime.class);
    return Optional.ofNullable(time).map(OffsetDateTime::toInstant);
  }

  static List<RunEvent> events(Connection connection, long run, long after, int limit)
      throws SQLException {
    List<RunEvent> events = new ArrayList<>();
    try (PreparedStatement statement = connection.prepareStatement(EVENTS)) {
      statement.setLong(1, run);
      statement.setLong(2, after);
      statement.setInt(3, limit);
      try (ResultSet row = statement.executeQuery()) {
        while (row.next()) {
          events.add(
              new RunEvent(
                  row.getLong(1),
                  row.getLong(2),
                  instant(row, 3).orElseThrow(),
                  row.getString(4),
                  row.getString(5),
                  row.getString(6),
                  row.getString(7)));
        }
      }
    }
    return events;
  }
}
