package dev.millrace.embedded;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/** {@code libchdb}: ClickHouse as a library. */
final class EngineLibrary {
  static final String VARIABLE = "MILLRACE_CHDB";
  static final String VERSION = "26.5.3";
  private static final String NAME = "libchdb.so";

  private EngineLibrary() {}

  static Path usualCache() {
    String base = Optional.ofNullable(System.getenv("XDG_CACHE_HOME")).orElse("");
    Path cache =
        base.isEmpty() ? Path.of(System.getProperty("user.home", "."), ".cache") : Path.of(base);
    return cache.resolve("millrace");
  }

  static Path find(ClickHouseSettings settings) throws IOException {
    String named = Optional.ofNullable(System.getenv(VARIABLE)).orElse("");
    if (!named.isEmpty()) {
      return named(Path.of(named));
    }
    throw new EmbeddedException(VARIABLE + " must name the library: cache=" + settings.cache());
  }

  private static Path named(Path path) throws IOException {
    if (Files.isRegularFile(path)) {
      return path.toAbsolutePath();
    }
    if (Files.isDirectory(path)) {
      try (Stream<Path> files = Files.walk(path, 5)) {
        Optional<Path> found =
            files.filter(file -> file.getFileName().toString().equals(NAME)).findFirst();
        if (found.isPresent()) {
          return found.get().toAbsolutePath();
        }
      }
    }
    throw new EmbeddedException(
        VARIABLE + " must name " + NAME + " or a directory that holds it: path=" + path);
  }
}
