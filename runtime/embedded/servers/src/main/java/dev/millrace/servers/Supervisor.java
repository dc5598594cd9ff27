package dev.millrace.servers;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * The main class of the process that owns a server: starts it, publishes its address, restarts it
 * when it dies under its users, and stops it when they have been gone for the grace.
 *
 * <p>Confined to the main thread, which must live as long as the process: {@code setpriv
 * --pdeathsig} may tie the server to the thread that started it. The shutdown hook only stops.
 *
 * <p>Easy to get wrong: to stop, the supervisor takes {@code users.lock} exclusively and keeps it
 * until its process ends. A user that comes meanwhile waits for that lock, then finds no supervisor
 * and starts one.
 */
final class Supervisor {
  private static final Duration TICK = Duration.ofMillis(200);
  private static final Duration READY_TICK = Duration.ofMillis(10);
  private static final Duration MAX_PAUSE = Duration.ofSeconds(10);

  /** A server that took connections this long counts as healthy: its next end is a first one. */
  private static final Duration HEALTHY = Duration.ofSeconds(5);

  /** Longer than any server takes to stop. */
  private static final Duration ORDERLY = Duration.ofSeconds(70);

  /** With the pauses between them, ten minutes: as long as the indexer retries. */
  private static final int ATTEMPTS = 64;

  private final ServerDirectory directory;
  private final SupervisorArguments launch;
  private final IdleDetector departure;

  private int port;
  private boolean wasReady;
  private OptionalLong readyAt = OptionalLong.empty();
  private boolean isStateWritten = true;
  // Shared with the shutdown hook.
  private volatile ServerState state;
  private volatile boolean ending;

  private Supervisor(ServerDirectory directory, SupervisorArguments launch) {
    this.directory = directory;
    this.launch = launch;
    this.departure = new IdleDetector(directory, launch.grace());
    this.port = launch.port();
    this.state = new ServerState(ServerState.Phase.LAUNCHING, 0, port, launch.rights(), "");
  }

  public static void main(String[] arguments) {
    ServerDirectory directory =
        new ServerDirectory(ServerKind.valueOf(arguments[0]), Path.of(arguments[1]));
    SupervisorArguments launch =
        SupervisorArguments.parse(List.of(arguments).subList(2, arguments.length));
    // Held until this process ends. The starting process holds the start lock, so only a probe can
    // be in our way.
    StartupDeadline waiting =
        new StartupDeadline("another supervisor", Duration.ofSeconds(5), Supervisor::log);
    FileClaim claim = FileClaim.awaitExclusive(directory.supervisorLock(), waiting);
    Supervisor supervisor = new Supervisor(directory, launch);
    Thread main = Thread.currentThread();
    Thread hook = new Thread(() -> supervisor.end(main));
    Runtime.getRuntime().addShutdownHook(hook);
    try {
      supervisor.run();
    } catch (RuntimeException | IOException e) {
      log("failed: " + e);
      supervisor.publish(ServerState.Phase.FAILED, 0, e.toString());
    }
    try {
      // Past this point a signal has nothing left to stop, and a new server may be under way.
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      log("told to terminate");
    }
    claim.close();
  }

  private void run() throws IOException {
    directory.product().removeLeftover(directory);
    port = launch.fixedPort() ? port : FreePortChooser.choose(port);
    int attempt = 1;
    while (true) {
      readyAt = OptionalLong.empty();
      ServerProcess server = directory.product().launch(directory, launch.command(), port);
      publish(ServerState.Phase.STARTING, 0, "");
      boolean over;
      try {
        over = watch(server);
      } finally {
        // Also when the data directory has been removed meanwhile.
        server.stop();
      }
      boolean healthy = readyAt.stream().anyMatch(at -> System.nanoTime() - at > HEALTHY.toNanos());
      attempt = healthy ? 1 : attempt + 1;
      if (over || ending || !mayStartAgain(server.lastWords(), attempt)) {
        break;
      }
    }
    if (state.phase() != ServerState.Phase.FAILED) {
      publish(ServerState.Phase.STOPPED, 0, "");
    }
  }

