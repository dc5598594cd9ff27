package dev.millrace.scenarios;

import dev.millrace.postgres.client.DatabaseSettings;
import dev.millrace.servers.EmbeddedClickHouse;
import dev.millrace.servers.EmbeddedPostgres;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/**
 * A store that is killed under its users and restarts by itself where it was.
 *
 * @param pid of the process that serves now; empty while there is none
 * @param question throws while the store is unavailable
 */
record KillableStore(String name, Supplier<OptionalLong> pid, Question question) {
  private static final Duration PATIENCE = Duration.ofMinutes(1);
  private static final long LOOK_NANOS = 10_000_000;

  /** A request that only a running store can answer. */
  @FunctionalInterface
  interface Question {
    void ask() throws Exception;
  }

  static KillableStore of(EmbeddedPostgres server) {
    DatabaseSettings database =
        DatabaseSettings.of(server.jdbcUrl(), server.user(), server.password());
    return new KillableStore(
        "PostgreSQL", server::pid, () -> TableDigests.connect(database).close());
  }

  static KillableStore of(EmbeddedClickHouse server) {
    return new KillableStore("ClickHouse", server::pid, () -> ping(server.url()));
  }

  private static void ping(String url) throws IOException, InterruptedException {
    HttpRequest request = HttpRequest.newBuilder(URI.create(url + "/ping")).build();
    try (HttpClient client = HttpClient.newHttpClient()) {
      client.send(request, HttpResponse.BodyHandlers.discarding());
    }
  }

  /** Sends SIGKILL, in the middle of the store's work. */
  void kill() throws CrashRestartSoak.Failure {
    Optional<ProcessHandle> server = server();
    long until = System.nanoTime() + PATIENCE.toNanos();
    while (server.isEmpty() && System.nanoTime() - until < 0) {
      LockSupport.parkNanos(LOOK_NANOS); // the server answers a little before it publishes its pid
      server = server();
    }
    ProcessHandle alive =
        server.orElseThrow(
            () -> new CrashRestartSoak.Failure("a store has no process: store=" + name));
    alive.destroyForcibly();
    alive.onExit().join(); // an answer now would not come from the next process
  }

  private Optional<ProcessHandle> server() {
    return pid.get().stream().mapToObj(ProcessHandle::of).flatMap(Optional::stream).findFirst();
  }

  void awaitReturn() throws CrashRestartSoak.Failure {
    long until = System.nanoTime() + PATIENCE.toNanos();
    while (!answers()) {
      if (System.nanoTime() - until > 0) {
        throw new CrashRestartSoak.Failure(
            "a store that was killed does not come back: store=%s seconds=%d"
                .formatted(name, PATIENCE.toSeconds()));
      }
      LockSupport.parkNanos(LOOK_NANOS);
    }
  }

  private boolean answers() {
    try {
      question.ask();
      return true;
    } catch (Exception _) {
      return false; // not back yet
    }
  }
}
