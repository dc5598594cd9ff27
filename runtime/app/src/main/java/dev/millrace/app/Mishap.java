package dev.millrace.app;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;

/** How an error is told: what a user did in words, what we did wrong in a file. */
final class Mishap {
  private Mishap() {}

  /** Tells an error that was raised on purpose and answers its exit code. */
  static int tell(MillraceException error, Shell shell, Path dataDir) {
    if (error.remedy() == Remedy.REPORT_BUG) {
      return report(error, shell, dataDir);
    }
    shell.err().println("millrace: " + error.getMessage());
    return ExitCode.of(error);
  }

  /** Tells an error that nobody expected: one line, and the trace in a file. */
  static int report(Throwable error, Shell shell, Path dataDir) {
    if (error instanceof OutOfMemoryError) {
      shell
          .err()
          .println("millrace: memory is full; set MILLRACE_HEAP to more, or stagedBytes to less");
      return ExitCode.RESTART;
    }
    String line = String.valueOf(error.getMessage()).lines().findFirst().orElse("");
    shell
        .err()
        .printf(
            "millrace: a bug of Millrace: %s: %s%n%s%n",
            error.getClass().getSimpleName(), line, keep(error, dataDir));
    return ExitCode.FAILED;
  }

  private static String keep(Throwable error, Path dataDir) {
    StringWriter trace = new StringWriter();
    error.printStackTrace(new PrintWriter(trace));
    try {
      Path logs = Files.createDirectories(dataDir.resolve("logs"));
      Path file = Files.createTempFile(logs, "bug-", ".log");
      Files.writeString(file, trace.toString());
      return "Its trace is in " + file + "; please report it.";
    } catch (IOException failed) {
      // Without a file to put it in, the trace is worth more than the promise of one line.
      return trace.toString();
    }
  }
}
