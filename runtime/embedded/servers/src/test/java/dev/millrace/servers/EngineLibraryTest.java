package dev.millrace.servers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** With a stand-in for npm: a script that does what npm would, or fails. */
@Timeout(60)
final class EngineLibraryTest {
  private static final String PLATFORM = "linux-x64-gnu";

  @TempDir Path root;

  @Test
  void platform_isNamedAsThePackageIs() {
    assertThat(
            List.of(
                EngineLibrary.platform("Linux", "amd64"),
                EngineLibrary.platform("Linux", "aarch64"),
                EngineLibrary.platform("Mac OS X", "x86_64"),
                EngineLibrary.platform("Mac OS X", "aarch64")))
        .containsExactly("linux-x64-gnu", "linux-arm64-gnu", "darwin-x64", "darwin-arm64");
    assertThatThrownBy(() -> EngineLibrary.platform("Windows 11", "amd64"))
        .isInstanceOf(EmbeddedException.class)
        .hasMessageContaining("MILLRACE_CHDB")
        .hasMessageEndingWith("platform=windows_11-x64-gnu");
  }

  @Test
  void library_isFetchedOnceHoweverManyAskForIt() throws Exception {
    List<String> npm =
        script(
            "mkdir -p node_modules/@chdb/lib-"
                + PLATFORM
                + " && echo engine > node_modules/@chdb/lib-"
                + PLATFORM
                + "/libchdb.so && echo . >> ../calls");
    Path cache = root.resolve("cache");
    List<String> progress = new CopyOnWriteArrayList<>();
    Callable<Path> asking = () -> new EngineLibrary(cache, npm, progress::add).fetched(PLATFORM);
    List<Path> found = new ArrayList<>();
    try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
      for (Future<Path> answer : threads.invokeAll(List.of(asking, asking, asking, asking))) {
        found.add(answer.get());
      }
    }

    Path home = cache.resolve("chdb-" + EngineLibrary.VERSION);
    assertThat(found).hasSize(4).containsOnly(home.resolve("libchdb.so"));
    assertThat(Files.readAllLines(cache.resolve("calls"))).hasSize(1);
    assertThat(progress)
        .containsExactly(
            "fetching ClickHouse's library, once: package=@chdb/lib-linux-x64-gnu into=" + home);
    assertThat(names(cache))
        .containsExactlyInAnyOrder("calls", "chdb.lock", home.getFileName().toString());
  }

  @Test
  void library_thatIsCutShortIsFetchedAgain() throws Exception {
    List<String> npm =
        script(
            "mkdir -p node_modules/@chdb/lib-"
                + PLATFORM
                + " && echo engine > node_modules/@chdb/lib-"
                + PLATFORM
                + "/libchdb.so");
    EngineLibrary library = new EngineLibrary(root.resolve("cache"), npm, message -> {});
    Path file = library.fetched(PLATFORM);
    Files.writeString(file, "eng");

    assertThat(Files.readString(library.fetched(PLATFORM))).isEqualTo("engine\n");
  }

  @Test
  void fetching_saysWhatNpmSaidAndLeavesNothingBehind() throws Exception {
    Path cache = root.resolve("cache");
    List<String> npm = script("echo 'npm error code ENOTFOUND'; exit 7");

    assertThatThrownBy(() -> new EngineLibrary(cache, npm, message -> {}).fetched(PLATFORM))
        .isInstanceOf(EmbeddedException.class)
        .hasMessageStartingWith("npm cannot fetch ClickHouse's library")
        .hasMessageEndingWith("code=7 said=npm error code ENOTFOUND");
    assertThat(names(cache)).containsExactly("chdb.lock");
  }

  @Test
  void fetching_withoutNpmSaysWhatToDo() {
    EngineLibrary library =
        new EngineLibrary(root.resolve("cache"), List.of("no-npm-here"), message -> {});

    assertThatThrownBy(() -> library.fetched(PLATFORM))
        .isInstanceOf(EmbeddedException.class)
        .hasMessage(
            "npm must be there to fetch ClickHouse's library; install Node.js and start again, or"
                + " download the npm package by other means, unpack it and set"
                + " MILLRACE_CHDB=/path/to/libchdb.so, or configure a ClickHouse of your own:"
                + " package=@chdb/lib-linux-x64-gnu version="
                + EngineLibrary.VERSION);
  }

  @Test
  void named_isAFileOrADirectoryThatHoldsOne() throws Exception {
    Path file =
        Files.createDirectories(root.resolve("node_modules/@chdb/lib")).resolve("libchdb.so");
    Files.writeString(file, "engine");

    assertThat(EngineLibrary.named(file)).isEqualTo(file);
    assertThat(EngineLibrary.named(root)).isEqualTo(file);
    assertThatThrownBy(() -> EngineLibrary.named(root.resolve("elsewhere")))
        .hasMessage(
            "MILLRACE_CHDB must name libchdb.so or a directory that holds it: path="
                + root.resolve("elsewhere"));
  }

  private List<String> script(String body) throws Exception {
    Path file = root.resolve("npm");
    Files.writeString(file, "#!/bin/sh\n" + body + "\n");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    return List.of(file.toString());
  }

  private static List<String> names(Path directory) throws Exception {
    try (var files = Files.list(directory)) {
      return files.map(file -> file.getFileName().toString()).toList();
    }
  }
}
