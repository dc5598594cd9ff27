package dev.millrace.embedded;

import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;

/**
 * What a caller may choose about a server that it starts. A server that already runs keeps the
 * settings it was started with.
 *
 * @param server settings of PostgreSQL that replace or join the ones in {@link ServerConf}
 * @param cache where the binaries are unpacked, once per version and for all data directories
 * @param port where to listen; 0 takes a free port, the same as last time where possible
 * @param grace how long the server outlives its last user
 * @param patience how long a start may take; recovery after a crash replays up to max_wal_size
 * @param progress told in a few words what a start is waiting for
 */
public record PostgresSettings(
    Map<String, String> server,
    Path cache,
    int port,
    Duration grace,
    Duration patience,
    Consumer<String> progress) {

  public PostgresSettings {
    if (port < 0 || port > 65535) {
      throw new EmbeddedException("port must lie between 0 and 65535: port=" + port);
    }
    if (grace.isNegative()) {
      throw new EmbeddedException("grace must not be negative: grace=" + grace);
    }
    server = Map.copyOf(server);
  }

  public static PostgresSettings standard() {
    Path cache = Path.of(System.getProperty("user.home", "."), ".cache", "millrace");
    return new PostgresSettings(
        Map.of(), cache, 0, Duration.ofSeconds(3), Duration.ofMinutes(10), message -> {});
  }

  public PostgresSettings with(String name, String value) {
    Map<String, String> joined = new LinkedHashMap<>(server);
    joined.put(name, value);
    return new PostgresSettings(joined, cache, port, grace, patience, progress);
  }

  public PostgresSettings withCache(Path directory) {
    return new PostgresSettings(server, directory, port, grace, patience, progress);
  }

  public PostgresSettings withPort(int number) {
    return new PostgresSettings(server, cache, number, grace, patience, progress);
  }

  public PostgresSettings withGrace(Duration duration) {
    return new PostgresSettings(server, cache, port, duration, patience, progress);
  }

  public PostgresSettings withPatience(Duration duration) {
    return new PostgresSettings(server, cache, port, grace, duration, progress);
  }

  public PostgresSettings withProgress(Consumer<String> listener) {
    return new PostgresSettings(server, cache, port, grace, patience, listener);
  }
}
