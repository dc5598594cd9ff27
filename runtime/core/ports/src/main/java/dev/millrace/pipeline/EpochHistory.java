package dev.millrace.pipeline;

import java.time.Instant;
import java.util.List;

/**
 * The epochs of a lane as its own store knows them, read at one moment.
 *
 * @param identity of the schema; another one after a reset
 * @param epoch in which the lane is held
 * @param commit the last one
 * @param checkpoint of the lane after that commit
 * @param finalizedCheckpoint the last checkpoint that no reorg can undo
 * @param epochs of this lane, ascending; the last is the current one
 */
public record EpochHistory(
    String identity,
    long epoch,
    long commit,
    long checkpoint,
    long finalizedCheckpoint,
    List<Epoch> epochs) {
  /**
   * A run of commits by one writer.
   *
   * @param end the last of its checkpoints that counts; of the last epoch, the durable one so far
   * @param opened the time at which it began, which distinguishes it from an epoch of the same
   *     number in a restored copy
   * @param afterCommit the number of the commit before its first
   * @param mirrored true if its commits go to the mirror first
   */
  public record Epoch(long number, long end, Instant opened, long afterCommit, boolean mirrored) {}

  public EpochHistory {
    epochs = List.copyOf(epochs);
  }
}
