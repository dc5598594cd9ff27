package dev.millrace.pipeline;

import java.util.List;

/**
 * A run of whole blocks: all events above the batch before it up to and with block {@code last}.
 *
 * @param events in order; events of one block share one {@link Block} object
 * @param blocks what must be remembered of the chain: every block of a reversible batch, in order
 * @param last where the lane stands afterwards, with or without events
 * @param finalBlock the greatest block that no reorg can replace, as far as known; a batch lies
 *     wholly above it or wholly not
 * @param found contracts that these blocks have created, in order
 */
public record Batch(
    List<Event> events, List<Block> blocks, Block last, long finalBlock, List<Source.Found> found)
    implements Source.Step {

  /** Whether a reorg may still replace any of it. */
  public boolean reversible() {
    return last.number() > finalBlock;
  }
}
