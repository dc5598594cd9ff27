package dev.millrace.rpc;

import java.util.concurrent.TimeUnit;

/**
 * Decides how many blocks one eth_getLogs request to an endpoint covers, its span; {@link
 * AdaptiveLogFetcher} makes the requests. Doubles until something stands against it and grows by a
 * twentieth after that, once some replies have followed the last refusal; errors, large replies and
 * slow replies shrink it. A limit of blocks that the node named itself is never exceeded. Guarded
 * by its endpoints.
 */
final class AdaptiveRangeSize {
  static final long FIRST = 256;
  private static final long MAX_BLOCKS = 100_000;

  /**
   * Replies to the full span between a refusal and the next growth. A node that names the range
   * that fits would else refuse every second request among blocks of equal density.
   */
  private static final int REPLIES_BEFORE_GROWTH = 8;

  private static final long SLOW = TimeUnit.SECONDS.toNanos(10);

  private final long target;
  private double blocks = FIRST;
  private long cap = MAX_BLOCKS;
  private boolean isDoubling = true;
  private int repliesToGrowth;

  /**
   * @param target bytes that a reply should have
   */
  AdaptiveRangeSize(long target) {
    this.target = target;
  }

  long blocks() {
    return Math.max(1, Math.min((long) blocks, cap));
  }

  /** Returns the limit that the node named; a large number if it named none. */
  long cap() {
    return cap;
  }

  boolean isCapped() {
    return cap < MAX_BLOCKS;
  }

  /**
   * Adapts the span to a reply. It grows after requests of the full span only: a shorter range says
   * little about this one.
   */
  void succeeded(long asked, long bytes, long nanos) {
    if (bytes > target) {
      isDoubling = false;
      blocks = Math.max(1, Math.min(blocks, (double) asked * target / bytes));
    } else if (nanos > SLOW) {
      shrink();
    } else if (asked >= blocks() && repliesToGrowth-- <= 0) {
      repliesToGrowth = 0;
      double room = bytes == 0 ? 2 : Math.min(2, (double) target / bytes);
      blocks =
          Math.min((double) cap, isDoubling ? blocks * room : blocks + Math.max(1.0, blocks / 20));
    }
  }

  /**
   * Lowers the span after a refusal.
   *
   * @param max the most blocks to ask for
   */
  void refused(long max, boolean isStated) {
    isDoubling = false;
    repliesToGrowth = REPLIES_BEFORE_GROWTH;
    blocks = Math.max(1.0, Math.min(blocks, (double) max));
    if (isStated) {
      cap = Math.max(1, max);
    }
  }

  /** Halves the span after a failure of unknown cause: fewer blocks may succeed. */
  void shrink() {
    isDoubling = false;
    blocks = Math.max(1, blocks / 2);
  }

  void remember(long learntCap) {
    cap = Math.clamp(learntCap, 1, MAX_BLOCKS);
    blocks = Math.min(blocks, (double) cap);
  }
}
