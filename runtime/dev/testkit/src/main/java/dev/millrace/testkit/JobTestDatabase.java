package dev.millrace.testkit;

import dev.millrace.jobs.JobSettings;
import dev.millrace.postgres.client.DatabaseSettings;
import dev.millrace.servers.EmbeddedPostgres;
import dev.millrace.servers.PostgresSettings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A schema of jobs whose clock is a row. The sessions of jobs find the functions of their schema
 * before those of PostgreSQL, so that two functions are the whole clock.
 */
final class JobTestDatabase implements AutoCloseable {
  private static final AtomicLong SCHEMAS = new AtomicLong();

  private static final String CLOCK =
      """
      CREATE SCHEMA @;
      CREATE TABLE @.test_clock AS SELECT date_trunc('second', pg_catalog.clock_timestamp()) AS now;
      CREATE FUNCTION @.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE
        RETURN (SELECT now FROM @.test_clock);
      CREATE FUNCTION @.statement_timestamp() RETURNS timestamptz LANGUAGE sql STABLE
        RETURN (SELECT now FROM @.test_clock);
      """;

  // The lease of a worker is not what the test waits for.
  private static final String SET_CLOCK =
      """
      WITH late AS (SELECT ? - now AS by FROM @.test_clock),
           moved AS (UPDATE @.test_clock SET now = now + late.by FROM late)
      UPDATE @.worker SET expires_at = expires_at + late.by FROM late
      """;

  private static final String SET_CLOCK_ALONE = "UPDATE @.test_clock SET now = ?";

  private static final String BACKLOG =
      """
      SELECT job, state::text FROM @.run
       WHERE state = 'RUNNING' OR gate = 'READY'
          OR (gate IN ('TIME', 'WAIT') AND wake_at <= (SELECT now FROM @.test_clock))
      UNION ALL
      SELECT job, 'TICK' FROM @.schedule WHERE next_at <= (SELECT now FROM @.test_clock)
      """;

  private static final String NEXT_WAKE =
      """
      SELECT min(r.wake_at)
        FROM @.run r
       WHERE r.gate IN ('TIME', 'WAIT') AND r.wake_at < 'infinity'
         AND NOT EXISTS (SELECT FROM @.step s
                          WHERE s.run = r.id AND s.name = r.waits_for AND s.kind = 'SIGNAL')
      """;

  private static final String NEXT_DUE =
      """
      SELECT min(at)
        FROM (SELECT wake_at AS at FROM @.run WHERE gate IN ('TIME', 'WAIT')
              UNION ALL SELECT deadline FROM @.run WHERE finished_at IS NULL
              UNION ALL SELECT next_at FROM @.schedule) AS due
       WHERE at < 'infinity' AND at > (SELECT now FROM @.test_clock)
      """;

  private static final String EXPIRE = "UPDATE @.worker SET expires_at = '-infinity'";

  private final JobSettings settings;
  private final String schema;
  private final Connection connection;

  /** One server for all tests of this JVM; started by the first of them. */
  private static final class Server {
    private static final EmbeddedPostgres INSTANCE =
        EmbeddedPostgres.start(
            directory(),
            PostgresSettings.standard().with("fsync", "off").with("shared_buffers", "64MB"));

    private static Path directory() {
      Path build = Path.of("target").toAbsolutePath();
      Path parent =
          Files.isDirectory(build) ? build : Path.of(System.getProperty("java.io.tmpdir"));
      return parent.resolve("millrace-job-tests");
    }
  }

  /** The runs that can go on at the time of the clock. */
  record Backlog(List<String> running, List<String> ready) {
    boolean isEmpty() {
      return running.isEmpty() && ready.isEmpty();
    }
  }

  private JobTestDatabase(JobSettings settings, Connection connection) {
    this.settings = settings;
    this.schema = settings.schema();
    this.connection = connection;
  }

  static JobTestDatabase create(List<String> secrets) {
    EmbeddedPostgres server = Server.INSTANCE;
    String schema =
        "job_test_%d_%d".formatted(ProcessHandle.current().pid(), SCHEMAS.incrementAndGet());
    try {
      Connection connection =
          DriverManager.getConnection(server.jdbcUrl(), server.user(), server.password());
      try (Statement statement = connection.createStatement()) {
        statement.execute("DROP SCHEMA IF EXISTS " + schema + " CASCADE");
        statement.execute(CLOCK.replace("@", schema));
      }
      DatabaseSettings database =
          DatabaseSettings.of(server.jdbcUrl(), server.user(), server.password());
      return new JobTestDatabase(
          JobSettings.of(database).withSchema(schema).withDrain(Duration.ZERO).withSecrets(secrets),
          connection);
    } catch (SQLException failed) {
      throw new IllegalStateException("database of the test cannot be made", failed);
    }
  }

  JobSettings settings() {
    return settings;
  }

  void setClock(Instant time) {
    update(hasTables() ? SET_CLOCK : SET_CLOCK_ALONE, time);
    execute("SELECT pg_notify('%s', '')".formatted(schema));
  }

  private boolean hasTables() {
    return rows("SELECT to_regclass('@.worker')::text, ''").getFirst().getFirst() != null;
  }

  Instant now() {
    return time("SELECT now FROM @.test_clock").orElseThrow();
  }

  Backlog backlog() {
    List<String> running = new ArrayList<>();
    List<String> ready = new ArrayList<>();
    for (List<String> row : rows(BACKLOG)) {
      (row.get(1).equals("RUNNING") ? running : ready).add(row.getFirst());
    }
    return new Backlog(running, ready);
  }

  /** Returns the time at which a run goes on that waits for no signal. */
  Optional<Instant> nextWake() {
    return time(NEXT_WAKE);
  }

  /** Returns the next time after the clock at which anything is due. */
  Optional<Instant> nextDue() {
    return time(NEXT_DUE);
  }

  /** Ends the leases of all workers. */
  void expireWorkers() {
    execute(in(EXPIRE));
  }

  private String in(String sql) {
    return sql.replace("@", schema);
  }

  private Optional<Instant> time(String sql) {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(in(sql))) {
      row.next();
      return Optional.ofNullable(row.getObject(1, OffsetDateTime.class))
          .map(OffsetDateTime::toInstant);
    } catch (SQLException failed) {
      throw new IllegalStateException("clock of the test cannot be read", failed);
    }
  }

  private List<List<String>> rows(String sql) {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(in(sql))) {
      List<List<String>> rows = new ArrayList<>();
      while (row.next()) {
        List<String> cells = new ArrayList<>();
        cells.add(row.getString(1));
        cells.add(row.getString(2));
        rows.add(cells);
      }
      return rows;
    } catch (SQLException failed) {
      throw new IllegalStateException("runs of the test cannot be read", failed);
    }
  }

  private void update(String sql, Instant time) {
    try (PreparedStatement statement = connection.prepareStatement(in(sql))) {
      statement.setObject(1, time.atOffset(ZoneOffset.UTC));
      statement.executeUpdate();
    } catch (SQLException failed) {
      throw new IllegalStateException("clock of the test cannot be set", failed);
    }
  }

  private void execute(String sql) {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    } catch (SQLException failed) {
      throw new IllegalStateException("database of the test refuses a statement", failed);
    }
  }

  @Override
  public void close() {
    try (connection) {
      execute("DROP SCHEMA " + schema + " CASCADE");
    } catch (SQLException failed) {
      throw new IllegalStateException("database of the test cannot be closed", failed);
    }
  }
}
