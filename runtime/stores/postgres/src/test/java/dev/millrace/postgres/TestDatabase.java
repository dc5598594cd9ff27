package dev.millrace.postgres;

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
final class TestDatabase {
  private static final AtomicInteger SCHEMAS = new AtomicInteger();
  private static final EmbeddedPostgres SERVER = start(Path.of("target", "postgres-it"));

  private TestDatabase() {}

  static EmbeddedPostgres start(Path directory) {
    return EmbeddedPostgres.start(
        directory.toAbsolutePath(),
        PostgresSettings.standard()
            .withCache(Path.of("target", "postgres-binaries").toAbsolutePath())
            .with("fsync", "off")
            .with("shared_buffers", "64MB"));
  }

  static DatabaseSettings settings() {
    return settings(SERVER);
  }

  static DatabaseSettings settings(EmbeddedPostgres server) {
    return DatabaseSettings.of(server.jdbcUrl(), server.user(), server.password())
        .withPatience(Duration.ZERO);
  }

  /** A name that no earlier run has left behind. */
  static String freshSchema() {
    return "it_%d_%d".formatted(ProcessHandle.current().pid(), SCHEMAS.incrementAndGet());
  }

  static Connection connect() throws SQLException {
    DatabaseSettings settings = settings();
    return DriverManager.getConnection(settings.url(), settings.user(), settings.password());
  }

  static void execute(String... statements) throws SQLException {
    try (Connection connection = connect();
        Statement statement = connection.createStatement()) {
      for (String sql : statements) {
        statement.execute(sql);
      }
    }
  }

  /** Returns rows as text, with columns separated by a bar. */
  static List<String> query(String sql) throws SQLException {
    try (Connection connection = connect();
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(sql)) {
      List<String> found = new ArrayList<>();
      int columns = rows.getMetaData().getColumnCount();
      while (rows.next()) {
        List<String> cells = new ArrayList<>();
        for (int i = 1; i <= columns; i++) {
          cells.add(rows.getString(i));
        }
        found.add(String.join("|", cells));
      }
      return found;
    }
  }

  static String one(String sql) throws SQLException {
    return query(sql).getFirst();
  }
}
