package dev.millrace.jobs;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The way in which a claim ends.
 *
 * @param pause until the next claim, of {@code RETRY} and {@code INTERRUPTED}
 * @param waitsFor the step that a {@code WAITING} run waits for
 * @param contention the summary of contention so far
 */
record RunOutcome(
    Kind kind,
    Duration pause,
    @Nullable String waitsFor,
    @Nullable String output,
    @Nullable String error,
    @Nullable String contention) {
  /** The ways in which a claim ends. */
  enum Kind {
    SUCCEEDED,
    FAILED,
    CANCELED,
    /** An attempt is spent, and another one follows. */
    RETRY,
    /** An error of the infrastructure: no attempt is spent. */
    INTERRUPTED,
    /** The worker stops: another one may claim the run at once. */
    HANDED_BACK,
    WAITING
  }

  static RunOutcome succeeded(String output, @Nullable String contention) {
    return new RunOutcome(Kind.SUCCEEDED, Duration.ZERO, null, output, null, contention);
  }

  static RunOutcome failed(String error, @Nullable String contention) {
    return new RunOutcome(Kind.FAILED, Duration.ZERO, null, null, error, contention);
  }

  static RunOutcome canceled(@Nullable String contention) {
    return new RunOutcome(Kind.CANCELED, Duration.ZERO, null, null, null, contention);
  }

  static RunOutcome again(
      Kind kind, Duration pause, @Nullable String error, @Nullable String contention) {
    return new RunOutcome(kind, pause, null, null, error, contention);
  }

  static RunOutcome waiting(String step, @Nullable String contention) {
    return new RunOutcome(Kind.WAITING, Duration.ZERO, step, null, null, contention);
  }
}
