package dev.millrace.servers;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Properties;
import java.util.concurrent.locks.LockSupport;

/** Shared helpers: small servers, and queries to them. */
final class TestServers {
  private TestServers() {}

  /** Quick to create and to stop; without fsync a kill loses nothing, only a power cut does. */
  static PostgresSettings small() {
    return durable().with("fsync", "off");
  }

  static PostgresSettings durable() {
    return PostgresSettings.standard()
        .withCache(Path.of("target", "postgres").toAbsolutePath())
        .with("shared_buffers", "16MB");
  }

  static Connection connect(EmbeddedPostgres server) throws SQLException {
    return DriverManager.getConnection(server.jdbcUrl(), server.user(), server.password());
  }

  static void execute(EmbeddedPostgres server, String... statements) throws SQLException {
    try (Connection connection = connect(server);
        Statement statement = connection.createStatement()) {
      for (String sql : statements) {
        statement.execute(sql);
      }
    }
  }

  static String query(EmbeddedPostgres server, String sql) throws SQLException {
    try (Connection connection = connect(server);
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(sql)) {
      rows.next();
      return rows.getString(1);
    }
  }

  /** Finds the supervisor of the server of a directory. */
  static ProcessHandle supervisor(Path root) throws IOException {
    Properties state = new Properties();
    try (Reader reader = Files.newBufferedReader(root.resolve("server.properties"))) {
      state.load(reader);
    }
    return ProcessHandle.of(Long.parseLong(state.getProperty("supervisor"))).orElseThrow();
  }

  /** Waits until the supervisor has started the server again. */
  static void awaitOtherThan(EmbeddedPostgres server, long pid) {
    // Asked once a round: between two questions, a server that is being replaced may be gone.
    while (server.pid().orElse(pid) == pid) {
      LockSupport.parkNanos(10_000_000);
    }
  }
}
