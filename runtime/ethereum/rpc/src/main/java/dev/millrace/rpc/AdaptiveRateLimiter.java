package dev.millrace.rpc;

import java.util.concurrent.TimeUnit;

/**
 * Limits of the requests under way at once and per second. Both grow a little with each success and
 * are cut when the node refuses. Guarded by its endpoints.
 */
final class AdaptiveRateLimiter {
  private static final double MAX_CONCURRENCY = 32;
  private static final double UNLIMITED = 2_000;
  private static final double MIN_PER_SECOND = 0.2;

  /**
   * Lower bound of the rate measured at a refusal, in requests per second. If few requests were
   * made, their number shows nothing of the limit.
   */
  private static final double MIN_MEASURED = 100;

  private static final double CUT = 0.75;

  /** Upper bound of the factor that one success raises the rate by, however old the last one is. */
  private static final double MAX_RAISE = 2;

  private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

  private double concurrencyLimit = 4;
  private int running;
  private double perSecond = Double.POSITIVE_INFINITY;

  /** Time at which the next request may begin, if requests per second are limited. */
  private long nextAt;

  private long windowBegan;
  private int inWindow;
  private double recentRate;
  private long raisedAt;
  private long cutAt;

  AdaptiveRateLimiter(long now) {
    nextAt = now;
    windowBegan = now;
    raisedAt = now;
    cutAt = now - SECOND;
  }

  int running() {
    return running;
  }

  /**
   * True if no further request may begin.
   *
   * @param leaving the requests under way that leave their place to the next one
   */
  boolean isFull(long leaving) {
    return running - leaving >= (int) concurrencyLimit;
  }

  /** Returns the length of the queue that a new request joins, in rounds of concurrent requests. */
  double queue() {
    return Math.max(1, (running + 1) / concurrencyLimit);
  }

  double perSecond() {
    return perSecond;
  }

  void remember(double learnt) {
    perSecond = learnt;
  }

  /** Returns the wait that the rate imposes on a request, in nanoseconds. */
  long pause(long now) {
    return Double.isInfinite(perSecond) ? 0 : Math.max(0, nextAt - now);
  }

  /**
   * Begins a request.
   *
   * @param calls the calls that the node counts the request as
   */
  void begin(long now, int calls) {
    running++;
    if (now - windowBegan >= SECOND) {
      recentRate = inWindow * (double) SECOND / (now - windowBegan);
      windowBegan = now;
      inWindow = 0;
    }
    inWindow += calls;
    if (!Double.isInfinite(perSecond)) {
      // A tenth of a second may be caught up with, so that the rate is reached in spite of waits.
      nextAt = Math.max(nextAt, now - SECOND / 10) + (long) (calls * SECOND / perSecond);
    }
  }

  void end() {
    running--;
  }

  void succeeded(long now) {
    concurrencyLimit = Math.min(MAX_CONCURRENCY, concurrencyLimit + 1 / concurrencyLimit);
    if (!Double.isInfinite(perSecond) && now - raisedAt > SECOND && now - cutAt > SECOND) {
      double seconds = (double) (now - Math.max(raisedAt, cutAt)) / SECOND;
      perSecond *= Math.min(MAX_RAISE, Math.pow(1.05, seconds));
      raisedAt = now;
      if (perSecond > UNLIMITED) {
        perSecond = Double.POSITIVE_INFINITY;
      }
    }
  }

  /**
   * Halves the concurrency after a failure of the node. Counts once for requests under way at once.
   */
  void overloaded(long begun, long now) {
    if (begun - cutAt >= 0) {
      cutAt = now;
      concurrencyLimit = Math.max(1, concurrencyLimit / 2);
    }
  }

  /** Cuts the rate after a request was refused by a rate limit. */
  void refused(long begun, long now) {
    if (begun - cutAt < 0) {
      return;
    }
    double measured =
        Math.max(recentRate, inWindow * (double) SECOND / Math.max(SECOND, now - windowBegan));
    perSecond =
        Math.max(MIN_PER_SECOND, Math.min(perSecond, Math.max(MIN_MEASURED, measured)) * CUT);
    nextAt = now;
    overloaded(begun, now);
  }
}
