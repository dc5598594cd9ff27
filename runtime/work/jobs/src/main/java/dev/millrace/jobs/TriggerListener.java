package dev.millrace.jobs;

import dev.millrace.postgres.client.PostgresConnections;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.JdbiException;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Rings when a trigger, a cancel or a signal of any process has become durable. It may miss some
 * while it connects: a worker looks at the tables once a second all the same.
 */
final class TriggerListener implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(TriggerListener.class);
  private static final Duration PATIENCE = Duration.ofMinutes(5);
  private static final Duration PAUSE = Duration.ofSeconds(1);
  private static final Duration MAX_CLOSE = Duration.ofSeconds(2);

  private final PostgresConnections connections;
  private final String channel;
  private final Runnable ring;
  private final CountDownLatch closed = new CountDownLatch(1);
  private final Thread thread;
  private volatile @Nullable Handle handle;

  TriggerListener(PostgresConnections connections, String channel, Runnable ring) {
    this.connections = connections;
    this.channel = channel;
    this.ring = ring;
    this.thread = Thread.ofPlatform().daemon().name("millrace-jobs-listen").start(this::run);
  }

  private void run() {
    try {
      while (closed.getCount() > 0) {
        try {
          listen();
        } catch (SQLException | JdbiException failed) {
          LOG.debug("connection for notifications is lost", failed);
        } finally {
          disconnect();
        }
        closed.await(PAUSE.toMillis(), TimeUnit.MILLISECONDS);
      }
    } catch (InterruptedException _) {
      LOG.debug("listener was interrupted");
    }
  }

  private void listen() throws SQLException {
    Handle fresh = connections.open("notifications of jobs");
    handle = fresh;
    Connection connection = fresh.getConnection();
    try (Statement statement = connection.createStatement()) {
      statement.execute("LISTEN \"" + channel.replace("\"", "\"\"") + '"');
    }
    ring.run(); // what came before the LISTEN
    PGConnection notifications = connection.unwrap(PGConnection.class);
    while (closed.getCount() > 0) {
      PGNotification[] received = notifications.getNotifications((int) PATIENCE.toMillis());
      if (received != null && received.length > 0) {
        ring.run();
      }
    }
  }

  private void disconnect() {
    Handle known = handle;
    handle = null;
    if (known != null) {
      PostgresConnections.close(known);
    }
  }

  @Override
  public void close() {
    closed.countDown();
    PostgresConnections.abort(handle); // an interrupt ends no read from a socket
    thread.interrupt();
    try {
      thread.join(MAX_CLOSE);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }
}
