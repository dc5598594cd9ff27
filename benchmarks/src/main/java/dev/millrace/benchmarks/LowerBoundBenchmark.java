package dev.millrace.benchmarks;

import dev.millrace.devchain.DevChain;
import dev.millrace.lane.LaneSettings;
import dev.millrace.pipeline.Batch;
import dev.millrace.pipeline.Indexer;
import dev.millrace.pipeline.Source;
import dev.millrace.servers.EmbeddedPostgres;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyManager;

/**
 * Lower bounds for any indexer on this machine: making and decoding the events, and taking in the
 * final rows. The second is less than any commit must do, because balances travel once here.
 */
final class LowerBoundBenchmark {
  private static final String SCHEMA = "millrace_floor";
  private static final int CHUNK = 1 << 16;

  private LowerBoundBenchmark() {}

  /** Measures the nanoseconds to make and decode all events of a chain, and nothing else. */
  static long decode(Indexer indexer, DevChain chain) throws InterruptedException {
    long begun = System.nanoTime();
    long events = 0;
    try (Source.Feed feed = chain.source(indexer).open(Source.ResumePoint.START)) {
      Source.Step step = feed.next(LaneSettings.defaults().batchEvents());
      while (step instanceof Batch batch) {
        events += batch.events().size();
        step = feed.next(LaneSettings.defaults().batchEvents());
      }
    }
    if (events == 0) {
      throw new IllegalStateException("chain has no events: settings=" + chain.settings());
    }
    return System.nanoTime() - begun;
  }

  /** The cost of taking in the final rows. */
  record Copied(long nanos, long rows, CpuTimeSample cpu) {}

  /**
   * Copies the rows of a run from its schema into empty tables with the same primary keys, by
   * binary COPY in one transaction.
   */
  static Copied copy(EmbeddedPostgres server, Indexer indexer, Path directory)
      throws SQLException, IOException {
    Properties access = new Properties();
    access.setProperty("user", server.user());
    access.setProperty("password", server.password());
    try (Connection connection = DriverManager.getConnection(server.jdbcUrl(), access);
        Statement statement = connection.createStatement()) {
      statement.execute("DROP SCHEMA IF EXISTS " + SCHEMA + " CASCADE");
      statement.execute("CREATE SCHEMA " + SCHEMA);
      CopyManager copies = connection.unwrap(PGConnection.class).getCopyAPI();
      List<Rows> all = new ArrayList<>();
      for (var type : indexer.entities()) {
        Rows rows = new Rows(type.table(), directory.resolve(type.table() + ".rows"));
        rows.take(statement, copies, indexer.name());
        all.add(rows);
      }
      statement.execute("CHECKPOINT");
      connection.setAutoCommit(false);
      CpuTimeSample before = CpuTimeSample.now(server.pid());
      long begun = System.nanoTime();
      long count = 0;
      for (Rows rows : all) {
        count += rows.give(copies);
      }
      connection.commit();
      long nanos = System.nanoTime() - begun;
      CpuTimeSample cpu = CpuTimeSample.now(server.pid()).since(before);
      connection.setAutoCommit(true);
      statement.execute("DROP SCHEMA " + SCHEMA + " CASCADE");
      return new Copied(nanos, count, cpu);
    }
  }

  /** The rows of one table, in a file as COPY writes them. */
  private record Rows(String table, Path file) {
    void take(Statement statement, CopyManager copies, String schema)
        throws SQLException, IOException {
      String from = "\"" + schema + "\".\"" + table + "\"";
      try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file), CHUNK)) {
        copies.copyOut("COPY " + from + " TO STDOUT (FORMAT binary)", out);
      }
      statement.execute("CREATE TABLE %s (LIKE %s)".formatted(target(), from));
      statement.execute("ALTER TABLE %s ADD %s".formatted(target(), key(statement, from)));
    }

    private static String key(Statement statement, String table) throws SQLException {
      String sql =
          "SELECT pg_get_constraintdef(oid) FROM pg_constraint"
              + " WHERE conrelid = '%s'::regclass AND contype = 'p'".formatted(table);
      try (ResultSet found = statement.executeQuery(sql)) {
        if (!found.next()) {
          throw new IllegalStateException("table has no primary key: table=" + table);
        }
        return found.getString(1);
      }
    }

    long give(CopyManager copies) throws SQLException, IOException {
      try (InputStream in = new BufferedInputStream(Files.newInputStream(file), CHUNK)) {
        return copies.copyIn("COPY " + target() + " FROM STDIN (FORMAT binary)", in, CHUNK);
      } finally {
        Files.delete(file);
      }
    }

    private String target() {
      return SCHEMA + ".\"" + table + "\"";
    }
  }
}
