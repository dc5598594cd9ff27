package dev.millrace.postgres.client;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Properties;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.JdbiException;
import org.jspecify.annotations.Nullable;
import org.postgresql.Driver;
import org.postgresql.PGProperty;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Opens connections to one schema: single ones for dedicated use, and a pool for reads. */
public final class PostgresConnections {
  private static final Logger LOG = LoggerFactory.getLogger(PostgresConnections.class);

  private static final Duration CONNECT = Duration.ofSeconds(10);

  /** A query about the activity of sessions waits for no lock and no disk. */
  private static final Duration MAX_LOOK = Duration.ofSeconds(10);

  private static final Duration POOL_WAIT = Duration.ofSeconds(10);

  // Settings that a role or a database may have for human users. RequestWatchdog decides how long a
  // request may take.
  private static final String SETTINGS =
      """
      SELECT set_config(name, '0', false) FROM pg_settings
       WHERE name IN ('statement_timeout', 'lock_timeout', 'transaction_timeout',
                      'idle_in_transaction_session_timeout', 'idle_session_timeout');
      SELECT set_config('default_transaction_read_only', 'off', false),
             set_config('default_transaction_isolation', 'read committed', false),
             set_config('default_transaction_deferrable', 'off', false);
      """;

  // A lagging standby would answer reads with rows that have been replaced since.
  private static final String REQUIRE_PRIMARY =
      """
      DO $$ BEGIN
        IF pg_is_in_recovery() THEN
          RAISE 'server is a standby' USING ERRCODE = 'read_only_sql_transaction';
        END IF;
      END $$;
      """;

  private final DatabaseSettings settings;
  private final String schema;
  private final String searchPath;

  public PostgresConnections(DatabaseSettings settings, String schema) {
    this(settings, schema, SqlIdentifiers.quoted(schema));
  }

  private PostgresConnections(DatabaseSettings settings, String schema, String searchPath) {
    this.settings = settings;
    this.schema = schema;
    this.searchPath = searchPath;
  }

  /**
   * Returns connections that find functions of the schema before those of PostgreSQL with the same
   * name, so that a test brings a clock of its own.
   */
  public PostgresConnections schemaFirst() {
    return new PostgresConnections(
        settings, schema, SqlIdentifiers.quoted(schema) + ", pg_catalog");
  }

  public String schema() {
    return schema;
  }

  Duration silence() {
    return settings.silence();
  }

  /** Opens a dedicated connection, with the schema in its path. */
  Handle open(String purpose, Duration silence) throws SQLException {
    return open(properties(purpose, silence), sessionSettings(purpose));
  }

  /** Opens a dedicated connection to the server that takes writes. */
  Handle openOnPrimary(String purpose, Duration silence) throws SQLException {
    return open(properties(purpose, silence), sessionSettings(purpose) + REQUIRE_PRIMARY);
  }

  /** Opens a connection for the few statements of commits, prepared at their first use. */
  public Handle openForCommits(String lane) throws SQLException {
    String purpose = "commits " + lane;
    Properties properties = properties(purpose, silence());
    PGProperty.PREPARE_THRESHOLD.set(properties, 1);
    return open(properties, sessionSettings(purpose) + REQUIRE_PRIMARY);
  }

  private Handle open(Properties properties, String prepare) throws SQLException {
    Connection connection = new Driver().connect(settings.url(), properties);
    if (connection == null) {
      throw new SQLException("driver does not know this url", "08001");
    }
    boolean ready = false;
    try (Statement statement = connection.createStatement()) {
      statement.execute(prepare);
      // A connection factory: a handle does not close a connection that is passed to Jdbi directly.
      Handle handle = Jdbi.create(() -> connection).open();
      ready = true;
      return handle;
    } finally {
      if (!ready) {
        connection.close();
      }
    }
  }

  public Handle open(String purpose) throws SQLException {
    return open(purpose, silence());
  }

  Handle openForWatch() throws SQLException {
    Duration look = silence().compareTo(MAX_LOOK) < 0 ? silence() : MAX_LOOK;
    return open("watch", look);
  }

  /** Closes a session after an error without replacing that error. */
  public static void close(Handle handle) {
    try {
      handle.close();
    } catch (JdbiException _) {
      // The session is already gone, which is all that is needed.
    }
  }

  /** Breaks a session off, so that the thread which waits for its server goes on. Any thread. */
  public static void abort(@Nullable Handle handle) {
    if (handle == null) {
      return;
    }
    try {
      handle.getConnection().abort(Runnable::run);
    } catch (SQLException | JdbiException gone) {
      LOG.debug("connection was gone already", gone);
    }
  }

  public HikariDataSource pool() {
    return pool("");
  }

  /** Opens a pool whose connections run further statements when they are opened. */
  public HikariDataSource pool(String statements) {
    HikariConfig config = new HikariConfig();
    config.setPoolName("millrace " + schema);
    config.setJdbcUrl(settings.url());
    config.setDataSourceProperties(properties("reads", silence()));
    config.setConnectionInitSql(sessionSettings("reads") + REQUIRE_PRIMARY + statements);
    // Named, because the pool asks its first connection for the default, and if that connection is
    // lost while it is asked, every later one is refused.
    config.setTransactionIsolation("TRANSACTION_READ_COMMITTED");
    config.setMaximumPoolSize(settings.readers());
    config.setMinimumIdle(1);
    config.setConnectionTimeout(POOL_WAIT.toMillis());
    config.setInitializationFailTimeout(-1);
    return new HikariDataSource(config);
  }

  /** Sets the application name here as well: one in the url overrides the driver's properties. */
  private String sessionSettings(String purpose) {
    return "SET search_path TO %s; SET application_name TO '%s'; %s"
        .formatted(searchPath, applicationName(purpose).replace("'", "''"), SETTINGS);
  }

  private String applicationName(String purpose) {
    return "millrace %s %s".formatted(schema, purpose);
  }

  /**
   * True if the url names several hosts and no target server type: only one host takes writes and
   * knows the last commit.
   */
  public static boolean needsPrimary(String url) {
    Properties parsed = Driver.parseURL(url, null);
    return parsed != null
        && String.valueOf(PGProperty.PG_HOST.getOrDefault(parsed)).contains(",")
        && !PGProperty.TARGET_SERVER_TYPE.isPresent(parsed);
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
    PGProperty.APPLICATION_NAME.set(properties, applicationName(purpose));
    if (needsPrimary(settings.url())) {
      PGProperty.TARGET_SERVER_TYPE.set(properties, "primary");
    }
    PGProperty.TCP_KEEP_ALIVE.set(properties, true);
    PGProperty.CONNECT_TIMEOUT.set(properties, (int) CONNECT.toSeconds());
    PGProperty.SOCKET_TIMEOUT.set(properties, (int) Math.max(1, silence.toSeconds()));
    PGProperty.BINARY_TRANSFER_ENABLE.set(properties, ArrayParameter.OIDS);
    // Keeps row contents in server errors out of messages and logs.
    PGProperty.LOG_SERVER_ERROR_DETAIL.set(properties, false);
    return properties;
  }
}
