package dev.millrace.postgres;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;

/**
 * The epoch in which a lane writes, and the one that a rewind under way opens. The next epoch is
 * drawn before the first try and is the same in every other, so that a try whose reply was lost is
 * recognized by its number. Refuses to write where another process has moved the lane to an epoch
 * of its own. Written by the commit thread alone.
 */
final class LaneEpoch {
  private volatile long current;
  private volatile long next;

  LaneEpoch(long opened) {
    this.current = opened;
    this.next = opened;
  }

  long current() {
    return current;
  }

  /** The epoch that the rewind opens; the current one while no rewind is under way. */
  long next() {
    return next;
  }

  boolean isRewinding() {
    return next != current;
  }

  void beginRewind(long drawn) {
    next = drawn;
  }

  /** Moves to the next epoch: the rewind is durable. */
  void rewindCommitted() {
    current = next;
  }

  /**
   * Throws {@code YIELD} if another process has moved the lane to an epoch of its own, {@code
   * RESTART} if the database has lost ours.
   */
  void refuseIfTakenOver(String lane, long found) {
    if (found < current) {
      throw new MillraceException(
          Remedy.RESTART,
          "database has lost the epoch of this lane, as after a failover that lost commits: "
              + "lane=%s epoch=%d found=%d".formatted(lane, current, found));
    }
    if (found != current && found != next) {
      throw new MillraceException(
          Remedy.YIELD,
          "lane was taken over by another process: lane=%s epoch=%d current=%d"
              .formatted(lane, current, found));
    }
  }
}
