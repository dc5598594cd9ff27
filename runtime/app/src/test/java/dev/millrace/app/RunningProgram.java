package dev.millrace.app;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** A program of these tests in a process of its own, and the files with its output. */
record RunningProgram(Process process, Path out, Path err) {
  private static final Duration PATIENCE = Duration.ofSeconds(90);

  /** Starts the main class over the class path of the tests. */
  static RunningProgram start(Class<?> main, Path home, List<String> flags, List<String> arguments)
      throws IOException {
    List<String> line = new ArrayList<>();
    // A test run in the background ignores SIGINT, and its children inherit that.
    if (hasDefaultSignal()) {
      line.addAll(List.of("env", "--default-signal=INT"));
    }
    line.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    line.addAll(
        List.of(
            "-Xmx256m",
            "-XX:+UseCompactObjectHeaders",
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow"));
    line.addAll(flags);
    line.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
    line.addAll(arguments);
    Path out = Files.createTempFile(home, "program", ".out");
    Path err = Files.createTempFile(home, "program", ".err");
    Process process =
        new ProcessBuilder(line).redirectOutput(out.toFile()).redirectError(err.toFile()).start();
    return new RunningProgram(process, out, err);
  }

  private static boolean hasDefaultSignal() {
    try {
      return new ProcessBuilder("env", "--default-signal=INT", "true").start().waitFor() == 0;
    } catch (IOException _) {
      return false;
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /** Returns the results. */
  String results() {
    return read(out);
  }

  /** Returns results, then notes and errors. */
  String output() {
    return read(out) + read(err);
  }

  private static String read(Path file) {
    try {
      return Files.readString(file, UTF_8);
    } catch (IOException failed) {
      throw new AssertionError("output cannot be read: file=" + file, failed);
    }
  }

  int code() throws InterruptedException {
    assertThat(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).as(output()).isTrue();
    assertThat(output()).as("no trace for what a user did").doesNotContain("\tat ", "WARNING:");
    return process.exitValue();
  }

  void interrupt() throws IOException, InterruptedException {
    new ProcessBuilder("kill", "-INT", Long.toString(process.pid())).start().waitFor();
  }

  void awaitOutput(String text) {
    await(text, () -> output().contains(text));
  }

  private void await(String what, BooleanSupplier condition) {
    long until = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() - until > 0 || !process.isAlive()) {
        throw new AssertionError("waited in vain: for=" + what + " output=" + output());
      }
      LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
    }
  }
}
