package dev.millrace.postgres.client;

import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.WeakHashMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides how long a request may take, by asking the server. An index build, a rewind or a wait for
 * a lock may take hours, in which the server sends nothing; a socket timeout would treat each of
 * them as dead. So a watched request has no such timeout: once it is slow, its session is looked up
 * from another connection, and the request goes on for as long as the server confirms that the
 * session exists. The request ends when the session is gone, or when the server has not answered
 * for {@link DatabaseSettings#silence()}. The lane reports the server's description of the request
 * while it waits.
 */
public final class RequestWatchdog implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(RequestWatchdog.class);

  private static final Duration PERIOD = Duration.ofSeconds(1);
  private static final Duration SLOW = Duration.ofSeconds(2);
  private static final Duration MAX_CLOSE = Duration.ofSeconds(1);
  private static final Duration LOG_PERIOD = Duration.ofMinutes(1);

  private final PostgresConnections connections;
  private final Set<Request> requests = ConcurrentHashMap.newKeySet();

  /** The sessions of connections, looked up once each. */
  private final Map<PGConnection, Backend> sessions =
      Collections.synchronizedMap(new WeakHashMap<>());

  private final CountDownLatch closed = new CountDownLatch(1);
  private final Thread thread;

  /** Written by the watch thread; read by the thread that closes the watch. */
  private volatile @Nullable Handle handle;

  public RequestWatchdog(PostgresConnections connections) {
    this.connections = connections;
    this.thread =
        Thread.ofPlatform()
            .daemon()
            .name("millrace-watch-" + connections.schema())
            .start(this::run);
  }

  /** One request or transaction, from {@link RequestWatchdog#begin} to {@link #close}. */
  public final class Request implements AutoCloseable {
    private final String lane;
    private final String doing;
    private final Connection connection;
    private final Backend session;
    private final int timeout;
    private final long begun = System.nanoTime();

    /** The time of the server's last confirmation of the session. Confined to the watch thread. */
    private long confirmed = begun;

    private long logged = begun;
    private volatile String state = "";

    private Request(String lane, String doing, Connection connection) throws SQLException {
      this.lane = lane;
      this.doing = doing;
      this.connection = connection;
      this.session = session(connection);
      this.timeout = connection.getNetworkTimeout();
      connection.setNetworkTimeout(Runnable::run, 0);
    }

    private boolean isSlow() {
      return System.nanoTime() - begun >= SLOW.toNanos();
    }

    private String describe() {
      String known = state;
      return "%s, %s%d s"
          .formatted(
              doing,
              known.isEmpty() ? "" : known + ", ",
              TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - begun));
    }

    private void confirm(String said) {
      confirmed = System.nanoTime();
      state = said;
      if (confirmed - logged >= LOG_PERIOD.toNanos()) {
        logged = confirmed;
        LOG.info("request takes long: lane={} doing=\"{}\"", lane, describe());
      }
    }

    /** Ends the request only while it runs: afterwards its connection may have another user. */
    private synchronized void end(String reason) {
      if (!requests.remove(this)) {
        return;
      }
      LOG.warn("request is given up: lane={} doing=\"{}\" reason=\"{}\"", lane, describe(), reason);
      try {
        connection.unwrap(Connection.class).abort(Runnable::run);
      } catch (SQLException gone) {
        LOG.debug("connection was gone already", gone);
      }
    }

    @Override
    public synchronized void close() {
      requests.remove(this);
      try {
        connection.setNetworkTimeout(Runnable::run, timeout);
      } catch (SQLException gone) {
        LOG.debug("connection is gone", gone);
      }
    }
  }

  private Backend session(Connection connection) throws SQLException {
    PGConnection physical = connection.unwrap(PGConnection.class);
    Backend known = sessions.get(physical);
    if (known == null) {
      known = Backend.of(connection);
      sessions.put(physical, known);
    }
    return known;
  }

  /** Removes the timeout of a connection and watches the request instead. */
  public Request begin(String lane, String doing, Connection connection) throws SQLException {
    Request request = new Request(lane, doing, connection);
    requests.add(request);
    return request;
  }

  /** Describes the slowest request of a lane; empty if none is slow. */
  public String waitingFor(String lane) {
    return requests.stream()
        .filter(request -> request.lane.equals(lane) && request.isSlow())
        .min(Comparator.comparingLong(request -> request.begun - System.nanoTime()))
        .map(Request::describe)
        .orElse("");
  }

  private void run() {
    try {
      while (!closed.await(PERIOD.toMillis(), TimeUnit.MILLISECONDS)) {
        List<Request> slow = requests.stream().filter(Request::isSlow).toList();
        if (!slow.isEmpty()) {
          look(slow);
        }
      }
    } catch (InterruptedException _) {
      // Only close() interrupts this thread.
    } finally {
      disconnect();
    }
  }

  private void look(List<Request> slow) {
    try {
      Map<Backend, String> found = ask(slow);
      for (Request request : slow) {
        String said = found.get(request.session);
        if (said != null) {
          request.confirm(said);
        } else {
          request.end("session is gone: pid=" + request.session.pid());
        }
      }
    } catch (SQLException failed) {
      disconnect();
      boolean answered = PostgresErrors.server(failed) != null;
      slow.forEach(request -> missed(request, answered, failed));
    }
  }

  /** Keeps a request whose server refuses the query: the server is alive and works on it. */
  private void missed(Request request, boolean answered, SQLException failed) {
    if (answered) {
      request.confirm("");
      return;
    }
    Duration silent = Duration.ofNanos(System.nanoTime() - request.confirmed);
    if (silent.compareTo(connections.silence()) >= 0) {
      request.end("server does not answer: seconds=" + silent.toSeconds());
    } else {
      request.state = "server does not answer: error=\"" + failed.getMessage() + "\"";
    }
  }

  private Map<Backend, String> ask(List<Request> slow) throws SQLException {
    Handle current = handle;
    if (current == null) {
      current = connections.openForWatch();
      handle = current;
    }
    Map<Backend, String> found = new HashMap<>();
    Connection connection = current.getConnection();
    try (PreparedStatement statement = connection.prepareStatement(SessionActivity.BY_PID)) {
      Array pids =
          connection.createArrayOf(
              "int4", slow.stream().map(request -> request.session.pid()).toArray());
      statement.setArray(1, pids);
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          found.put(Backend.read(rows), SessionActivity.describe(rows));
        }
      }
    }
    return found;
  }

  private void disconnect() {
    Handle current = handle;
    handle = null;
    if (current != null) {
      PostgresConnections.close(current);
    }
  }

  /** Ends the watch. Bounded, even if the server hangs. */
  @Override
  public void close() {
    closed.countDown();
    try {
      if (!thread.join(MAX_CLOSE)) {
        giveUp();
      }
    } catch (InterruptedException _) {
      giveUp();
      Thread.currentThread().interrupt();
    }
  }

  /** Ends a wait for the server: an interrupt alone ends no read from a socket. */
  private void giveUp() {
    thread.interrupt();
    PostgresConnections.abort(handle);
  }
}
