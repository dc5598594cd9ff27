package dev.millrace.servers;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/** One run of the PostgreSQL server, as the supervisor sees it: its process and its pid file. */
final class Postmaster implements ServerProcess {
  /** A fast shutdown writes a checkpoint: all of shared_buffers, on a slow disk. */
  private static final Duration FAST = Duration.ofSeconds(60);

  private static final Duration IMMEDIATE = Duration.ofSeconds(5);

  private final ServerDirectory directory;
  private final Process process;
  private final List<String> before;
  private final ServerRunLog log;

  private Postmaster(
      ServerDirectory directory, Process process, List<String> before, ServerRunLog log) {
    this.directory = directory;
    this.process = process;
    this.before = before;
    this.log = log;
  }

  static Postmaster launch(ServerDirectory directory, List<String> command, int port)
      throws IOException {
    endSessions(directory);
    ServerRunLog log = ServerRunLog.at(directory.rotatedLog());
    List<String> words = new ArrayList<>(command);
    words.addAll(List.of("-D", directory.cluster().toString(), "-p", Integer.toString(port)));
    words.addAll(List.of("-c", "config_file=" + directory.conf()));
    List<String> before = pidFile(directory);
    Process process = ChildCommand.server(directory, log, words).start();
    process.getOutputStream().close();
    return new Postmaster(directory, process, before, log);
  }

  @Override
  public boolean isAlive(Duration patience) {
    try {
      return !process.waitFor(patience.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      throw new IllegalStateException("nobody interrupts the supervisor", e);
    }
  }

  /**
   * Reads the last line of the pid file, written when recovery is over; a killed server may have
   * left one.
   */
  @Override
  public boolean isReady() {
    List<String> lines = pidFile(directory);
    return !lines.equals(before) && lines.size() >= 8 && lines.get(7).strip().equals("ready");
  }

  /**
   * Returns the pid of the server itself: some ways to start it leave another process in between.
   */
  @Override
  public long pid() {
    List<String> lines = pidFile(directory);
    return lines.isEmpty() || lines.equals(before) ? process.pid() : Long.parseLong(lines.get(0));
  }

  /** Never: each session is a process of its own, and ends by itself. */
  @Override
  public Optional<String> hangs() {
    return Optional.empty();
  }

  @Override
  public void kill() {
    process.destroyForcibly();
    isAlive(IMMEDIATE);
  }

  @Override
  public void stop() {
    if (process.isAlive()) {
      stop(pid());
      isAlive(IMMEDIATE);
    }
  }

  /**
   * Returns the end of this run's log, and its exit code: 137 without output means that it was
   * killed.
   */
  @Override
  public String lastWords() {
    try {
      return log.lastLines().stream()
              .map(line -> line.replaceFirst("^[-0-9]+ [:.0-9]+ UTC \\[[0-9]+] ", ""))
              .collect(Collectors.joining(" | "))
          + " code="
          + process.exitValue();
    } catch (IOException e) {
      return "log cannot be read: cause=" + e;
    }
  }

  /**
   * Clears the way for a new server: stops one whose supervisor was killed, and removes a pid file
   * whose number now belongs to some other program, which PostgreSQL itself takes for a running
   * server.
   */
  static void removeLeftover(ServerDirectory directory) {
    List<String> lines = pidFile(directory);
    if (lines.isEmpty()) {
      return;
    }
    long pid = Long.parseLong(lines.get(0).strip());
    Optional<ProcessHandle> process = ProcessHandle.of(pid);
    if (process.isEmpty()) {
      return;
    }
    if (serves(process.get(), directory)) {
      stop(pid);
      return;
    }
    try {
      Files.deleteIfExists(directory.postmasterPid());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Ends orphaned sessions. Sessions of a killed server end when they next look for it, and a
   * session that computes does not look: the next server would wait for its shared memory. Works
   * where the system reports the working directory of a process.
   */
  private static void endSessions(ServerDirectory directory) {
    ProcessHandle.allProcesses()
        .filter(Postmaster::isPostgres)
        .filter(process -> worksIn(process, directory.cluster()))
        .forEach(process -> {
          process.destroyForcibly();
          hasEnded(process.pid(), IMMEDIATE);
        });
  }

  private static boolean isPostgres(ProcessHandle process) {
    return process.info().command().map(name -> name.endsWith("/postgres")).orElse(false);
  }

  private static boolean worksIn(ProcessHandle process, Path place) {
    try {
      return Path.of("/proc", Long.toString(process.pid()), "cwd").toRealPath().equals(place);
    } catch (IOException e) {
      return false;
    }
  }

  /** In a container pids repeat: this one may be the server of another directory today. */
  private static boolean serves(ProcessHandle process, ServerDirectory directory) {
    ProcessHandle.Info info = process.info();
    return isPostgres(process)
        && info.commandLine()
            .map(line -> line.contains(directory.cluster().toString()))
            .orElse(true);
  }

  private static void stop(long pid) {
    signal(pid, "INT");
    if (!hasEnded(pid, FAST)) {
      signal(pid, "QUIT");
      if (!hasEnded(pid, IMMEDIATE)) {
        signal(pid, "KILL");
        hasEnded(pid, IMMEDIATE);
      }
    }
  }

  private static void signal(long pid, String name) {
    ChildCommand.shell(List.of(), "kill -s \"$1\" \"$2\"", name, pid);
  }

  private static boolean hasEnded(long pid, Duration patience) {
    return ProcessHandle.of(pid)
        .map(process -> ChildCommand.hasEnded(process, patience))
        .orElse(true);
  }

  private static List<String> pidFile(ServerDirectory directory) {
    try {
      return Files.readAllLines(directory.postmasterPid(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      return List.of();
    }
  }
}
