package dev.millrace.jobs;

import dev.millrace.postgres.client.DatabaseSettings;
import dev.millrace.servers.EmbeddedPostgres;
import dev.millrace.servers.PostgresSettings;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** One real PostgreSQL for all tests of this JVM, which ends with the JVM. */
final class JobsTestDatabase {
  private static final AtomicInteger SCHEMAS = new AtomicInteger();
  private static final EmbeddedPostgres SERVER =
      EmbeddedPostgres.start(
          Path.of("target", "postgres-it").toAbsolutePath(),
          PostgresSettings.standard()
              .withCache(Path.of("target", "postgres-binaries").toAbsolutePath())
              .with("fsync", "off")
              .with("shared_buffers", "64MB"));

  private JobsTestDatabase() {}

  static DatabaseSettings database() {
    return DatabaseSettings.of(SERVER.jdbcUrl(), SERVER.user(), SERVER.password())
        .withPatience(Duration.ofSeconds(60));
  }

  /** Settings over a schema that no earlier test has left behind. */
  static JobSettings settings() {
    return JobSettings.of(database())
        .withSchema(
            "jobs_%d_%d".formatted(ProcessHandle.current().pid(), SCHEMAS.incrementAndGet()))
        .withLease(Duration.ofSeconds(2))
        .withDrain(Duration.ofSeconds(5));
  }

  static Connection connect() throws SQLException {
    DatabaseSettings settings = database();
    return DriverManager.getConnection(settings.url(), settings.user(), settings.password());
  }

  /** Runs a statement with the tables of jobs in its path. */
  static int execute(JobSettings settings, String sql) throws SQLException {
    try (Connection connection = connect();
        Statement statement = connection.createStatement()) {
      statement.execute("SET search_path TO \"" + settings.schema() + '"');
      return statement.executeUpdate(sql);
    }
  }

  /** Returns rows as text, with columns separated by a bar. */
  static List<String> query(JobSettings settings, String sql) throws SQLException {
    try (Connection connection = connect();
        Statement statement = connection.createStatement()) {
      statement.execute("SET search_path TO \"" + settings.schema() + '"');
      List<String> found = new ArrayList<>();
      try (ResultSet rows = statement.executeQuery(sql)) {
        int columns = rows.getMetaData().getColumnCount();
        while (rows.next()) {
          List<String> cells = new ArrayList<>();
          for (int i = 1; i <= columns; i++) {
            cells.add(rows.getString(i));
          }
          found.add(String.join("|", cells));
        }
      }
      return found;
    }
  }
}
