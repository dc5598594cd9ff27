package dev.millrace.pipeline;

import java.time.Instant;
import java.util.List;

/**
 * The end of each epoch. Of all statements about an epoch, the one with the greatest (by, commit)
 * holds: not the last to arrive, nor the one with the highest end.
 *
 * @param publisherEpoch the epoch of the process that publishes this
 * @param commit the last commit that this process has made or found
 * @param finalizedCheckpoint the last checkpoint that is final
 */
public record EpochEnds(
    long publisherEpoch, long commit, List<End> ends, long finalizedCheckpoint) {
  /**
   * The last checkpoint of an epoch that counts.
   *
   * @param opened the time at which the epoch began, which distinguishes it from an epoch of the
   *     same number in a restored store
   */
  public record End(long epoch, long checkpoint, Instant opened) {}

  public EpochEnds {
    ends = List.copyOf(ends);
  }
}
