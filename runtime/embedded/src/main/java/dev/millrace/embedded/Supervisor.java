package dev.millrace.embedded;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * The main of the process that owns PostgreSQL: starts it, says where it listens, starts it again
 * when it dies under its users, and stops it when they have been gone for the grace.
 *
 * <p>Confined to the main thread, which must live as long as the process: PostgreSQL may have been
 * told by {@code setpriv --pdeathsig} to end with the thread that started it. The shutdown hook
 * only stops.
 *
 * <p>Easy to get wrong: to stop, the supervisor takes {@code users.lock} for itself and keeps it
 * until its process ends. A user that comes meanwhile waits for that lock, then finds no supervisor
 * and starts one.
 */
final class Supervisor {
  private static final Duration TICK = Duration.ofMillis(100);
  private static final Duration READY_TICK = Duration.ofMillis(10);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(10);

  /** A server that ran this long counts as healthy: its next failure is a first one. */
  private static final Duration HEALTHY = Duration.ofMinutes(1);

  /** With the pauses between them, ten minutes: as long as the indexer retries. */
  private static final int ATTEMPTS = 64;

  private final ServerDirectory directory;
  private final Launch launch;
  private final Departure departure;

  private int port;
  private boolean wasReady;
  private volatile boolean ending;

  private Supervisor(ServerDirectory directory, Launch launch) {
    this.directory = directory;
    this.launch = launch;
    this.departure = new Departure(directory, launch.grace());
    this.port = launch.port();
  }

  public static void main(String[] arguments) {
    ServerDirectory directory = new ServerDirectory(Path.of(arguments[0]));
    Launch launch = Launch.parse(List.of(arguments).subList(1, arguments.length));
    // Held until this process ends; whoever starts holds the start lock, so only a probe is in our
    // way.
    Waiting waiting = new Waiting("another supervisor", Duration.ofSeconds(5), Supervisor::log);
    FileClaim claim = FileClaim.awaitExclusive(directory.supervisorLock(), waiting);
    Supervisor supervisor = new Supervisor(directory, launch);
    Thread hook = new Thread(supervisor::end);
    Runtime.getRuntime().addShutdownHook(hook);
    try {
      supervisor.run();
    } catch (RuntimeException | IOException e) {
      log("failed: " + e);
      supervisor.publishIfPossible(e.toString());
    }
    // Past this point a signal has nothing left to stop, and a new server may be under way.
    Runtime.getRuntime().removeShutdownHook(hook);
    claim.close();
  }

  private void run() throws IOException {
    Postmaster.removeLeftover(directory);
    port = launch.fixedPort() ? port : Ports.choose(port);
    for (int attempt = 1; ; attempt++) {
      long began = System.nanoTime();
      Postmaster server = Postmaster.launch(directory, launch.command(), port);
      publish(ServerState.Phase.STARTING, 0, "");
      boolean over;
      try {
        over = watch(server);
      } finally {
        // Also when the data directory has been removed under us.
        server.stop();
      }
      if (over) {
        publish(ServerState.Phase.STOPPED, 0, "");
        return;
      }
      if (ending) {
        return;
      }
      String cause = server.lastWords();
      log("PostgreSQL ended: attempt=" + attempt + " cause=" + cause);
      if (System.nanoTime() - began > HEALTHY.toNanos()) {
        attempt = 1;
      }
      if (attempt >= ATTEMPTS || !mayHelpToRetry(cause)) {
        publish(ServerState.Phase.FAILED, 0, explain(cause));
        return;
      }
      publish(ServerState.Phase.RESTARTING, 0, explain(cause));
      if (pause(attempt)) {
        publish(ServerState.Phase.STOPPED, 0, "");
        return;
      }
    }
  }

  /** Returns true when the users are gone, false when the server is. */
  private boolean watch(Postmaster server) {
    boolean ready = false;
    while (server.isAlive(ready ? TICK : READY_TICK)) {
      if (!ready && server.isReady()) {
        ready = true;
        wasReady = true;
        log("PostgreSQL is ready: pid=" + server.pid() + " port=" + port);
        publish(ServerState.Phase.READY, server.pid(), "");
      }
      if (departure.isOver()) {
        log("last user is gone: pid=" + server.pid());
        return true;
      }
    }
    return false;
  }

  /** A server that never was ready and does not wait for something to pass would fail again. */
  private boolean mayHelpToRetry(String cause) {
    if (isPortTaken(cause) && !wasReady && !launch.fixedPort()) {
      port = Ports.choose(0);
      return true;
    }
    return wasReady || cause.contains("still in use");
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

  /** Waits before the next attempt; true when the users are gone. */
  private boolean pause(int attempt) {
    long millis = Math.min(LONGEST_PAUSE.toMillis(), 100L << Math.min(attempt, 10));
    long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
    while (System.nanoTime() - end < 0) {
      if (departure.isOver()) {
        return true;
      }
      LockSupport.parkNanos(TICK.toNanos());
    }
    return false;
  }

  /** SIGTERM, as when the machine shuts down: users or not, the server ends in order. */
  private void end() {
    ending = true;
    Postmaster.removeLeftover(directory);
    publish(ServerState.Phase.STOPPED, 0, "");
  }

  private void publish(ServerState.Phase phase, long pid, String detail) {
    new ServerState(phase, pid, port, launch.rights(), detail).write(directory.state());
  }

  private void publishIfPossible(String detail) {
    try {
      publish(ServerState.Phase.FAILED, 0, detail);
    } catch (EmbeddedException e) {
      log("nobody can be told: " + e);
    }
  }

  static void log(String message) {
    System.err.println(Instant.now() + " " + message);
  }
}
