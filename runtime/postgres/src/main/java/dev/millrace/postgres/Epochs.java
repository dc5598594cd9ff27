package dev.millrace.postgres;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;

/**
 * In which epoch a lane writes, and the one that a rewind under way opens. The next one is drawn
 * before the first try and is the same at every other, so that a try whose answer was lost is known
 * by its number. Written by the commit thread alone.
 */
final class Epochs {
  private volatile long current;
  private volatile long next;

  Epochs(long opened) {
    this.current = opened;
    this.next = opened;
  }

  long current() {
    return current;
  }

  /** The current one while no rewind is under way. */
  long next() {
    return next;
  }

  boolean isTurning() {
    return next != current;
  }

  void turnTo(long drawn) {
    next = drawn;
  }

  /** The rewind is durable. */
  void turned() {
    current = next;
  }

  /** Refuses to go on where a lane is in an epoch of somebody else. */
  void check(String lane, long found) {
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
