package dev.millrace.pipeline;

import java.time.Instant;
import java.util.List;

/**
 * What the lane's own store knows of its epochs, read at one moment.
 *
 * @param identity of the schema; another one after a reset
 * @param epoch in which the lane is held
 * @param commit the last one
 * @param checkpoint that the lane has reached with it
 * @param settled the last checkpoint that no reorg can undo
 * @param epochs of this lane, ascending; the last is the one in which it is held
 */
public record Ledger(
    String identity, long epoch, long commit, long checkpoint, long settled, List<Epoch> epochs) {
  /**
   * A stretch of commits of one writer.
   *
   * @param end the last of its checkpoints that counts; of the last epoch, what is durable so far
   * @param opened when, which tells it from an epoch of this number in a restored copy
   * @param followed the number of the commit that it began behind
   * @param mirrored whether what it commits goes to the mirror first
   */
  public record Epoch(long number, long end, Instant opened, long followed, boolean mirrored) {}

  public Ledger {
    epochs = List.copyOf(epochs);
  }
}
