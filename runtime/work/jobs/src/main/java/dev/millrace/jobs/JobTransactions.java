package dev.millrace.jobs;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.postgres.client.PostgresConnections;
import dev.millrace.postgres.client.PostgresErrors;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jdbi.v3.core.JdbiException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Transactions over one connection, which is opened anew when it is lost. Confined to one thread,
 * except {@link #close}.
 *
 * <p>A lost reply to COMMIT leaves open whether the transaction counts. Each transaction knows its
 * number, so the server is asked for its fate, and it is never applied twice.
 */
final class JobTransactions implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(JobTransactions.class);
  private static final Duration FIRST_PAUSE = Duration.ofMillis(10);
  private static final Duration MAX_PAUSE = Duration.ofSeconds(1);

  /**
   * A session whose network is cut in the middle of a transaction keeps its locks, and everybody
   * waits for them. None of ours pauses in a transaction.
   */
  static final String END_IDLE_TRANSACTIONS = "SET idle_in_transaction_session_timeout = '10s';";

  private final Opener opener;
  private final String purpose;
  private final BooleanSupplier givenUp;
  private volatile @Nullable Connection open;
  private volatile boolean closed;

  /** Opens a connection, or takes one from a pool. */
  @FunctionalInterface
  interface Opener {
    Connection open() throws SQLException;
  }

  /** The statements of a transaction; may run several times, but counts once. */
  @FunctionalInterface
  interface Work<T> {
    T run(Connection connection) throws SQLException;
  }

  /**
   * Creates transactions.
   *
   * @param givenUp ends the retries, as when the worker's session has ended
   */
  JobTransactions(Opener opener, String purpose, BooleanSupplier givenUp) {
    this.opener = opener;
    this.purpose = purpose;
    this.givenUp = givenUp;
  }

  /** Creates transactions over a connection that this thread keeps. */
  static JobTransactions dedicated(
      PostgresConnections connections, String purpose, BooleanSupplier givenUp) {
    return new JobTransactions(
        () -> {
          Connection connection = connections.openForCommits(purpose).getConnection();
          try (Statement statement = connection.createStatement()) {
            statement.execute(END_IDLE_TRANSACTIONS);
          }
          return connection;
        },
        purpose,
        givenUp);
  }

  /**
   * Runs a transaction until it is durable.
   *
   * @throws MillraceException if it fails for a reason that a retry does not remove, or when the
   *     retries are given up
   */
  <T> T run(Work<T> work) {
    return retrying(() -> attempt(work));
  }

  /**
   * Runs a single statement, which is its own transaction, until it has succeeded. It may run
   * twice, so it must be harmless twice: a query, or an update that sets what it has set.
   */
  <T> T runStatement(Work<T> work) {
    return retrying(() -> attemptStatement(work));
  }

  /** One attempt of a transaction or a statement. */
  @FunctionalInterface
  private interface Attempt<T> {
    T run() throws SQLException;
  }

  private <T> T retrying(Attempt<T> attempt) {
    Duration pause = FIRST_PAUSE;
    while (true) {
      try {
        return attempt.run();
      } catch (SQLException | JdbiException failed) {
        MillraceException why = PostgresErrors.translate(purpose, failed);
        if (!isWorthARetry(failed, why) || closed || givenUp.getAsBoolean()) {
          throw why;
        }
        long half = pause.toNanos() / 2;
        LockSupport.parkNanos(half + ThreadLocalRandom.current().nextLong(half));
        if (Thread.currentThread().isInterrupted()) {
          throw why;
        }
        pause = pause.multipliedBy(2).compareTo(MAX_PAUSE) > 0 ? MAX_PAUSE : pause.multipliedBy(2);
      }
    }
  }

  private static boolean isWorthARetry(Exception failed, MillraceException why) {
    SQLException sql = PostgresErrors.sql(failed);
    // 23505: two transactions met at one key, and the later one decides anew.
    return why.remedy() == Remedy.RETRY
        || (sql != null && PostgresErrors.state(sql).equals("23505"));
  }

  private <T> T attemptStatement(Work<T> work) throws SQLException {
    Connection connection = connection();
    try {
      connection.setAutoCommit(true);
      return work.run(connection);
    } catch (SQLException failed) {
      if (isLost(failed)) {
        discard();
      }
      throw failed;
    }
  }

  private <T> T attempt(Work<T> work) throws SQLException {
    Connection connection = connection();
    T result;
    long number;
    try {
      connection.setAutoCommit(false);
      result = work.run(connection);
      number = number(connection);
    } catch (RuntimeException failed) {
      rollback(connection, failed);
      throw failed;
    } catch (SQLException failed) {
      undo(connection, failed);
      throw failed;
    }
    try {
      connection.commit();
    } catch (SQLException failed) {
      undo(connection, failed);
      if (!isLost(failed) || !isCommitted(number)) {
        throw failed;
      }
    }
    return result;
  }

  private static boolean isLost(SQLException failed) {
    return PostgresErrors.isWorthANewSession(failed)
        && !PostgresErrors.state(failed).startsWith("40");
  }

  private static long number(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row =
            statement.executeQuery("SELECT pg_current_xact_id_if_assigned()::text::bigint")) {
      row.next();
      return row.getLong(1);
    }
  }

  /**
   * Asks for the outcome of a transaction until the server answers: to run it again without an
   * answer might apply it twice.
   */
  private boolean isCommitted(long number) {
    if (number == 0) {
      return false; // it has written nothing
    }
    String status = retrying(() -> status(number));
    while (status.equals("in progress")) {
      LockSupport.parkNanos(FIRST_PAUSE.toNanos());
      status = retrying(() -> status(number));
    }
    return status.equals("committed");
  }

  private String status(long number) throws SQLException {
    Connection connection = connection();
    try (PreparedStatement query =
        connection.prepareStatement("SELECT coalesce(pg_xact_status(?::text::xid8), 'unknown')")) {
      connection.setAutoCommit(true);
      query.setString(1, Long.toString(number));
      try (ResultSet row = query.executeQuery()) {
        row.next();
        return row.getString(1);
      }
    } catch (SQLException failed) {
      if (isLost(failed)) {
        discard();
      }
      throw failed;
    }
  }

  private void undo(Connection connection, SQLException failed) {
    if (isLost(failed)) {
      discard();
    } else {
      rollback(connection, failed);
    }
  }

  private void rollback(Connection connection, Exception failed) {
    try {
      connection.rollback();
    } catch (SQLException gone) {
      failed.addSuppressed(gone);
      discard();
    }
  }

  private Connection connection() throws SQLException {
    Connection known = open;
    if (known == null) {
      known = opener.open();
      open = known;
      if (closed) {
        discard();
        throw new SQLException("closed", "08003");
      }
    }
    return known;
  }

  private void discard() {
    Connection known = open;
    open = null;
    if (known != null) {
      try {
        known.close();
      } catch (SQLException gone) {
        LOG.debug("connection was gone already", gone);
      }
    }
  }

  /** Ends the retries and the connection; a request in flight fails. */
  @Override
  public void close() {
    closed = true;
    discard();
  }
}
