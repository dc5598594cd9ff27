package dev.millrace.timeouts;

import com.sun.management.HotSpotDiagnosticMXBean;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.management.ManagementFactory;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Writes files about this process and every process that it started or that runs in its directory,
 * one set per process id. Unreadable data is left out.
 */
public final class TimeoutReport {
  private static final int LOG_BYTES = 256 << 10;
  private static final long JCMD_SECONDS = 10;

  private final Path directory;

  public TimeoutReport(Path directory) {
    this.directory = directory;
  }

  /** Overwrites the report of an earlier run, and never throws. */
  public void write() {
    try {
      Files.createDirectories(directory);
      writeOwnStacks();
    } catch (IOException | RuntimeException unwritable) {
      System.err.println("report of a timeout is not complete: " + unwritable);
    }
    for (ProcessHandle process : processes()) {
      try {
        writeProcess(process);
      } catch (InterruptedException interrupted) {
        Thread.currentThread().interrupt();
        return;
      } catch (IOException | RuntimeException gone) {
        System.err.println("process is left out: pid=" + process.pid() + " reason=" + gone);
      }
    }
  }

  private void writeOwnStacks() throws IOException {
    Path file = directory.resolve("stacks-" + ProcessHandle.current().pid() + ".txt");
    Files.deleteIfExists(file);
    ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class)
        .dumpThreads(file.toString(), HotSpotDiagnosticMXBean.ThreadDumpFormat.TEXT_PLAIN);
  }

  /** Includes servers below this directory, which may be detached from their starter. */
  private static List<ProcessHandle> processes() {
    ProcessHandle self = ProcessHandle.current();
    String here = Path.of("").toAbsolutePath() + "/target/";
    return Stream.concat(
            self.descendants(),
            ProcessHandle.allProcesses().filter(process -> commandLine(process).contains(here)))
        .filter(process -> process.pid() != self.pid())
        .distinct()
        .toList();
  }

  private static String commandLine(ProcessHandle process) {
    return process.info().commandLine().orElse("");
  }

  private void writeProcess(ProcessHandle process) throws IOException, InterruptedException {
    long pid = process.pid();
    Path proc = Path.of("/proc", String.valueOf(pid));
    StringBuilder text = new StringBuilder(commandLine(process)).append('\n');
    try (DirectoryStream<Path> threads = Files.newDirectoryStream(proc.resolve("task"))) {
      for (Path thread : threads) {
        text.append(
            "thread %s %s: %s in %s%n"
                .formatted(
                    thread.getFileName(),
                    read(thread.resolve("comm")),
                    state(thread),
                    read(thread.resolve("wchan"))));
      }
    }
    Files.writeString(directory.resolve("process-" + pid + ".txt"), text);
    if (process.info().command().orElse("").endsWith("/java")) {
      jcmd(pid);
    }
    for (Path log : logs(proc)) {
      Files.write(directory.resolve(pid + "-" + log.getFileName()), tail(log));
    }
  }

  private static String state(Path thread) throws IOException {
    try (Stream<String> lines = Files.lines(thread.resolve("status"))) {
      return lines.filter(line -> line.startsWith("State:")).findFirst().orElse("gone");
    }
  }

  private static String read(Path file) {
    try {
      return Files.readString(file).strip();
    } catch (IOException unreadable) {
      return "?";
    }
  }

  private void jcmd(long pid) throws IOException, InterruptedException {
    Process jcmd =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(),
                String.valueOf(pid),
                "Thread.print")
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("stacks-" + pid + ".txt").toFile())
            .start();
    if (!jcmd.waitFor(JCMD_SECONDS, TimeUnit.SECONDS)) {
      jcmd.destroyForcibly();
    }
  }

  /** Returns the open files of a process that are called logs. */
  private static Set<Path> logs(Path proc) throws IOException {
    Set<Path> logs = new TreeSet<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(proc.resolve("fd"))) {
      for (Path link : files) {
        Path file = Files.readSymbolicLink(link);
        if (file.getFileName().toString().contains("log") && Files.isRegularFile(file)) {
          logs.add(file);
        }
      }
    }
    logs.removeIf(file -> file.toString().endsWith(".jar") || file.toString().endsWith(".so"));
    return logs;
  }

  private static byte[] tail(Path file) throws IOException {
    try (RandomAccessFile log = new RandomAccessFile(file.toFile(), "r")) {
      long length = log.length();
      byte[] tail = new byte[(int) Math.min(length, LOG_BYTES)];
      log.seek(length - tail.length);
      log.readFully(tail);
      return tail;
    }
  }
}
