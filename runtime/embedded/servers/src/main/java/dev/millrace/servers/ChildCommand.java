package dev.millrace.servers;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Runs programs of the system and of PostgreSQL, in an environment that does not change what they
 * do.
 */
final class ChildCommand {

  /** The exit code of a program and its output on stdout and stderr. */
  record Result(int code, String output) {
    boolean succeeded() {
      return code == 0;
    }

    /** Returns the end of the output, on one line: causes come last. */
    String tail() {
      String joined = output.strip().replaceAll("\\s*\\R\\s*", " | ");
      return joined.length() <= 600 ? joined : "…" + joined.substring(joined.length() - 600);
    }
  }

  private ChildCommand() {}

  static Result run(List<String> command) {
    return run(command, "");
  }

  static Result run(List<String> command, String input) {
    return run(command, stream -> stream.write(input.getBytes(UTF_8)));
  }

  static Result run(List<String> command, Feed feed) {
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    clean(builder.environment());
    try {
      Process process = builder.start();
      try (OutputStream stream = process.getOutputStream()) {
        feed.writeTo(stream);
      } catch (IOException e) {
        // The program ended before it had read everything; its code and output say why.
      }
      String output = new String(process.getInputStream().readAllBytes(), UTF_8);
      return new Result(process.waitFor(), output);
    } catch (IOException e) {
      return new Result(127, e.toString());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new EmbeddedException("interrupted while running: command=" + command.getFirst(), e);
    }
  }

  /** Runs a line of POSIX shell; the arguments are $1, $2 and so on. */
  static Result shell(List<String> prefix, String script, Object... arguments) {
    List<String> command = new ArrayList<>(prefix);
    command.addAll(List.of("/bin/sh", "-c", script, "sh"));
    for (Object argument : arguments) {
      command.add(argument.toString());
    }
    return run(command);
  }

  /** Prepares a server that writes to a log and runs on after its starter. */
  static ProcessBuilder server(ServerDirectory directory, ServerRunLog log, List<String> command) {
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(directory.root().toFile())
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.file().toFile()));
    clean(builder.environment());
    return builder;
  }

  /** Waits for the end of a process, at most this long. For threads that are not interrupted. */
  static boolean hasEnded(ProcessHandle process, Duration patience) {
    try {
      process.onExit().get(patience.toMillis(), TimeUnit.MILLISECONDS);
      return true;
    } catch (TimeoutException e) {
      return false;
    } catch (InterruptedException | ExecutionException e) {
      throw new IllegalStateException("nobody interrupts the supervisor", e);
    }
  }

  /**
   * Removes variables that would give PostgreSQL another directory or language, or our JVM an
   * agent.
   */
  static void clean(Map<String, String> environment) {
    environment.keySet().removeIf(name -> name.startsWith("PG") || name.startsWith("LC_"));
    environment
        .keySet()
        .removeAll(List.of("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS", "LANGUAGE"));
    environment.put("LC_ALL", "C");
    environment.put("LANG", "C");
  }

  static boolean isOnPath(String program) {
    return shell(List.of(), "command -v \"$1\"", program).succeeded();
  }

  static String noteOnDisk(Path place, Result result) {
    return result.output().contains("No space left on device")
        ? ": the disk is full, make room: directory=" + place
        : ": output=" + result.tail();
  }

  interface Feed {
    void writeTo(OutputStream stream) throws IOException;
  }
}
