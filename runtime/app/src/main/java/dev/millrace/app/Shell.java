package dev.millrace.app;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Map;

/**
 * What a command stands in: where it prints, which variables are set, where relative paths begin.
 *
 * <p>{@code out} is for answers, {@code err} for everything that is said on the way.
 */
public record Shell(
    PrintStream out, PrintStream err, Map<String, String> environment, Path directory) {
  public Shell {
    environment = Map.copyOf(environment);
  }

  /** The process that runs us. */
  public static Shell ofProcess() {
    return new Shell(System.out, System.err, System.getenv(), Path.of("").toAbsolutePath());
  }
}
