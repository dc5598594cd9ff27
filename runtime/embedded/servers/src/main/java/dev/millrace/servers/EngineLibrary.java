package dev.millrace.servers;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * {@code libchdb}, ClickHouse as a library: taken from {@code MILLRACE_CHDB}, otherwise downloaded
 * by npm, once for all data directories of a user. A directory of it is whole or absent.
 *
 * @param cache the directory of downloaded libraries
 * @param npm the words that start npm
 * @param progress receives the progress of a download
 */
record EngineLibrary(Path cache, List<String> npm, Consumer<String> progress) {
  static final String VARIABLE = "MILLRACE_CHDB";

  /** The ClickHouse version with which all behaviour that Millrace relies on was tried. */
  static final String VERSION = "26.7.3-stable.1";

  /**
   * Hashes of the packages that were tried. npm compares them, so the registry cannot change a
   * package.
   */
  private static final Map<String, String> INTEGRITY =
      Map.of(
          "linux-x64-gnu",
          "sha512-XP97mMqnc5tZpKQywR8N7cLTsHNiTmHr30pC5mzo3jWmukjKn2IBa60c2B/gWUNcuFjOMjWoorQICCqBVj5wpw==");

  private static final String NAME = "libchdb.so";
  private static final String MARKER = "unpacked";
  private static final String DRAFT = "chdb-draft-";

  /** Unpacked; the platforms differ by a tenth. */
  private static final int MEGABYTES = 560;

  private static final int NEWS_SECONDS = 2;

  // Within one JVM claims on a file break each other.
  private static final ReentrantLock ONE_AT_A_TIME = new ReentrantLock();

  static Path find(ClickHouseSettings settings) throws IOException {
    String named = Optional.ofNullable(System.getenv(VARIABLE)).orElse("");
    return named.isEmpty()
        ? new EngineLibrary(settings.cache(), List.of("npm"), settings.progress())
            .fetched(platform(System.getProperty("os.name"), System.getProperty("os.arch")))
        : named(Path.of(named));
  }

  /**
   * Returns the reason why there is no library and none can be downloaded; empty otherwise, as far
   * as can be seen.
   */
  static Optional<String> missing() {
    return System.getenv(VARIABLE) != null || ChildCommand.isOnPath("npm")
        ? Optional.empty()
        : Optional.of("neither npm nor " + VARIABLE + " is there");
  }

  /** Returns the part of the package's name that names its platform. */
  static String platform(String os, String arch) {
    String system = os.toLowerCase(Locale.ROOT);
    String processor =
        switch (arch) {
          case "amd64", "x86_64" -> "x64";
          case "aarch64", "arm64" -> "arm64";
          default -> arch;
        };
    String platform =
        system.startsWith("mac")
            ? "darwin-" + processor
            : system.replace(' ', '_') + "-" + processor + "-gnu";
    if (!List.of("linux-x64-gnu", "linux-arm64-gnu", "darwin-x64", "darwin-arm64")
        .contains(platform)) {
      throw new EmbeddedException(
          "embedded ClickHouse runs on Linux and macOS, on x86 and Arm; configure a ClickHouse of your"
              + " own, or set "
              + VARIABLE
              + " to a "
              + NAME
              + " for this platform: platform="
              + platform);
    }
    return platform;
  }

  static Path named(Path path) throws IOException {
    if (Files.isRegularFile(path)) {
      return path.toAbsolutePath();
    }
    if (Files.isDirectory(path)) {
      try (Stream<Path> files = Files.walk(path, 5)) {
        Optional<Path> found = files.filter(file -> file.endsWith(NAME)).sorted().findFirst();
        if (found.isPresent()) {
          return found.get().toAbsolutePath();
        }
      }
    }
    throw new EmbeddedException(
        VARIABLE + " must name " + NAME + " or a directory that holds it: path=" + path);
  }

  Path fetched(String platform) throws IOException {
    Files.createDirectories(cache);
    Path home = cache.resolve("chdb-" + VERSION);
    StartupDeadline others =
        new StartupDeadline(
            "another process that fetches ClickHouse's library",
            ClickHouseSettings.MAX_START,
            progress);
    ONE_AT_A_TIME.lock();
    try (FileClaim _ = FileClaim.awaitExclusive(cache.resolve("chdb.lock"), others)) {
      if (!isWhole(home)) {
        // The processes that made these drafts are gone: the lock is ours.
        deleteDrafts();
        fetch(platform, home);
      }
      return home.resolve(NAME);
    } finally {
      ONE_AT_A_TIME.unlock();
    }
  }

