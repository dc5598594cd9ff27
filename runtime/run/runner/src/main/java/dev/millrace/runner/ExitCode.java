package dev.millrace.runner;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;

/** Exit codes of the process, for its supervisor. */
public final class ExitCode {
  /** Everything asked for is done and durable, or the process was stopped and has drained. */
  public static final int DONE = 0;

  /** A handler, the data or Millrace is wrong: a restart fails in the same way. */
  public static final int FAILED = 1;

  /** The command line, the config, the definition or the rights are wrong. */
  public static final int MISUSE = 2;

  /** Another process holds the lane. */
  public static final int TAKEN = 3;

  /** Nothing is wrong with the program: a restart may help. */
  public static final int RESTART = 4;

  private ExitCode() {}

  public static int of(MillraceException error) {
    return of(error.remedy());
  }

  public static int of(Remedy remedy) {
    return switch (remedy) {
      case RETRY, RESTART, REWIND -> RESTART;
      case YIELD -> TAKEN;
      case FIX_HANDLER, REPORT_BUG -> FAILED;
      case FIX_SETUP -> MISUSE;
    };
  }
}
