package dev.millrace.embedded;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * One run of ClickHouse's engine: a JVM that ends in order when its input ends, so also when its
 * supervisor is killed.
 */
final class EngineProcess implements ServerProcess {
  /** It finishes the inserts under way and unlocks its directory. */
  private static final Duration ORDERLY = Duration.ofSeconds(30);

  private static final Duration IMMEDIATE = Duration.ofSeconds(5);

  private final Path ready;
  private final Process process;
  private final RunLog log;

  private EngineProcess(Path ready, Process process, RunLog log) {
    this.ready = ready;
    this.process = process;
    this.log = log;
  }

  static ServerProcess launch(ServerDirectory directory, List<String> command, int port)
      throws IOException {
    Path ready = readyFile(directory);
    Files.deleteIfExists(ready);
    RunLog log = RunLog.at(directory.rotatedLog());
    List<String> words = new ArrayList<>(command);
    words.addAll(List.of(Integer.toString(port), ready.toString()));
    ProcessBuilder builder =
        new ProcessBuilder(words)
            .directory(directory.root().toFile())
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.file().toFile()));
    Command.clean(builder.environment());
    prepare(builder.environment());
    return new EngineProcess(ready, builder.start(), log);
  }

  /** The JVM and the library both want to hear of signals: libjsig lets them share. */
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
    return Files.exists(ready);
  }

  @Override
  public long pid() {
    return process.pid();
  }

  @Override
  public void stop() {
    try {
      process.getOutputStream().close();
    } catch (IOException e) {
      // It is gone, and its end of the pipe with it.
    }
    if (isAlive(ORDERLY)) {
      process.destroyForcibly();
      isAlive(IMMEDIATE);
    }
  }

  /** 137 and silence mean that it was killed. */
  @Override
  public String lastWords() {
    try {
      return String.join(" | ", log.lastLines()) + " code=" + process.exitValue();
    } catch (IOException e) {
      return "log cannot be read: cause=" + e;
    }
  }

  /** Its supervisor was killed: it knows and stops, but may not have finished. */
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

  /** Numbers repeat: the same one may be another program today. */
  private static boolean serves(ProcessHandle process, ServerDirectory directory) {
    Optional<String> line = process.info().commandLine();
    return line.isPresent() && line.get().contains(directory.root().toString());
  }

  private static void awaitEnd(ProcessHandle process) {
    if (!hasEnded(process, ORDERLY)) {
      process.destroyForcibly();
      hasEnded(process, IMMEDIATE);
    }
  }

  private static boolean hasEnded(ProcessHandle process, Duration patience) {
    try {
      process.onExit().get(patience.toMillis(), TimeUnit.MILLISECONDS);
      return true;
    } catch (TimeoutException e) {
      return false;
    } catch (InterruptedException | ExecutionException e) {
      throw new IllegalStateException("nobody interrupts the supervisor", e);
    }
  }

  private static Path readyFile(ServerDirectory directory) {
    return directory.root().resolve("engine.ready");
  }
}
