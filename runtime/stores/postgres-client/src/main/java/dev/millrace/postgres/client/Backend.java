package dev.millrace.postgres.client;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.OffsetDateTime;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/**
 * One session on the server. The server reuses process ids; with the start time a pid identifies
 * one session for good, so that no other session is ever ended by mistake.
 */
public record Backend(int pid, OffsetDateTime started) {
  static final String OWN =
      """
      SELECT pid, backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()
      """;

  private static final String END =
      """
      SELECT pg_terminate_backend(pid)
        FROM pg_stat_activity
       WHERE pid = :pid AND backend_start = :started
      """;

  /**
   * Returns the session behind a connection, as the server knows it: the driver's backend pid is
   * the pooler's if there is a pooler in between.
   */
  static Backend of(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(OWN)) {
      if (!row.next()) {
        throw new SQLException("session is not among those of its server", "08006");
      }
      return read(row);
    }
  }

  /** Reads the columns {@code pid} and {@code backend_start}. */
  public static Backend read(ResultSet row) throws SQLException {
    return new Backend(row.getInt("pid"), row.getObject("backend_start", OffsetDateTime.class));
  }

  public static Backend of(Handle handle) {
    return handle.createQuery(OWN).map((row, _) -> read(row)).one();
  }

  /** Ends the session, which takes a moment; false if it was already gone. */
  public boolean terminate(Handle handle) {
    Optional<Boolean> ended =
        handle
            .createQuery(END)
            .bind("pid", pid)
            .bind("started", started)
            .mapTo(Boolean.class)
            .findFirst();
    return ended.orElse(false);
  }
}
