package dev.millrace.app;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Map;
import java.util.OptionalInt;
import java.util.function.Supplier;

/**
 * What a command stands in: where it prints, which variables are set, where relative paths begin.
 *
 * @param out for answers
 * @param err for everything that is said on the way
 * @param columns how wide the terminal behind {@code err} is now; empty when it is none
 */
public record Shell(
    PrintStream out,
    PrintStream err,
    Map<String, String> environment,
    Path directory,
    Supplier<OptionalInt> columns) {
  public Shell {
    environment = Map.copyOf(environment);
  }

  /** The process that runs us. */
  public static Shell ofProcess() {
    return new Shell(
        System.out,
        System.err,
        System.getenv(),
        Path.of("").toAbsolutePath(),
        TerminalSize::columns);
  }

  /** Whether {@code err} is looked at by somebody, and can move its cursor. */
  public boolean isLive() {
    return columns.get().isPresent() && !environment.getOrDefault("TERM", "dumb").equals("dumb");
  }

  /** Whether {@code err} may be coloured; see no-color.org. */
  public boolean hasColours() {
    return isLive() && environment.getOrDefault("NO_COLOR", "").isEmpty();
  }

  /** Where a path of the command line points. */
  public Path resolve(Path path) {
    return directory.resolve(path).normalize();
  }
}
