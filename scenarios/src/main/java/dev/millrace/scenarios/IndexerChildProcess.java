package dev.millrace.scenarios;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** A process that runs an indexer with {@code millrace run}, to be killed at a chosen moment. */
final class IndexerChildProcess implements AutoCloseable {
  private static final int KEPT_LINES = 40;
  private static final String TAKEN_OVER = "taken over";

  private final Process process;
  private final Thread reader;
  private final Thread hook;
  private final CountDownLatch working = new CountDownLatch(1);
  private final Deque<String> lastOutput = new ArrayDeque<>(); // guarded by said

  private IndexerChildProcess(Process process) {
    this.process = process;
    this.hook = new Thread(process::destroyForcibly, "millrace-child-end");
    Runtime.getRuntime().addShutdownHook(hook);
    this.reader = Thread.ofVirtual().name("millrace-child-output").start(this::listen);
  }

  /** Starts {@code millrace run} on a config. */
  static IndexerChildProcess run(String indexer, Path config, Map<String, String> environment) {
    return start(
        List.of("dev.millrace.app.Main", "run", indexer, "--config", config.toString()),
        environment);
  }

  /** Starts a class with its arguments, in a JVM that starts quickly. */
  static IndexerChildProcess start(List<String> main, Map<String, String> environment) {
    List<String> command = new ArrayList<>();
    command.addAll(
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx256m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-cp",
            System.getProperty("java.class.path")));
    command.addAll(main);
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().putAll(environment);
    try {
      return new IndexerChildProcess(builder.start());
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  private void listen() {
    try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        synchronized (lastOutput) {
          if (lastOutput.size() == KEPT_LINES) {
            lastOutput.removeFirst();
          }
          lastOutput.addLast(line);
        }
        if (line.contains(TAKEN_OVER)) {
          working.countDown();
        }
      }
    } catch (IOException _) {
      // A killed process takes its pipe along.
    } finally {
      working.countDown();
      forget();
    }
  }

  /** Removes the hook: the process has ended, so this JVM need not end it. */
  private void forget() {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException _) {
      // This JVM is shutting down already.
    }
  }

  /** Waits until the process holds its lane, or has ended. */
  void awaitWork(Duration patience) throws InterruptedException {
    if (!working.await(patience.toMillis(), TimeUnit.MILLISECONDS)) {
      throw new IllegalStateException(
          "child does not begin to work: pid=%d seconds=%d output=%n%s"
              .formatted(process.pid(), patience.toSeconds(), output()));
    }
  }

  boolean hasEndedAfter(Duration time) throws InterruptedException {
    return process.waitFor(time.toNanos(), TimeUnit.NANOSECONDS);
  }

  /** Sends SIGKILL: no code of the process runs afterwards. */
  void kill() throws InterruptedException {
    process.destroyForcibly().waitFor();
  }

  /** Sends SIGSTOP: the process keeps what it holds and does nothing. */
  void freeze() throws InterruptedException {
    signal("STOP");
  }

  /** Sends SIGCONT: the process goes on where it was, as if no time had passed. */
  void thaw() throws InterruptedException {
    signal("CONT");
  }

  private void signal(String name) throws InterruptedException {
    try {
      new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start().waitFor();
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  int exitCode() {
    return process.exitValue();
  }

  boolean isAlive() {
    return process.isAlive();
  }

  /** Returns the last lines that the process printed. */
  String output() throws InterruptedException {
    if (!process.isAlive()) {
      reader.join(Duration.ofSeconds(5));
    }
    synchronized (lastOutput) {
      return String.join("\n", lastOutput);
    }
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
