package dev.millrace.servers;

import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicBoolean;

/** One user's hold on the server of a directory, for any product. */
final class ServerHandle implements AutoCloseable {
  private static final Duration POLL = Duration.ofMillis(10);
  private static final Duration MAX_STOP = Duration.ofSeconds(90);

  private final ServerDirectory directory;
  private final JvmServerClaim jvmClaim;
  private final ServerInstaller recipe;
  private final int port;
  private final String password;
  private final AtomicBoolean closed = new AtomicBoolean();

  private ServerHandle(
      ServerDirectory directory,
      JvmServerClaim claim,
      ServerInstaller recipe,
      int port,
      String password) {
    this.directory = directory;
    this.jvmClaim = claim;
    this.recipe = recipe;
    this.port = port;
    this.password = password;
  }

  /** Joins the server that runs there, or starts it. Returns when it takes connections. */
  static ServerHandle take(ServerDirectory directory, ServerInstaller recipe) {
    JvmServerClaim claim = JvmServerClaim.of(directory);
    claim.lock.lock();
    try {
      boolean first =
          claim.take(
              directory,
              new StartupDeadline(
                  "the last server to stop", recipe.startTimeout(), recipe.progress()));
      boolean started = false;
      try {
        ServerState state = new SupervisorStarter(directory, recipe).start();
        String password = directory.readPassword();
        if (first) {
          recipe
              .progress()
              .accept(
                  directory.product().title()
                      + " listens: url="
                      + directory.product().url(state.port()));
        }
        started = true;
        return new ServerHandle(directory, claim, recipe, state.port(), password);
      } catch (IOException e) {
        throw new EmbeddedException(
            "password of the server must be readable by its user: file=" + directory.password(), e);
      } finally {
        if (!started) {
          claim.leave();
        }
      }
    } finally {
      claim.lock.unlock();
    }
  }

  /** True if the server of a directory runs, for this process or another; starts none. */
  static boolean isRunning(ServerDirectory directory) {
    JvmServerClaim claim = JvmServerClaim.of(directory);
    claim.lock.lock();
    try {
      return SupervisorStarter.isSupervised(directory);
    } finally {
      claim.lock.unlock();
    }
  }

  ServerDirectory directory() {
    return directory;
  }

  int port() {
    return port;
  }

  String url() {
    return directory.product().url(port);
  }

  String password() {
    return password;
  }

  OptionalLong pid() {
    return ServerState.find(directory.state()).stream()
        .mapToLong(ServerState::pid)
        .filter(pid -> pid > 0)
        .findFirst();
  }

  /** Kills the server process only; its child processes are left alone. */
  void killHard() {
    long pid =
        pid()
            .orElseThrow(() ->
                new EmbeddedException(
                    "server must run to be killed: directory=" + directory.root()));
    ProcessHandle server =
        ProcessHandle.of(pid)
            .orElseThrow(() -> new EmbeddedException("server has ended by itself: pid=" + pid));
    server.destroyForcibly();
    server.onExit().join();
  }

  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      jvmClaim.leave();
    }
  }

  /** Releases this hold; if it was the last, waits until the server has ended. */
  void stop() {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    jvmClaim.lock.lock();
    try {
      Files.writeString(directory.stopRequest(), "");
      jvmClaim.leave();
      SupervisorStarter starter = new SupervisorStarter(directory, recipe);
      StartupDeadline waiting =
          new StartupDeadline(directory.product().title() + " to stop", MAX_STOP, message -> {});
      while (!jvmClaim.isTaken()
          && !isUsedElsewhere()
          && Files.exists(directory.stopRequest())
          && starter.isSupervised()) {
        waiting.pause(POLL);
      }
    } catch (IOException e) {
      throw new EmbeddedException(
          "data directory must be writable: directory=" + directory.root() + " cause=" + e, e);
    } finally {
      jvmClaim.lock.unlock();
    }
  }

  /**
   * True if another process is a user: its claim lets us take the lock shared and not exclusively.
   * A stopping supervisor refuses both, and may have come in between, hence the second shared
   * attempt.
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
    return directory.product().title() + " at " + url() + " in " + directory.root();
  }
}
