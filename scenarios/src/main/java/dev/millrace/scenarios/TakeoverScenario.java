package dev.millrace.scenarios;

import dev.millrace.runner.ExitCode;
import java.time.Duration;
import java.util.function.Supplier;

/**
 * Stops a process, lets another take its lane, and wakes the first: it must give way.
 *
 * @param millis the time that the successor works before that
 * @param then gives the woken process something to commit, where it learns of its successor
 */
record TakeoverScenario(
    IndexerChildProcess stopped, Supplier<IndexerChildProcess> start, int millis, Runnable then) {
  private static final Duration PATIENCE = Duration.ofMinutes(5);

  /**
   * The process that holds the lane now.
   *
   * @param gaveWay true if the other ended because of the takeover, and not because it was done
   */
  record Outcome(IndexerChildProcess successor, boolean gaveWay) {}

  Outcome run() throws InterruptedException, CrashRestartSoak.Failure {
    stopped.freeze();
    IndexerChildProcess successor = start.get();
    boolean hasSucceeded = false;
    try {
      successor.awaitWork(PATIENCE);
      successor.hasEndedAfter(Duration.ofMillis(millis));
      stopped.thaw();
      then.run();
      if (!stopped.hasEndedAfter(PATIENCE)) {
        throw new CrashRestartSoak.Failure(
            "a process whose lane was taken goes on: output=\n" + stopped.output());
      }
      int code = stopped.exitCode();
      if (code != ExitCode.DONE && code != ExitCode.TAKEN) {
        throw new CrashRestartSoak.Failure(
            "a process whose lane was taken ended otherwise: exit=%d output=%n%s"
                .formatted(code, stopped.output()));
      }
      hasSucceeded = true;
      return new Outcome(successor, code == ExitCode.TAKEN);
    } finally {
      stopped.close();
      if (!hasSucceeded) {
        successor.close();
      }
    }
  }
}
