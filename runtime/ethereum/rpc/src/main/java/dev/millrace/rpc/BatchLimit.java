package dev.millrace.rpc;

import java.util.concurrent.TimeUnit;

/**
 * The number of calls that one endpoint takes in a request, as far as is known. Changed under the
 * lock of the {@link EndpointSelector}, except for {@link #accepted} and {@link #refused}; read by
 * any thread.
 */
final class BatchLimit {
  /** Calls per request until an endpoint refuses some. */
  static final int DEFAULT_CALLS = 50;

  /** Refusals in a row before an endpoint counts as one that takes no batches. */
  static final int MAX_REFUSALS = 2;

  /**
   * Refusals in a row before calls of which one proves the other are made one by one. Two backends
   * may then answer them.
   */
  static final int MAX_PROOF_REFUSALS = 6;

  /** Time for which calls are made one by one after batches were refused. */
  private static final long ALONE = TimeUnit.MINUTES.toNanos(1);

  /** Floor of a lowered limit: room for calls that one backend has to answer together. */
  private static final int MIN_CALLS = 4;

  private volatile int calls = DEFAULT_CALLS;

  /** Batches in a row that were refused; a lost update costs one more request. */
  private volatile int refusalsTogether;

  private volatile long aloneUntil;
  private volatile boolean hasAccepted;
  private int refusalsBeforeAny;

  /** True if the endpoint itself has named its limit, which alone later processes remember. */
  private volatile boolean isNamed;

  private volatile long loweredAt;

  /**
   * Returns the number of calls that one request may hold now.
   *
   * @param refusals in a row after which calls are made one by one for a while
   */
  int calls(int refusals, long now) {
    boolean takesSeveral = refusalsTogether < refusals || now - aloneUntil > 0;
    return !takesSeveral ? 1 : hasRecovered(now) ? DEFAULT_CALLS : calls;
  }

  /** Returns the number of refusals in a row. */
  int refusals() {
    return refusalsTogether;
  }

  /** True if a lower limit counts no more: a gateway may have refused more for a moment. */
  private boolean hasRecovered(long now) {
    return !isNamed && now - loweredAt > ALONE;
  }

  /** Records that the endpoint answered several calls in one request. */
  void accepted() {
    refusalsTogether = 0;
    hasAccepted = true;
  }

  /**
   * True if the endpoint has ever answered several calls in one request. Calls made one by one may
   * be answered by two backends, and nothing shows that these have the same blocks.
   */
  boolean hasAccepted() {
    return hasAccepted;
  }

  /**
   * Lowers the limit below a number of calls that was refused. It becomes 1 if the endpoint says
   * that it takes no batches, or refuses again and again and has never answered one.
   */
  void lower(int refused, boolean isStated, long now) {
    startLowering(now);
    isNamed |= isStated;
    boolean takesNone = isStated || (!hasAccepted && ++refusalsBeforeAny >= MAX_PROOF_REFUSALS);
    calls = Math.clamp(refused / 2, takesNone ? 1 : Math.min(calls, MIN_CALLS), calls);
  }

  /** Lowers the limit for a while: the endpoint is overloaded. */
  void ease(int refused, long now) {
    startLowering(now);
    calls = Math.clamp(refused / 2, Math.min(calls, MIN_CALLS), calls);
  }

  private void startLowering(long now) {
    if (hasRecovered(now)) {
      calls = DEFAULT_CALLS;
      refusalsBeforeAny = 0;
    }
    loweredAt = now;
  }

  /** Returns the limit that the endpoint has named; else the default. */
  int named() {
    return isNamed ? calls : DEFAULT_CALLS;
  }

  /** Restores the limit that the endpoint has named to an earlier process. */
  void remember(int limit) {
    calls = Math.clamp(limit, 1, DEFAULT_CALLS);
    isNamed = calls < DEFAULT_CALLS;
  }

  /**
   * Records that calls were refused, in one request or one by one; the other way is tried next.
   *
   * @param refusals in a row after which calls are made one by one
   */
  // A lost update costs one more request.
  @SuppressWarnings("NonAtomicVolatileUpdate")
  void refused(boolean together, int refusals, long now) {
    refusalsTogether = together ? refusalsTogether + 1 : refusals - 1;
    aloneUntil = now + ALONE;
  }
}
