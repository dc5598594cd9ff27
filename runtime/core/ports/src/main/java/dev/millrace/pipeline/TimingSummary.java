package dev.millrace.pipeline;

/**
 * Sums over all durable batches.
 *
 * @param wallNanos from the start of the first executed batch to the end of the last commit
 */
public record TimingSummary(
    long batches,
    long groups,
    long events,
    long executeNanos,
    long mirrorNanos,
    long commitNanos,
    long wallNanos,
    long stalledNanos) {
  /** Work done per unit of time: 1 means no overlap, 2 means two stages always busy. */
  public double overlap() {
    return wallNanos == 0 ? 1 : (double) workNanos() / wallNanos;
  }

  /**
   * The greatest possible overlap with these stage times: their sum divided by the longest, such as
   * {@code (c + s) / max(c, s)}.
   */
  public double bound() {
    long longest = Math.max(mirrorNanos, Math.max(executeNanos, commitNanos));
    return longest == 0 ? 1 : (double) workNanos() / longest;
  }

  private long workNanos() {
    return executeNanos + mirrorNanos + commitNanos;
  }
}
