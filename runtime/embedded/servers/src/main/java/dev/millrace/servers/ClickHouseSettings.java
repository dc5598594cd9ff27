package dev.millrace.servers;

import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The choices of a caller about a ClickHouse that it starts. A running server keeps the settings it
 * was started with.
 *
 * @param server settings of the server that replace or join the ones in {@link EngineConfigFiles}
 * @param users besides the owner with all rights: further users by name, with their grants
 * @param cache the directory of the library, kept once per version for all data directories
 * @param listen its ports
 * @param times limits of time
 * @param progress receives in a few words what a start is waiting for
 */
public record ClickHouseSettings(
    Map<String, String> server,
    Map<String, Account> users,
    Path cache,
    Listen listen,
    Times times,
    Consumer<String> progress) {

  /** The library is a download of 178 MB, and some connections are slow. */
  static final Duration MAX_START = Duration.ofMinutes(30);

  /**
   * A user of one server.
   *
   * @param grants separated by semicolons, as in {@code GRANT SELECT, INSERT ON shop.*}
   */
  public record Account(String password, String grants) {}

  /**
   * Limits of time.
   *
   * @param idleTimeout the time that the server outlives its last user
   * @param startTimeout the limit of a start
   * @param answer the time that a server that stands still may leave a query without an answer
   *     before it is replaced; a server that computes has five times as long
   */
  public record Times(Duration idleTimeout, Duration startTimeout, Duration answer) {
    public Times {
      if (idleTimeout.isNegative()) {
        throw new EmbeddedException("grace must not be negative: grace=" + idleTimeout);
      }
      if (!answer.isPositive()) {
        throw new EmbeddedException("limit of an answer must be positive: answer=" + answer);
      }
    }
  }

  /**
   * Ports to listen on; 0 takes a free one, the same as last time if possible.
   *
   * @param http ClickHouse's HTTP interface, which all of Millrace uses
   * @param tcp its native protocol, which {@code clickhouse-client} and other servers speak
   */
  public record Listen(int http, int tcp) {
    public Listen {
      for (int port : List.of(http, tcp)) {
        if (port < 0 || port > 65535) {
          throw new EmbeddedException("port must lie between 0 and 65535: port=" + port);
        }
      }
    }
  }

  public ClickHouseSettings {
    server = Map.copyOf(server);
    users = Map.copyOf(users);
  }

  public static ClickHouseSettings standard() {
    return new ClickHouseSettings(
        Map.of(),
        Map.of(),
        defaultCache(),
        new Listen(0, 0),
        new Times(Duration.ofSeconds(3), MAX_START, Duration.ofSeconds(60)),
        message -> {});
  }

  private static Path defaultCache() {
    String named = Optional.ofNullable(System.getenv("XDG_CACHE_HOME")).orElse("");
    Path caches =
        named.isEmpty() ? Path.of(System.getProperty("user.home", "."), ".cache") : Path.of(named);
    return caches.resolve("millrace");
  }

  public ClickHouseSettings with(String name, String value) {
    Map<String, String> joined = new LinkedHashMap<>(server);
    joined.put(name, value);
    return new ClickHouseSettings(joined, users, cache, listen, times, progress);
  }

  /** Adds a user with these rights only, to try a program with few rights. */
  public ClickHouseSettings withUser(String name, String password, String grants) {
    Map<String, Account> joined = new LinkedHashMap<>(users);
    joined.put(name, new Account(password, grants));
    return new ClickHouseSettings(server, joined, cache, listen, times, progress);
  }

  public ClickHouseSettings withCache(Path directory) {
    return new ClickHouseSettings(server, users, directory, listen, times, progress);
  }

  public ClickHouseSettings withPort(int number) {
    return with(new Listen(number, listen.tcp()));
  }

  /** Sets the port of the native protocol. */
  public ClickHouseSettings withTcpPort(int number) {
    return with(new Listen(listen.http(), number));
  }

  private ClickHouseSettings with(Listen ports) {
    return new ClickHouseSettings(server, users, cache, ports, times, progress);
  }

  public ClickHouseSettings withIdleTimeout(Duration duration) {
    return with(new Times(duration, times.startTimeout(), times.answer()));
  }

  public ClickHouseSettings withStartTimeout(Duration duration) {
    return with(new Times(times.idleTimeout(), duration, times.answer()));
  }

  /** Sets the time that a server that stands still may be silent before it is replaced. */
  public ClickHouseSettings withAnswerWithin(Duration duration) {
    return with(new Times(times.idleTimeout(), times.startTimeout(), duration));
  }

  private ClickHouseSettings with(Times limits) {
    return new ClickHouseSettings(server, users, cache, listen, limits, progress);
  }

  public ClickHouseSettings withProgress(Consumer<String> listener) {
    return new ClickHouseSettings(server, users, cache, listen, times, listener);
  }
}
