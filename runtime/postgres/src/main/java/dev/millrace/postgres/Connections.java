package dev.millrace.postgres;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Properties;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.JdbiException;
import org.postgresql.Driver;
import org.postgresql.PGProperty;

/** Opens connections to one schema: single ones for those who own theirs, a pool for reads. */
final class Connections {
  private static final Duration CONNECT = Duration.ofSeconds(10);

  /**
   * The longest silence of a server that still lives. An UPDATE of a large group takes seconds, a
   * checkpoint on a slow disk perhaps a minute.
   */
  private static final Duration SILENCE = Duration.ofMinutes(5);

  private static final Duration POOL_WAIT = Duration.ofSeconds(10);

  private final DatabaseSettings settings;
  private final String schema;

  Connections(DatabaseSettings settings, String schema) {
    this.settings = settings;
    this.schema = schema;
  }

  String schema() {
    return schema;
  }

  /** A connection of its own, with the schema in its path. */
  Handle open(String purpose, Duration silence) throws SQLException {
    return open(properties(purpose, silence));
  }

  /** The same for the few statements of commits, which are prepared at their first use. */
  Handle openForCommits(String lane) throws SQLException {
    Properties properties = properties("commits " + lane, SILENCE);
    PGProperty.PREPARE_THRESHOLD.set(properties, 1);
    return open(properties);
  }

  private Handle open(Properties properties) throws SQLException {
    Connection connection = new Driver().connect(settings.url(), properties);
    if (connection == null) {
      throw new SQLException("driver does not know this url", "08001");
    }
    // A factory: what Jdbi is given as a connection, a handle leaves open when it is closed.
    Handle handle = Jdbi.create(() -> connection).open();
    boolean ready = false;
    try {
      handle.execute(searchPath());
      ready = true;
      return handle;
    } finally {
      if (!ready) {
        connection.close();
      }
    }
  }

  Handle open(String purpose) throws SQLException {
    return open(purpose, SILENCE);
  }

  /** Ends a session on the way out of an error, which stays the one that is told. */
  static void close(Handle handle) {
    try {
      handle.close();
    } catch (JdbiException _) {
      // It was gone already, which is all that is wanted.
    }
  }

  HikariDataSource pool() {
    HikariConfig config = new HikariConfig();
    config.setPoolName("millrace " + schema);
    config.setJdbcUrl(settings.url());
    config.setDataSourceProperties(properties("reads", SILENCE));
    config.setConnectionInitSql(searchPath());
    config.setMaximumPoolSize(settings.readers());
    config.setMinimumIdle(1);
    config.setConnectionTimeout(POOL_WAIT.toMillis());
    config.setInitializationFailTimeout(-1);
    return new HikariDataSource(config);
  }

  private String searchPath() {
    return "SET search_path TO " + Names.quoted(schema);
  }

  private Properties properties(String purpose, Duration silence) {
    Properties properties = new Properties();
    String user = settings.user();
    if (user != null) {
      PGProperty.USER.set(properties, user);
    }
    String password = settings.password();
    if (password != null) {
      PGProperty.PASSWORD.set(properties, password);
    }
    PGProperty.APPLICATION_NAME.set(properties, "millrace %s %s".formatted(schema, purpose));
    PGProperty.TCP_KEEP_ALIVE.set(properties, true);
    PGProperty.CONNECT_TIMEOUT.set(properties, (int) CONNECT.toSeconds());
    PGProperty.SOCKET_TIMEOUT.set(properties, (int) Math.max(1, silence.toSeconds()));
    PGProperty.BINARY_TRANSFER_ENABLE.set(properties, ArrayParameter.OIDS);
    // What the server says about a row stays out of messages and logs.
    PGProperty.LOG_SERVER_ERROR_DETAIL.set(properties, false);
    return properties;
  }
}
