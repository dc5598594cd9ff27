package dev.millrace.jobs;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import java.io.IOException;
import java.sql.SQLTransientException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeoutException;

/**
 * The rule after a failed attempt. An error of the infrastructure (an {@link IOException}, a
 * time-out, a transient SQL error, a {@link MillraceException} with remedy {@code RETRY}) is tried
 * again after a growing pause and spends no attempt; any other error spends one.
 */
public final class Retry {
  private static final int DEFAULT_ATTEMPTS = 5;
  private static final double JITTER = 0.2;

  private final Duration first;
  private final Duration longest;
  private final int attempts;
  private final List<Class<? extends Throwable>> permanent;
  private final List<Class<? extends Throwable>> infrastructure;

  private Retry(
      Duration first,
      Duration longest,
      int attempts,
      List<Class<? extends Throwable>> permanent,
      List<Class<? extends Throwable>> infrastructure) {
    if (first.isNegative() || longest.compareTo(first) < 0 || attempts < 1) {
      throw new MillraceException(
          Remedy.FIX_SETUP,
          "retry needs 0 <= first <= longest and an attempt: first=%s longest=%s attempts=%d"
              .formatted(first, longest, attempts));
    }
    this.first = first;
    this.longest = longest;
    this.attempts = attempts;
    this.permanent = permanent;
    this.infrastructure = infrastructure;
  }

  /** Five attempts, with pauses of one second to five minutes. */
  public static Retry standard() {
    return exponential(Duration.ofSeconds(1), Duration.ofMinutes(5)).attempts(DEFAULT_ATTEMPTS);
  }

  /** One attempt. Errors of the infrastructure are tried again all the same. */
  public static Retry none() {
    return standard().attempts(1);
  }

  /** Pauses that double from the first to the longest, with a fifth of jitter. */
  public static Retry exponential(Duration first, Duration longest) {
    return new Retry(first, longest, DEFAULT_ATTEMPTS, List.of(), List.of());
  }

  /** Limits the attempts, the first one included. */
  public Retry attempts(int most) {
    return new Retry(first, longest, most, permanent, infrastructure);
  }

  /** Fails the run at once after errors of a class: another attempt would end the same way. */
  public Retry never(Class<? extends Throwable> error) {
    return new Retry(first, longest, attempts, and(permanent, error), infrastructure);
  }

  /** Counts errors of a class as errors of the infrastructure, which spend no attempt. */
  public Retry freely(Class<? extends Throwable> error) {
    return new Retry(first, longest, attempts, permanent, and(infrastructure, error));
  }

  private static List<Class<? extends Throwable>> and(
      List<Class<? extends Throwable>> known, Class<? extends Throwable> one) {
    List<Class<? extends Throwable>> all = new ArrayList<>(known);
    all.add(one);
    return List.copyOf(all);
  }

  int maxAttempts() {
    return attempts;
  }

  /** The classes of errors that differ in what a retry does. */
  enum ErrorClass {
    PERMANENT,
    SPENDS_ATTEMPT,
    INFRASTRUCTURE
  }

  ErrorClass classify(Throwable error) {
    int depth = 0;
    boolean isSettled = false;
    for (Throwable at = error; at != null && depth < 20; at = at.getCause(), depth++) {
      if (isAny(permanent, at)) {
        return ErrorClass.PERMANENT;
      }
      if (isAny(infrastructure, at) || (!isSettled && isInfrastructure(at))) {
        return ErrorClass.INFRASTRUCTURE;
      }
      isSettled |= isSettled(at);
    }
    return ErrorClass.SPENDS_ATTEMPT;
  }

  private static boolean isAny(List<Class<? extends Throwable>> classes, Throwable error) {
    return classes.stream().anyMatch(one -> one.isInstance(error));
  }

  private static boolean isInfrastructure(Throwable error) {
    return error instanceof IOException
        || error instanceof TimeoutException
        || error instanceof SQLTransientException
        || (error instanceof MillraceException known && known.remedy() == Remedy.RETRY);
  }

  /** True if a retry ends the same way, even if the cause is an IOException, as Jackson's are. */
  private static boolean isSettled(Throwable error) {
    return error instanceof MillraceException known
        && switch (known.remedy()) {
          case FIX_HANDLER, FIX_SETUP, REPORT_BUG -> true;
          case RETRY, RESTART, REWIND, YIELD -> false;
        };
  }

  /** Returns the pause after the n-th failure in a row, counted from one. */
  Duration pause(int failures) {
    int doublings = Math.clamp(failures - 1, 0, 30);
    long millis = Math.min(longest.toMillis(), first.toMillis() << doublings);
    if (millis < first.toMillis()) {
      millis = longest.toMillis(); // the shift has overflowed
    }
    double jitter = 1 + JITTER * ThreadLocalRandom.current().nextDouble(-1, 1);
    return Duration.ofMillis(Math.round(millis * jitter));
  }
}
