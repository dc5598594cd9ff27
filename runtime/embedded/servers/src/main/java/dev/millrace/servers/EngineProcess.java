package dev.millrace.servers;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One run of ClickHouse's engine: a JVM that shuts down cleanly when its input ends, so also when
 * its supervisor is killed.
 */
final class EngineProcess implements ServerProcess {
  /** The engine has five seconds to shut down, and then ends itself. */
  private static final Duration ORDERLY = Duration.ofSeconds(20);

  private static final Duration IMMEDIATE = Duration.ofSeconds(5);

  /** Keys of the options that {@link EngineConfigFiles} writes for every run. */
  static final String LIMIT = "answer.within";

  static final String FIXED_TCP = "tcp.port";

  private final ServerDirectory directory;
  private final Process process;
  private final ServerRunLog log;
  private final int port;
  private final Duration limit;
  private @Nullable HealthProbe probe;

  private EngineProcess(
      ServerDirectory directory, Process process, ServerRunLog log, int port, Duration limit) {
    this.directory = directory;
    this.process = process;
    this.log = log;
    this.port = port;
    this.limit = limit;
  }

  static ServerProcess launch(ServerDirectory directory, List<String> command, int port)
      throws IOException {
    Files.deleteIfExists(readyFile(directory));
    Properties options = read(directory.root().resolve("engine.properties"));
    ServerRunLog log = ServerRunLog.at(directory.rotatedLog());
    List<String> words = new ArrayList<>(command);
    words.addAll(List.of(Integer.toString(port), Integer.toString(tcp(directory, options, port))));
    ProcessBuilder builder = ChildCommand.server(directory, log, words);
    prepare(builder.environment());
    Duration limit = Duration.parse(options.getProperty(LIMIT));
    return new EngineProcess(directory, builder.start(), log, port, limit);
  }

  /** Chooses the port that was asked for, or that of the last run, or another. */
  private static int tcp(ServerDirectory directory, Properties options, int http)
      throws IOException {
    int fixed = Integer.parseInt(options.getProperty(FIXED_TCP));
    int chosen = fixed;
    while (chosen == 0 || chosen == http) {
      chosen = FreePortChooser.choose(chosen == http ? 0 : tcpPort(directory));
    }
    ServerDirectory.writeSecret(tcpFile(directory), chosen + "\n");
    return chosen;
  }

  /**
   * Returns the port of the native protocol, as the last start has chosen it; 0 before the first.
   */
  static int tcpPort(ServerDirectory directory) {
    try {
      Path file = tcpFile(directory);
      return Files.exists(file) ? Integer.parseInt(Files.readString(file, UTF_8).strip()) : 0;
    } catch (IOException e) {
      throw new EmbeddedException("port cannot be read: file=" + tcpFile(directory), e);
    } catch (NumberFormatException e) {
      // Cut short by a full disk: as good as none.
      return 0;
    }
  }

  private static Path tcpFile(ServerDirectory directory) {
    return directory.root().resolve("tcp.port");
  }

  private static Properties read(Path file) throws IOException {
    Properties properties = new Properties();
    try (Reader reader = Files.newBufferedReader(file, UTF_8)) {
      properties.load(reader);
    }
    return properties;
  }

  /** The JVM and the library both handle signals: libjsig lets them share. */
  private static void prepare(Map<String, String> environment) {
    environment.put("TZ", "UTC");
    Path libraries = Path.of(System.getProperty("java.home"), "lib");
    boolean mac = System.getProperty("os.name").startsWith("Mac");
    Path chaining = libraries.resolve(mac ? "libjsig.dylib" : "libjsig.so");
    if (Files.exists(chaining)) {
      environment.put(mac ? "DYLD_INSERT_LIBRARIES" : "LD_PRELOAD", chaining.toString());
    }
  }

  @Override
  public boolean isAlive(Duration patience) {
    try {
      return !process.waitFor(patience.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      throw new IllegalStateException("nobody interrupts the supervisor", e);
    }
  }

  @Override
  public boolean isReady() {
    return Files.exists(readyFile(directory));
  }

  @Override
  public long pid() {
    return process.pid();
  }

  /** Starts the probe at the first call, once the engine is ready. */
  @Override
  public Optional<String> hangs() {
    HealthProbe asking = probe;
    if (asking == null) {
      try {
        asking = HealthProbe.start(port, directory.readPassword(), limit, this::cpu);
      } catch (IOException e) {
        // The directory is gone, and the engine will be.
        return Optional.empty();
      }
      probe = asking;
    }
    return asking.hangs();
  }

  private Duration cpu() {
    return process.info().totalCpuDuration().orElse(Duration.ZERO);
  }

  @Override
  public void kill() {
    process.destroyForcibly();
    isAlive(IMMEDIATE);
  }

  @Override
  public void stop() {
    if (probe != null) {
      probe.close();
    }
    try {
      process.getOutputStream().close();
    } catch (IOException e) {
      // The engine is gone, and its end of the pipe with it.
    }
    if (isAlive(ORDERLY)) {
      kill();
    }
  }

  /** Exit code 137 without output means that it was killed. */
  @Override
  public String lastWords() {
    try {
      return String.join(" | ", log.lastLines()) + " code=" + process.exitValue();
    } catch (IOException e) {
      return "log cannot be read: cause=" + e;
    }
  }

  /**
   * Waits for an engine whose supervisor was killed: it notices and stops, but may not have
   * finished.
   */
  static void removeLeftover(ServerDirectory directory) {
    Path file = readyFile(directory);
    try {
      if (Files.exists(file)) {
        long pid = Long.parseLong(Files.readAllLines(file, UTF_8).getFirst());
        ProcessHandle.of(pid)
            .filter(process -> serves(process, directory))
            .ifPresent(EngineProcess::awaitEnd);
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Pids repeat: this one may belong to another program today. */
  private static boolean serves(ProcessHandle process, ServerDirectory directory) {
    Optional<String> line = process.info().commandLine();
    return line.isPresent() && line.get().contains(directory.root().toString());
  }

  private static void awaitEnd(ProcessHandle process) {
    if (!ChildCommand.hasEnded(process, ORDERLY)) {
      process.destroyForcibly();
      ChildCommand.hasEnded(process, IMMEDIATE);
    }
  }

  private static Path readyFile(ServerDirectory directory) {
    return directory.root().resolve("engine.ready");
  }
}
