package dev.millrace.postgres.client;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.JdbiException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Renews a lane's lease on a connection and a thread of its own, so that a long commit does not
 * look like a dead process. The thread is a platform thread: handlers and effects that keep the
 * carriers of virtual threads busy must not look like one either. A failure to renew is no error:
 * the epoch alone decides who may write. A renewal that changes no row is one: the lane was taken
 * over, which a holder that commits nothing learns here ({@link #onLost}).
 *
 * <p>A lease is identified by the epoch of the takeover, even after its holder has opened others. A
 * rewind, however long, therefore never touches the row that the heartbeat writes.
 */
public final class Lease implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Lease.class);

  private static final String RENEW =
      """
      UPDATE millrace_lease
         SET expires = clock_timestamp() + :millis * interval '1 millisecond',
             (backend_pid, backend_start) =
               (SELECT pid, backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid())
       WHERE lane = :lane AND epoch = :epoch
      """;

  private static final String RELEASE =
      "UPDATE millrace_lease SET expires = '-infinity' WHERE lane = :lane AND epoch = :epoch";

  private static final Duration MAX_RELEASE = Duration.ofSeconds(3);

  private final PostgresConnections connections;
  private final String lane;
  private final long epoch;
  private final Duration lease;
  private final CountDownLatch closed = new CountDownLatch(1);
  private final Thread thread;
  private volatile boolean lost;
  private volatile boolean givenUp;

  /** Written by the heartbeat; read by the thread that closes the lease. */
  private volatile @Nullable Handle connected;

  private volatile @Nullable Consumer<MillraceException> whenLost;

  public Lease(PostgresConnections connections, String lane, long epoch, Duration lease) {
    this.connections = connections;
    this.lane = lane;
    this.epoch = epoch;
    this.lease = lease;
    this.thread =
        Thread.ofPlatform().daemon().name("millrace-lease-" + lane).start(this::renewUntilClosed);
  }

  private void renewUntilClosed() {
    Handle handle = null;
    try {
      do {
        handle = renew(handle);
      } while (!lost && !closed.await(lease.toMillis() / 4, TimeUnit.MILLISECONDS));
      if (handle == null) {
        handle = connect();
      }
      release(handle);
    } catch (InterruptedException | SQLException | JdbiException gone) {
      LOG.debug("lease runs out by itself: lane={} epoch={}", lane, epoch, gone);
    } finally {
      close(handle);
      connected = null;
    }
  }

  /** Renews the lease. Returns the connection to use next time, null for a new one. */
  private @Nullable Handle renew(@Nullable Handle known) {
    Handle handle = known;
    try {
      if (handle == null) {
        handle = connect();
      }
      int renewed =
          handle
              .createUpdate(RENEW)
              .bind("millis", lease.toMillis())
              .bind("lane", lane)
              .bind("epoch", epoch)
              .execute();
      if (renewed == 0) {
        lost = true;
        LOG.warn("lane was taken over by another process: lane={} epoch={}", lane, epoch);
        report();
      }
      return handle;
    } catch (SQLException | JdbiException failed) {
      MillraceException why = PostgresErrors.translate("renewing the lease", failed);
      LOG.warn("lease could not be renewed: lane={} reason=\"{}\"", lane, why.getMessage());
      close(handle);
      return null;
    }
  }

  /** Registers a callback for the loss of the lane; called at once if it is already lost. */
  public void onLost(Consumer<MillraceException> call) {
    whenLost = call;
    if (lost) {
      report();
    }
  }

  private synchronized void report() {
    Consumer<MillraceException> call = whenLost;
    whenLost = null;
    if (call != null) {
      call.accept(
          new MillraceException(
              Remedy.YIELD,
              "lane was taken over by another process: lane=%s epoch=%d".formatted(lane, epoch)));
    }
  }

  private Handle connect() throws SQLException {
    Handle fresh = connections.openOnPrimary("lease " + lane, lease);
    connected = fresh;
    return fresh;
  }

  private void release(Handle handle) {
    handle.createUpdate(RELEASE).bind("lane", lane).bind("epoch", epoch).execute();
  }

  private static void close(@Nullable Handle handle) {
    if (handle != null) {
      try {
        handle.close();
      } catch (JdbiException gone) {
        LOG.debug("connection was gone already", gone);
      }
    }
  }

  /**
   * Releases the lease, so that the next process need not wait for it to expire. A second caller
   * waits as well, but not again for a server that does not answer.
   */
  @Override
  public void close() {
    closed.countDown();
    boolean interrupted = false;
    try {
      if (!givenUp && !thread.join(MAX_RELEASE)) {
        giveUp();
      }
    } catch (InterruptedException _) {
      interrupted = true;
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Ends a wait for the server: an interrupt alone ends no read from a socket. */
  private void giveUp() {
    givenUp = true;
    thread.interrupt();
    PostgresConnections.abort(connected);
  }
}
