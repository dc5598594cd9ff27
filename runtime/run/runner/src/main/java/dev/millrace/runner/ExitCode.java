package dev.millrace.runner;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;

/** Exit codes of the process, for its supervisor. */
public final class ExitCode {
  /** Everything asked for is done and durable, or the process was stopped and has drained. */
  public static final int DONE = 0;

  /**
   * A handler, the data or Millrace is wrong: a restart fails in the same way. {@code verify} and
   * {@code audit} return it for what they found.
   */
  public static final int FAILED = 1;

  /** The command line, the config, the definition or the rights are wrong. */
  public static final int MISUSE = 2;

  /** Another process holds the lane. */
  public static final int TAKEN = 3;

  /**
   * A node or a database does not answer, memory is full, or a stop was not drained in time.
   * Nothing is wrong with the program: a restart may help.
   */
  public static final int RESTART = 4;

  private ExitCode() {}

  public static int of(MillraceException error) {
    return of(error.remedy());
  }

  /**
   * Returns 4 for {@code RETRY}, {@code RESTART} and {@code REWIND}, 3 for {@code YIELD}, 2 for
   * {@code FIX_SETUP}, 1 for {@code FIX_HANDLER} and {@code REPORT_BUG}. The command returns 4 in
   * two more cases: a stop that was not drained ({@code ForegroundRun.conclude}) and full memory
   * ({@code ErrorReporter.report}).
   */
  public static int of(Remedy remedy) {
    return switch (remedy) {
      case RETRY, RESTART, REWIND -> RESTART;
      case YIELD -> TAKEN;
      case FIX_HANDLER, REPORT_BUG -> FAILED;
      case FIX_SETUP -> MISUSE;
    };
  }
}
