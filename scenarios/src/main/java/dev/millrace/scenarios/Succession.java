package dev.millrace.scenarios;

import dev.millrace.app.ExitCode;
import java.time.Duration;
import java.util.function.Supplier;

/**
 * Stops a process, lets another take its lane, and wakes the first up again: it must give way.
 *
 * @param millis how long the heir works before that
 * @param then gives the one that wakes up something to commit, for it learns of its successor there
 */
record Succession(Child stopped, Supplier<Child> start, int millis, Runnable then) {
  private static final Duration PATIENCE = Duration.ofMinutes(5);

  /**
   * Who has the lane now.
   *
   * @param gaveWay whether the other ended because of it, and not because it was done
   */
  record Outcome(Child heir, boolean gaveWay) {}

  Outcome run() throws InterruptedException, Soak.Failure {
    stopped.freeze();
    Child heir = start.get();
    boolean inherits = false;
    try {
      heir.awaitWork(PATIENCE);
      heir.hasEndedAfter(Duration.ofMillis(millis));
      stopped.thaw();
      then.run();
      if (!stopped.hasEndedAfter(PATIENCE)) {
        throw new Soak.Failure(
            "a process whose lane was taken goes on: output=\n" + stopped.output());
      }
      int code = stopped.exitCode();
      if (code != ExitCode.DONE && code != ExitCode.TAKEN) {
        throw new Soak.Failure(
            "a process whose lane was taken ended otherwise: exit=%d output=%n%s"
                .formatted(code, stopped.output()));
      }
      inherits = true;
      return new Outcome(heir, code == ExitCode.TAKEN);
    } finally {
      stopped.close();
      if (!inherits) {
        heir.close();
      }
    }
  }
}
