package dev.millrace.scenarios;

import dev.millrace.devchain.DevChain;
import dev.millrace.devchain.DevChainHead;
import dev.millrace.loaders.Bytes32;
import dev.millrace.pipeline.SourceBlock;
import dev.millrace.postgres.client.DatabaseSettings;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.HexFormat;
import java.util.concurrent.locks.LockSupport;

/** Reads the lane of a soaked indexer from PostgreSQL. */
record SoakedLaneReader(DatabaseSettings database, String schema) {
  private static final long LOOK_NANOS = 5_000_000;

  /** A check of the process that works on the lane, made at every poll. */
  @FunctionalInterface
  interface Check {
    void run() throws InterruptedException, CrashRestartSoak.Failure;
  }

  /** Waits until the lane has committed the last block of the chain. */
  void awaitTip(DevChain chain, Duration patience, Check alive)
      throws SQLException, InterruptedException, CrashRestartSoak.Failure {
    DevChainHead tip = chain.tip();
    SourceBlock last = chain.block(tip.head());
    String wanted = place(last.number(), last.hash());
    long until = System.nanoTime() + patience.toNanos();
    try (Connection connection = TableDigests.connect(database)) {
      for (String found = ""; !found.equals(wanted); found = lastBlock(connection)) {
        alive.run();
        if (System.nanoTime() - until > 0) {
          throw new CrashRestartSoak.Failure(
              "the chain is not followed: wanted=%s found=%s".formatted(wanted, found));
        }
        LockSupport.parkNanos(LOOK_NANOS);
      }
    }
  }

  private static String place(long block, Bytes32 hash) {
    return block + " " + HexFormat.of().formatHex(hash.bytes());
  }

  private String lastBlock(Connection connection) throws SQLException {
    return one(
        connection,
        """
        SELECT coalesce((SELECT block || ' ' || encode(block_hash, 'hex')
                           FROM %s.millrace_lane WHERE block IS NOT NULL), 'nowhere')
        """
            .formatted(TableDigests.quoted(schema)));
  }

  /**
   * Counts rewinds: a process opens one epoch when it takes the lane, and one more with each
   * rewind.
   */
  long rewinds() throws SQLException {
    try (Connection connection = TableDigests.connect(database)) {
      return Long.parseLong(
          one(
              connection,
              "SELECT count(*) - count(DISTINCT (host, pid)) FROM %s.millrace_epoch"
                  .formatted(TableDigests.quoted(schema))));
    }
  }

  private static String one(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet found = statement.executeQuery(sql)) {
      found.next();
      return found.getString(1);
    }
  }
}
