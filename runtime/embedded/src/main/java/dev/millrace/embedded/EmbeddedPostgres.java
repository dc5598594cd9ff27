package dev.millrace.embedded;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * One user's hold on the PostgreSQL of a data directory. The server runs while anybody, in any
 * process, holds it, and a few seconds longer.
 *
 * <p>A server that dies under its users is started again on the same port; {@link #pid} then
 * changes and nothing else. All methods may be called from any thread.
 */
public final class EmbeddedPostgres implements AutoCloseable {
  private static final Duration POLL = Duration.ofMillis(10);
  private static final Duration LONGEST_STOP = Duration.ofSeconds(90);

  private final ServerDirectory directory;
  private final Seat seat;
  private final int port;
  private final String password;
  private final AtomicBoolean closed = new AtomicBoolean();

  private EmbeddedPostgres(ServerDirectory directory, Seat seat, int port, String password) {
    this.directory = directory;
    this.seat = seat;
    this.port = port;
    this.password = password;
  }

  public static EmbeddedPostgres start(Path dataDirectory) {
    return start(dataDirectory, PostgresSettings.standard());
  }

  /**
   * Joins the server that runs on this directory, or starts it. Returns when it takes connections.
   */
  public static EmbeddedPostgres start(Path dataDirectory, PostgresSettings settings) {
    ServerDirectory directory = ServerDirectory.open(dataDirectory);
    Seat seat = Seat.of(directory);
    seat.lock.lock();
    try {
      seat.take(
          directory,
          new Waiting("the last server to stop", settings.patience(), settings.progress()));
      boolean started = false;
      try {
        ServerState state = new Starter(directory, settings).start();
        String password = Files.readString(directory.password(), UTF_8).strip();
        settings.progress().accept("PostgreSQL listens: url=" + ServerState.url(state.port()));
        started = true;
        return new EmbeddedPostgres(directory, seat, state.port(), password);
      } catch (IOException e) {
        throw new EmbeddedException(
            "password of the server must be readable by its user: file=" + directory.password(), e);
      } finally {
        if (!started) {
          seat.leave();
        }
      }
    } finally {
      seat.lock.unlock();
    }
  }

  public String host() {
    return ServerState.HOST;
  }

  public int port() {
    return port;
  }

  public String user() {
    return ServerState.USER;
  }

  public String password() {
    return password;
  }

  public String database() {
    return ServerState.DATABASE;
  }

  /** Without user and password. */
  public String jdbcUrl() {
    return ServerState.url(port);
  }

  public Path directory() {
    return directory.root();
  }

  /** Where PostgreSQL writes its messages. */
  public Path log() {
    return directory.log();
  }

  /** The server's process; empty while it is being started again. */
  public OptionalLong pid() {
    return ServerState.find(directory.state()).stream()
        .mapToLong(ServerState::pid)
        .filter(pid -> pid > 0)
        .findFirst();
  }

  /**
   * Ends the server and its sessions by SIGKILL, as a crash of the machine would; for tests of what
   * comes after. The supervisor starts it again.
   */
  public void killHard() {
    long pid =
        pid()
            .orElseThrow(() ->
                new EmbeddedException(
                    "server must run to be killed: directory=" + directory.root()));
    ProcessHandle server =
        ProcessHandle.of(pid)
            .orElseThrow(() -> new EmbeddedException("server has ended by itself: pid=" + pid));
    List<ProcessHandle> sessions = server.descendants().toList();
    server.destroyForcibly();
    sessions.forEach(ProcessHandle::destroyForcibly);
    server.onExit().join();
  }

  /** Leaves. The server ends a few seconds after its last user has left, unless somebody comes. */
  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      seat.leave();
    }
  }

  /**
   * Leaves, and if nobody else is there, ends the server without grace and waits until it has
   * ended.
   */
  public void stop() {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    seat.lock.lock();
    try {
      Files.writeString(directory.stopRequest(), "");
      seat.leave();
      Starter starter = new Starter(directory, PostgresSettings.standard());
      Waiting waiting = new Waiting("PostgreSQL to stop", LONGEST_STOP, message -> {});
      while (!seat.isTaken()
          && !isUsedElsewhere()
          && Files.exists(directory.stopRequest())
          && starter.isSupervised()) {
        waiting.pause(POLL);
      }
    } catch (IOException e) {
      throw new EmbeddedException(
          "data directory must be writable: directory=" + directory.root() + " cause=" + e, e);
    } finally {
      seat.lock.unlock();
    }
  }

  /**
   * Whether another process is a user: its claim lets us share and keeps us from having the lock
   * alone. A supervisor that stops refuses both, and may have come in between, hence the second
   * question.
   */
  private boolean isUsedElsewhere() {
    return isFree(FileClaim.tryShared(directory.usersLock()))
        && !isFree(FileClaim.tryExclusive(directory.usersLock()))
        && isFree(FileClaim.tryShared(directory.usersLock()));
  }

  private static boolean isFree(Optional<FileClaim> probe) {
    probe.ifPresent(FileClaim::close);
    return probe.isPresent();
  }

  @Override
  public String toString() {
    return "PostgreSQL at " + jdbcUrl() + " in " + directory.root();
  }
}
