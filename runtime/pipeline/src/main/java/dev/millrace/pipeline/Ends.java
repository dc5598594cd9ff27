package dev.millrace.pipeline;

import java.time.Instant;
import java.util.List;

/**
 * Which checkpoints of which epochs count. Of all that was ever said about an epoch, the greatest
 * (by, commit) holds: not what arrived last, nor the highest end.
 *
 * @param by the epoch of whoever says so
 * @param commit the last that it has made or found
 * @param settled no checkpoint up to here can be undone any more
 */
public record Ends(long by, long commit, List<End> ends, long settled) {
  /**
   * The last checkpoint of an epoch that counts.
   *
   * @param opened when the epoch was, which tells it from one of this number in a restored store
   */
  public record End(long epoch, long checkpoint, Instant opened) {}

  public Ends {
    ends = List.copyOf(ends);
  }
}
