package dev.millrace.app;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.runner.ExitCode;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Reports an error: a mistake of the user in words, a mistake of code with a trace in a file as
 * well.
 */
final class ErrorReporter {
  private ErrorReporter() {}

  /** Reports an error that was raised on purpose and returns its exit code. */
  static int reportKnown(MillraceException error, CliEnvironment shell, Path dataDir) {
    if (error.remedy() == Remedy.REPORT_BUG) {
      return report(error, shell, dataDir);
    }
    shell.err().println("millrace: " + error.getMessage());
    if (error.remedy() == Remedy.FIX_HANDLER && isThrownByOthers(error)) {
      keep(error, dataDir, "handler-")
          .ifPresent(file -> shell.err().println("The handler's trace is in " + file));
    }
    return ExitCode.of(error);
  }

  private static boolean isThrownByOthers(Throwable error) {
    Throwable at = error;
    while (at instanceof MillraceException && at.getCause() != null) {
      at = at.getCause();
    }
    return !(at instanceof MillraceException);
  }

  /** Reports an unexpected error: one line, and the trace in a file. */
  static int report(Throwable error, CliEnvironment shell, Path dataDir) {
    if (error instanceof OutOfMemoryError) {
      shell
          .err()
          .println("millrace: memory is full; set MILLRACE_HEAP to more, or stagedBytes to less");
      return ExitCode.RESTART;
    }
    String line = String.valueOf(error.getMessage()).lines().findFirst().orElse("");
    // Without a file for the trace, printing it is worth more than the promise of one line.
    String more =
        keep(error, dataDir, "bug-")
            .map(file -> "Its trace is in " + file + "; please report it.")
            .orElseGet(() -> trace(error));
    shell
        .err()
        .printf(
            "millrace: a bug of Millrace: %s: %s%n%s%n",
            error.getClass().getSimpleName(), line, more);
    return ExitCode.FAILED;
  }

  private static Optional<Path> keep(Throwable error, Path dataDir, String prefix) {
    try {
      Path logs = Files.createDirectories(dataDir.resolve("logs"));
      Path file = Files.createTempFile(logs, prefix, ".log");
      Files.writeString(file, trace(error));
      return Optional.of(file);
    } catch (IOException failed) {
      return Optional.empty();
    }
  }

  private static String trace(Throwable error) {
    StringWriter trace = new StringWriter();
    error.printStackTrace(new PrintWriter(trace));
    return trace.toString();
  }
}
