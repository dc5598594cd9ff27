package dev.millrace.jobs;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * One event of a run: a change of its state, a step, or a line of its log. The ids of a run's
 * events rise in the order in which they became durable.
 */
public record RunEvent(
    long id,
    long run,
    Instant at,
    String type,
    @Nullable String step,
    @Nullable String message,
    @Nullable String data) {
  public static final String TRIGGERED = "triggered";
  public static final String MERGED = "merged";
  public static final String STARTED = "started";
  public static final String STEP_FINISHED = "step-finished";
  public static final String STEP_WAITS = "step-waits";
  public static final String WAITS = "waits";
  public static final String RETRIES = "retries";
  public static final String INTERRUPTED = "interrupted";
  public static final String HANDED_BACK = "handed-back";
  public static final String WORKER_LOST = "worker-lost";
  public static final String CANCEL_ASKED = "cancel-asked";
  public static final String SIGNAL = "signal";

  /** A reorg has replaced the block of the event that has triggered the run. */
  public static final String REPLACED = "replaced";

  public static final String LOG = "log";
  public static final String CONTENTION = "contention";
  public static final String SUCCEEDED = "succeeded";
  public static final String FAILED = "failed";
  public static final String CANCELED = "canceled";

  static String typeOf(RunState end) {
    return switch (end) {
      case SUCCEEDED -> SUCCEEDED;
      case FAILED -> FAILED;
      case CANCELED -> CANCELED;
      case PENDING, RUNNING -> throw new IllegalArgumentException("state is not final: " + end);
    };
  }
}
