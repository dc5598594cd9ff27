package dev.millrace.embedded;

import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * What a caller may choose about a ClickHouse that it starts. A server that already runs keeps the
 * settings it was started with.
 *
 * @param server settings of the server that replace or join the ones in {@link EngineConf}
 * @param users besides the one who may do everything: what each may do, by name
 * @param cache where the library is kept, once per version and for all data directories
 * @param listen its ports
 * @param times limits of time
 * @param progress told in a few words what a start is waiting for
 */
public record ClickHouseSettings(
    Map<String, String> server,
    Map<String, Account> users,
    Path cache,
    Listen listen,
    Times times,
    Consumer<String> progress) {

  /** The library is 178 MB to fetch, and lines are slow in places. */
  static final Duration LONGEST_START = Duration.ofMinutes(30);

  /**
   * A user of one server.
   *
   * @param grants separated by semicolons, as in {@code GRANT SELECT, INSERT ON shop.*}
   */
  public record Account(String password, String grants) {}

  /**
   * Limits of time.
   *
   * @param grace how long the server outlives its last user
   * @param patience how long a start may take
   * @param answer how long a server that stands still may leave a query without an answer before it
   *     is replaced; one that computes has five times as long
   */
  public record Times(Duration grace, Duration patience, Duration answer) {
    public Times {
      if (grace.isNegative()) {
        throw new EmbeddedException("grace must not be negative: grace=" + grace);
      }
      if (!answer.isPositive()) {
        throw new EmbeddedException("limit of an answer must be positive: answer=" + answer);
      }
    }
  }

  /**
   * Ports to listen on; 0 takes a free one, the same as last time where possible.
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
        usualCache(),
        new Listen(0, 0),
        new Times(Duration.ofSeconds(3), LONGEST_START, Duration.ofSeconds(60)),
        message -> {});
  }

  private static Path usualCache() {
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

  /** Adds a user with rights of its own, for those who try what a program does with few of them. */
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

  /** The port of the native protocol. */
  public ClickHouseSettings withTcpPort(int number) {
    return with(new Listen(listen.http(), number));
  }

  private ClickHouseSettings with(Listen ports) {
    return new ClickHouseSettings(server, users, cache, ports, times, progress);
  }

  public ClickHouseSettings withGrace(Duration duration) {
    return with(new Times(duration, times.patience(), times.answer()));
  }

  public ClickHouseSettings withPatience(Duration duration) {
    return with(new Times(times.grace(), duration, times.answer()));
  }

  /** How long a server that stands still may be silent before it is replaced. */
  public ClickHouseSettings withAnswerWithin(Duration duration) {
    return with(new Times(times.grace(), times.patience(), duration));
  }

  private ClickHouseSettings with(Times limits) {
    return new ClickHouseSettings(server, users, cache, listen, limits, progress);
  }

  public ClickHouseSettings withProgress(Consumer<String> listener) {
    return new ClickHouseSettings(server, users, cache, listen, times, listener);
  }
}
