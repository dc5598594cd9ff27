package dev.millrace.jobs;

import dev.millrace.loaders.MillraceException;
import dev.millrace.postgres.client.PostgresConnections;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The session of one worker: a row that one UPDATE renews for all its runs.
 *
 * <p>The lease is measured by the monotonic clock of this process from before the renewal was sent,
 * so it ends here before it can have ended in the database, even if the two clocks differ. A
 * process that wakes up after a long stop finds its session ended before it does anything else.
 */
final class WorkerSession implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(WorkerSession.class);
  private static final Duration MAX_CLOSE = Duration.ofSeconds(3);

  private static final String REGISTER =
      """
      INSERT INTO worker (name, jobs, versions, queues, expires_at)
      VALUES (?, ?, ?, ?, clock_timestamp() + ? * interval '1 millisecond')
      RETURNING session
      """;

  private static final String RENEW =
      """
      UPDATE worker SET expires_at = clock_timestamp() + ? * interval '1 millisecond'
       WHERE session = ? AND expires_at > clock_timestamp()
      """;

  private static final String END = "DELETE FROM worker WHERE session = ?";

  private final JobTransactions transactions;
  private final Duration lease;
  private final LongSupplier nanos;
  private final Runnable whenLost;
  private final long id;
  private final CountDownLatch closed = new CountDownLatch(1);
  private final Thread heartbeat;
  private final Thread watchdog;
  private volatile long validUntil;
  private volatile boolean lost;

  WorkerSession(
      PostgresConnections connections,
      WorkerIdentity identity,
      Duration lease,
      LongSupplier nanos,
      Runnable whenLost) {
    this.lease = lease;
    this.nanos = nanos;
    this.whenLost = whenLost;
    this.transactions = JobTransactions.dedicated(connections, "session of a worker", this::isLost);
    this.validUntil = nanos.getAsLong() + lease.toNanos();
    this.id = transactions.run(connection -> register(connection, identity));
    this.heartbeat = start("millrace-jobs-renew-" + identity.name(), this::renewUntilClosed);
    this.watchdog = start("millrace-jobs-lease-" + identity.name(), this::watchUntilClosed);
  }

  private static Thread start(String name, Runnable task) {
    return Thread.ofPlatform().daemon().name(name).start(task);
  }

  long id() {
    return id;
  }

  /** True once the lease may have ended: nothing that this session has claimed counts any more. */
  boolean isLost() {
    return lost || validUntil - nanos.getAsLong() <= 0;
  }

  private long register(Connection connection, WorkerIdentity identity) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(REGISTER)) {
      statement.setString(1, identity.name());
      statement.setArray(2, connection.createArrayOf("text", identity.jobs().toArray()));
      statement.setArray(3, connection.createArrayOf("integer", identity.versions().toArray()));
      statement.setArray(4, connection.createArrayOf("text", identity.queues().toArray()));
      statement.setLong(5, lease.toMillis());
      try (ResultSet row = statement.executeQuery()) {
        row.next();
        return row.getLong(1);
      }
    }
  }

  private void renewUntilClosed() {
    try {
      while (!closed.await(lease.toMillis() / 3, TimeUnit.MILLISECONDS) && !isLost()) {
        renew();
      }
    } catch (InterruptedException _) {
      LOG.debug("renewal of the session was interrupted: session={}", id);
    }
  }

  private void renew() {
    long sent = nanos.getAsLong();
    try {
      if (transactions.runStatement(this::renew) == 0) {
        lose("it was not renewed in time");
      } else {
        validUntil = sent + lease.toNanos();
      }
    } catch (MillraceException failed) {
      LOG.warn("session could not be renewed: session={} reason=\"{}\"", id, failed.getMessage());
    }
  }

  private int renew(Connection connection) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(RENEW)) {
      statement.setLong(1, lease.toMillis());
      statement.setLong(2, id);
      return statement.executeUpdate();
    }
  }

  /** Ends the handlers an eighth of the lease before it can have ended. */
  private void watchUntilClosed() {
    try {
      while (true) {
        long left = validUntil - nanos.getAsLong() - lease.toNanos() / 8;
        if (left <= 0 || lost) {
          lose("the database could not be reached");
          return;
        }
        if (closed.await(left, TimeUnit.NANOSECONDS)) {
          return;
        }
      }
    } catch (InterruptedException _) {
      LOG.debug("watch over the session was interrupted: session={}", id);
    }
  }

  private synchronized void lose(String reason) {
    if (!lost) {
      lost = true;
      LOG.warn("worker has lost its session and its runs: session={} reason=\"{}\"", id, reason);
      whenLost.run();
    }
  }

  /** Loses the session and leaves its row to the lease. */
  void abandon() {
    lose("it was abandoned");
  }

  /** Ends the session, so that no worker waits for its lease. */
  @Override
  public void close() {
    closed.countDown();
    boolean interrupted = false;
    try {
      heartbeat.join(MAX_CLOSE);
      if (!isLost() && !heartbeat.isAlive()) {
        transactions.run(connection -> {
          try (PreparedStatement statement = connection.prepareStatement(END)) {
            statement.setLong(1, id);
            return statement.executeUpdate();
          }
        });
      }
    } catch (InterruptedException _) {
      interrupted = true;
    } catch (MillraceException gone) {
      LOG.debug("session ends by its lease: session={}", id, gone);
    }
    lost = true;
    transactions.close();
    heartbeat.interrupt();
    watchdog.interrupt();
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
