package dev.millrace.app;

import dev.millrace.postgres.client.DatabaseSettings;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;

/** The sessions of clients at a PostgreSQL server. */
final class PostgresSessions {
  private PostgresSessions() {}

  static Connection connect(DatabaseSettings settings) throws SQLException {
    return DriverManager.getConnection(settings.url(), settings.user(), settings.password());
  }

  /**
   * Lists the sessions of the lane after a second, in which what had been mirrored before was
   * committed; the heartbeat of its lease has transactions too, but none that lasts.
   */
  static List<String> list(Connection connection) throws SQLException {
    List<String> sessions = new ArrayList<>();
    try (Statement statement = connection.createStatement()) {
      statement.execute("SELECT pg_sleep(1)");
      try (ResultSet rows =
          statement.executeQuery(
              """
              SELECT CASE WHEN clock_timestamp() - xact_start > interval '0.5 s'
                          THEN 'open for ' || (clock_timestamp() - xact_start) || ' ' ELSE '' END
                     || state || ' ' || application_name || ' ' || query
                FROM pg_stat_activity
               WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
              """)) {
        while (rows.next()) {
          sessions.add(rows.getString(1));
        }
      }
    }
    return sessions;
  }
}
