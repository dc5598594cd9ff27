package dev.millrace.servers;

import java.io.IOException;
import java.net.JarURLConnection;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** The library, its configuration and the classes of the process that loads it. */
record ClickHouseInstaller(ClickHouseSettings settings) implements ServerInstaller {
  private static final String MAIN = "dev.millrace.chdb.ChdbServer";
  private static final String PACKAGE = "dev/millrace/chdb";

  @Override
  public Prepared prepare(ServerDirectory directory, ServerState last) throws IOException {
    Path library = EngineLibrary.find(settings);
    EngineProcess.removeLeftover(directory);
    EngineConfigFiles conf = new EngineConfigFiles(directory, settings);
    conf.write(
        Files.exists(directory.password()) ? directory.readPassword() : directory.writePassword());
    List<String> command =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xms16m",
            "-Xmx32m",
            // The engine checks the size of the stack that it is called on.
            "-Xss8m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-XX:-UsePerfData",
            // A crash of the engine leaves one report here and no core file anywhere.
            "-XX:-CreateCoredumpOnCrash",
            "-XX:ErrorFile=" + directory.root().resolve("engine.crash.log"),
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            copyClasses(directory.root().resolve("engine")).toString(),
            MAIN,
            library.toString(),
            conf.data().toString(),
            conf.config().toString(),
            directory.root().toString());
    return new Prepared("own", command, EngineLibrary.VERSION);
  }

  /** Copies the classes: the jar they came from may be replaced while the server runs. */
  private static Path copyClasses(Path target) throws IOException {
    String main = MAIN.replace('.', '/') + ".class";
    URL found = ClickHouseInstaller.class.getResource("/" + main);
    if (found == null) {
      throw new EmbeddedException("class file must be on the class path: file=" + main);
    }
    try {
      if (found.openConnection() instanceof JarURLConnection jar) {
        Path file = Path.of(jar.getJarFileURL().toURI());
        try (FileSystem inside = FileSystems.newFileSystem(file)) {
          copy(inside.getPath("/" + PACKAGE), target.resolve(PACKAGE));
        }
      } else {
        Path file = Path.of(URI.create(found.toString()));
        copy(file.resolveSibling("."), target.resolve(PACKAGE));
      }
      return target;
    } catch (URISyntaxException e) {
      throw new EmbeddedException("class path must be made of files: found=" + found, e);
    }
  }

  private static void copy(Path from, Path to) throws IOException {
    Files.createDirectories(to);
    try (Stream<Path> files = Files.list(from)) {
      for (Path file : files.filter(name -> name.toString().endsWith(".class")).toList()) {
        Files.copy(
            file, to.resolve(file.getFileName().toString()), StandardCopyOption.REPLACE_EXISTING);
      }
    }
  }

  @Override
  public int port() {
    return settings.listen().http();
  }

  @Override
  public Duration idleTimeout() {
    return settings.times().idleTimeout();
  }

  @Override
  public Duration startTimeout() {
    return settings.times().startTimeout();
  }

  @Override
  public Consumer<String> progress() {
    return settings.progress();
  }
}
