package dev.millrace.app;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Map;
import java.util.OptionalInt;
import java.util.function.Supplier;

/**
 * The environment of a command: its output streams, variables and working directory.
 *
 * @param out for results
 * @param err for progress, notes and errors
 * @param columns the current width of the terminal behind {@code err}; empty if it is no terminal
 */
public record CliEnvironment(
    PrintStream out,
    PrintStream err,
    Map<String, String> environment,
    Path directory,
    Supplier<OptionalInt> columns) {
  public CliEnvironment {
    environment = Map.copyOf(environment);
  }

  /** Returns the shell of this process. */
  public static CliEnvironment ofProcess() {
    return new CliEnvironment(
        System.out,
        System.err,
        System.getenv(),
        Path.of("").toAbsolutePath(),
        TerminalSize::columns);
  }

  /** True if {@code err} is a terminal that can move its cursor. */
  public boolean isLive() {
    return columns.get().isPresent() && !environment.getOrDefault("TERM", "dumb").equals("dumb");
  }

  /** True if {@code err} may be coloured; see no-color.org. */
  public boolean hasColours() {
    return isLive() && environment.getOrDefault("NO_COLOR", "").isEmpty();
  }

  /** Resolves a path of the command line against the working directory. */
  public Path resolve(Path path) {
    return directory.resolve(path).normalize();
  }
}
