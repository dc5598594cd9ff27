package dev.millrace.lane;

import dev.millrace.pipeline.MemoryBudget;

/**
 * The tuning of a lane. No setting changes the contents of the tables.
 *
 * @param depth batches that have run and may wait to be durable; 0 waits for each commit
 * @param batchEvents approximate number of events per batch
 * @param staged heap for rows, effect answers, changes in transit and fetched events, shared by all
 *     lanes that have this budget
 * @param commitBytes approximate limit on the bytes of one commit
 */
public record LaneSettings(int depth, int batchEvents, MemoryBudget staged, long commitBytes) {
  /** Defaults that suit most machines, with a new budget for all lanes that are given them. */
  public static LaneSettings defaults() {
    return new LaneSettings(8, 20_000, 256L << 20, 96L << 20);
  }

  public LaneSettings {
    if (depth < 0 || batchEvents < 1 || commitBytes < 0) {
      throw new IllegalArgumentException(
          "lane settings must not be negative: depth=%d batchEvents=%d commitBytes=%d"
              .formatted(depth, batchEvents, commitBytes));
    }
  }

  /** Makes a new budget, which all lanes share that are given these settings. */
  public LaneSettings(int depth, int batchEvents, long stagedBytes, long commitBytes) {
    this(depth, batchEvents, new MemoryBudget(stagedBytes), commitBytes);
  }

  public long stagedBytes() {
    return staged.bytes();
  }
}
