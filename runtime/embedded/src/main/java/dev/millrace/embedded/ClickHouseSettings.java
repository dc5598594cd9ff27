package dev.millrace.embedded;

import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
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
 * @param port where to listen; 0 takes a free port, the same as last time where possible
 * @param times how long the server outlives its last user, and how long a start may take
 * @param progress told in a few words what a start is waiting for
 */
public record ClickHouseSettings(
    Map<String, String> server,
    Map<String, Account> users,
    Path cache,
    int port,
    Times times,
    Consumer<String> progress) {

  /** The library is 166 MB to fetch, and lines are slow in places. */
  static final Duration LONGEST_START = Duration.ofMinutes(30);

  /**
   * A user of one server.
   *
   * @param grants separated by semicolons, as in {@code GRANT SELECT, INSERT ON shop.*}
   */
  public record Account(String password, String grants) {}

  /** How long to wait for whom. */
  public record Times(Duration grace, Duration patience) {
    public Times {
      if (grace.isNegative()) {
        throw new EmbeddedException("grace must not be negative: grace=" + grace);
      }
    }
  }

  public ClickHouseSettings {
    if (port < 0 || port > 65535) {
      throw new EmbeddedException("port must lie between 0 and 65535: port=" + port);
    }
    server = Map.copyOf(server);
    users = Map.copyOf(users);
  }

  public static ClickHouseSettings standard() {
    return new ClickHouseSettings(
        Map.of(),
        Map.of(),
        usualCache(),
        0,
        new Times(Duration.ofSeconds(3), LONGEST_START),
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
    return new ClickHouseSettings(joined, users, cache, port, times, progress);
  }

  /** Adds a user with rights of its own, for those who try what a program does with few of them. */
  public ClickHouseSettings withUser(String name, String password, String grants) {
    Map<String, Account> joined = new LinkedHashMap<>(users);
    joined.put(name, new Account(password, grants));
    return new ClickHouseSettings(server, joined, cache, port, times, progress);
  }

  public ClickHouseSettings withCache(Path directory) {
    return new ClickHouseSettings(server, users, directory, port, times, progress);
  }

  public ClickHouseSettings withPort(int number) {
    return new ClickHouseSettings(server, users, cache, number, times, progress);
  }

  public ClickHouseSettings withGrace(Duration duration) {
    return new ClickHouseSettings(
        server, users, cache, port, new Times(duration, times.patience()), progress);
  }

  public ClickHouseSettings withPatience(Duration duration) {
    return new ClickHouseSettings(
        server, users, cache, port, new Times(times.grace(), duration), progress);
  }

  public ClickHouseSettings withProgress(Consumer<String> listener) {
    return new ClickHouseSettings(server, users, cache, port, times, listener);
  }
}
