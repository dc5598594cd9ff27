package dev.millrace.servers;

import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;

/**
 * The choices of a caller about a PostgreSQL that it starts. A running server keeps the settings it
 * was started with.
 *
 * @param server settings of PostgreSQL that replace or join the ones in {@link PostgresConfFile}
 * @param cache the directory of the unpacked binaries, kept once per version for all data
 *     directories
 * @param port the port to listen on; 0 takes a free port, the same as last time if possible
 * @param idleTimeout the time that the server outlives its last user
 * @param startTimeout the limit of a start; recovery after a crash replays up to max_wal_size
 * @param progress receives in a few words what a start is waiting for
 */
public record PostgresSettings(
    Map<String, String> server,
    Path cache,
    int port,
    Duration idleTimeout,
    Duration startTimeout,
    Consumer<String> progress) {

  public PostgresSettings {
    if (port < 0 || port > 65535) {
      throw new EmbeddedException("port must lie between 0 and 65535: port=" + port);
    }
    if (idleTimeout.isNegative()) {
      throw new EmbeddedException("grace must not be negative: grace=" + idleTimeout);
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
    return new PostgresSettings(joined, cache, port, idleTimeout, startTimeout, progress);
  }

  public PostgresSettings withCache(Path directory) {
    return new PostgresSettings(server, directory, port, idleTimeout, startTimeout, progress);
  }

  public PostgresSettings withPort(int number) {
    return new PostgresSettings(server, cache, number, idleTimeout, startTimeout, progress);
  }

  public PostgresSettings withIdleTimeout(Duration duration) {
    return new PostgresSettings(server, cache, port, duration, startTimeout, progress);
  }

  public PostgresSettings withStartTimeout(Duration duration) {
    return new PostgresSettings(server, cache, port, idleTimeout, duration, progress);
  }

  public PostgresSettings withProgress(Consumer<String> listener) {
    return new PostgresSettings(server, cache, port, idleTimeout, startTimeout, listener);
  }
}
