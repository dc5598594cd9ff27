package dev.millrace.pipeline;

/**
 * How a lane runs. None of it can be seen in the tables.
 *
 * @param depth batches that have run and may wait to be durable; 0 waits for each commit
 * @param batchEvents about how many events make a batch
 * @param stagedBytes heap for rows and changes in memory, together
 * @param commitBytes about how much one commit takes at the most
 */
public record LaneSettings(int depth, int batchEvents, long stagedBytes, long commitBytes) {
  public static final LaneSettings USUAL = new LaneSettings(8, 20_000, 256L << 20, 96L << 20);

  public LaneSettings {
    if (depth < 0 || batchEvents < 1 || stagedBytes < 0 || commitBytes < 0) {
      throw new IllegalArgumentException(
          "lane settings must not be negative: depth=%d batchEvents=%d stagedBytes=%d commitBytes=%d"
              .formatted(depth, batchEvents, stagedBytes, commitBytes));
    }
  }
}
