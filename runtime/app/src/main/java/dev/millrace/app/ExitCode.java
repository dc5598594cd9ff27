package dev.millrace.app;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;

/** What the process says with its exit code, for those who start it. */
public final class ExitCode {
  /** All that was asked is done and durable, or the process was told to stop and drained. */
  public static final int DONE = 0;

  /** A handler or the data is wrong, or Millrace is: starting again does the same again. */
  public static final int FAILED = 1;

  /** The command line, the config, the definition or the rights are wrong. */
  public static final int MISUSE = 2;

  /** Another process has the lane. */
  public static final int TAKEN = 3;

  /** Nothing is wrong with the program: starting again may help. */
  public static final int RESTART = 4;

  private ExitCode() {}

  static int of(MillraceException error) {
    return of(error.remedy());
  }

  static int of(Remedy remedy) {
    return switch (remedy) {
      case RETRY, RESTART, REWIND -> RESTART;
      case YIELD -> TAKEN;
      case FIX_HANDLER, REPORT_BUG -> FAILED;
      case FIX_SETUP -> MISUSE;
    };
  }
}