  /**
   * The marker is written last and remembers a size: a power cut may leave names without contents.
   */
  private static boolean isWhole(Path home) throws IOException {
    Path marker = home.resolve(MARKER);
    Path library = home.resolve(NAME);
    return Files.exists(marker)
        && Files.exists(library)
        && Files.readString(marker, UTF_8).strip().equals(Long.toString(Files.size(library)));
  }

  private void fetch(String platform, Path home) throws IOException {
    String name = "@chdb/lib-" + platform;
    if (!ChildCommand.isOnPath(npm.getFirst())) {
      throw new EmbeddedException(
          "npm must be there to fetch ClickHouse's library; install Node.js and start again, or download"
              + " the npm package by other means, unpack it and set "
              + VARIABLE
              + "=/path/to/"
              + NAME
              + ", or configure a ClickHouse of your own: package="
              + name
              + " version="
              + VERSION);
    }
    Path draft = Files.createTempDirectory(cache, DRAFT);
    progress.accept("fetching ClickHouse's library, once: package=" + name + " into=" + home);
    Path log = draft.resolve("npm.log");
    int code = install(draft, platform, log);
    Path unpacked = draft.resolve("node_modules").resolve(name);
    if (code != 0 || Files.notExists(unpacked.resolve(NAME))) {
      String said = new ChildCommand.Result(code, Files.readString(log, UTF_8)).tail();
      PostgresBinaries.delete(draft);
      throw new EmbeddedException(
          "npm cannot fetch ClickHouse's library; see to what it says and start again, or set "
              + VARIABLE
              + " to one: package="
              + name
              + " version="
              + VERSION
              + " code="
              + code
              + " said="
              + said);
    }
    String size = Long.toString(Files.size(unpacked.resolve(NAME)));
    Files.writeString(unpacked.resolve(MARKER), size + "\n", UTF_8);
    if (Files.exists(home)) {
      PostgresBinaries.delete(home);
    }
    Files.move(unpacked, home, StandardCopyOption.ATOMIC_MOVE);
    PostgresBinaries.delete(draft);
  }

  /** Installs from a lock file, which names the hash as well as the version. */
  private int install(Path draft, String platform, Path log) throws IOException {
    String name = "@chdb/lib-" + platform;
    Files.writeString(
        draft.resolve("package.json"),
        """
        {"name": "millrace-engine", "version": "1.0.0", "dependencies": {"%s": "%s"}}
        """
            .formatted(name, VERSION),
        UTF_8);
    String integrity =
        Optional.ofNullable(INTEGRITY.get(platform))
            .map(", \"integrity\": \"%s\""::formatted)
            .orElse("");
    Files.writeString(
        draft.resolve("package-lock.json"),
        """
        {"name": "millrace-engine", "version": "1.0.0", "lockfileVersion": 3, "packages": {
          "": {"name": "millrace-engine", "version": "1.0.0", "dependencies": {"%1$s": "%2$s"}},
          "node_modules/%1$s": {"version": "%2$s"%3$s}
        }}
        """
            .formatted(name, VERSION, integrity),
        UTF_8);
    List<String> words = new ArrayList<>(npm);
    words.addAll(List.of("ci", "--prefix", draft.toString(), "--ignore-scripts"));
    words.addAll(List.of("--no-audit", "--no-fund", "--no-progress"));
    Process process =
        new ProcessBuilder(words)
            .directory(draft.toFile())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    process.getOutputStream().close();
    try {
      while (!process.waitFor(NEWS_SECONDS, TimeUnit.SECONDS)) {
        progress.accept(
            "fetching ClickHouse's library: "
                + (size(draft) >> 20)
                + " of about "
                + MEGABYTES
                + " MB");
      }
      return process.exitValue();
    } catch (InterruptedException e) {
      process.destroy();
      Thread.currentThread().interrupt();
      throw new EmbeddedException("interrupted while fetching ClickHouse's library", e);
    }
  }

  private static long size(Path directory) {
    try (Stream<Path> files = Files.walk(directory)) {
      return files.mapToLong(file -> file.toFile().length()).sum();
    } catch (IOException | UncheckedIOException e) {
      // Files come and go while npm works.
      return 0;
    }
  }

  private void deleteDrafts() throws IOException {
    try (DirectoryStream<Path> drafts = Files.newDirectoryStream(cache, DRAFT + "*")) {
      drafts.forEach(PostgresBinaries::delete);
    }
  }
}