  private boolean mayStartAgain(String cause, int attempt) {
    log(title() + " ended: next=" + attempt + " cause=" + cause);
    if (attempt > ATTEMPTS || !isRetryable(cause)) {
      publish(ServerState.Phase.FAILED, 0, explain(cause));
      return false;
    }
    publish(ServerState.Phase.RESTARTING, 0, explain(cause));
    return !pause(attempt);
  }

  /** Watches a run; true when the users are gone, false when the server is. */
  private boolean watch(ServerProcess server) {
    boolean ready = false;
    while (server.isAlive(ready ? TICK : READY_TICK)) {
      if (!ready && server.isReady()) {
        ready = true;
        wasReady = true;
        readyAt = OptionalLong.of(System.nanoTime());
        log(title() + " is ready: pid=" + server.pid() + " port=" + port);
        publish(ServerState.Phase.READY, server.pid(), "");
      }
      if (!isStateWritten) {
        writeState();
      }
      Optional<String> hang = ready ? server.hangs() : Optional.empty();
      if (hang.isPresent()) {
        log(title() + " is replaced: pid=" + server.pid() + " reason=" + hang.get());
        server.kill();
        return false;
      }
      if (departure.isOver()) {
        log("last user is gone: pid=" + server.pid());
        return true;
      }
      if (ending) {
        return true;
      }
    }
    return false;
  }

  /**
   * True unless the server was never ready and waits for nothing that will pass: it would fail
   * again.
   */
  private boolean isRetryable(String cause) {
    if (isPortTaken(cause) && !wasReady && !launch.fixedPort()) {
      port = FreePortChooser.choose(0);
      return true;
    }
    // An engine whose supervisor was killed before it was ready may still be about to end.
    return wasReady || cause.contains("still in use") || cause.contains("Another server instance");
  }

  private static boolean isPortTaken(String cause) {
    return cause.contains("could not create any TCP/IP sockets")
        || cause.contains("Address already in use");
  }

  private String explain(String cause) {
    if (isPortTaken(cause)) {
      return "port is taken, choose another or 0 for any: port=" + port;
    }
    if (cause.contains("No space left on device")) {
      return "the disk is full, make room: directory=" + directory.root();
    }
    return cause + " log=" + directory.log();
  }

  /** Waits before the next attempt; true if there will be none. */
  private boolean pause(int attempt) {
    long millis = Math.min(MAX_PAUSE.toMillis(), 100L << Math.min(attempt, 10));
    long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
    while (System.nanoTime() - end < 0) {
      if (ending || departure.isOver()) {
        return true;
      }
      LockSupport.parkNanos(TICK.toNanos());
    }
    return false;
  }

  /**
   * Handles SIGTERM, as when the machine shuts down: even with users, the server is shut down
   * cleanly.
   */
  private void end(Thread main) {
    ending = true;
    try {
      main.join(ORDERLY); // the main thread stops the server
    } catch (InterruptedException e) {
      throw new IllegalStateException("nobody interrupts the supervisor", e);
    }
    directory.product().removeLeftover(directory);
    new ServerState(ServerState.Phase.STOPPED, 0, state.port(), launch.rights(), "")
        .write(directory);
  }

  private void publish(ServerState.Phase phase, long pid, String detail) {
    state = new ServerState(phase, pid, port, launch.rights(), detail);
    isStateWritten = false;
    writeState();
  }

  /** Writes the state. A full disk must not end the supervisor: it tries again at a later tick. */
  private void writeState() {
    try {
      state.write(directory);
      isStateWritten = true;
    } catch (EmbeddedException e) {
      log("users cannot be told: " + e);
    }
  }

  private String title() {
    return directory.product().title();
  }

  static void log(String message) {
    System.err.println(Instant.now() + " " + message);
  }
}
