package dev.millrace.pipeline;

import java.util.List;

/**
 * A run of whole blocks: all events after the previous batch, up to and including block {@code
 * last}.
 *
 * @param events in order; events of one block share one {@link SourceBlock} object
 * @param blocks every block of a reversible batch, in order; the lane remembers them
 * @param last the position of the lane after this batch, with or without events
 * @param finalBlock the greatest block known to be final; a batch lies entirely above it or
 *     entirely not
 * @param found contracts created in these blocks, in order
 */
public record Batch(
    List<SourceEvent> events,
    List<SourceBlock> blocks,
    SourceBlock last,
    long finalBlock,
    List<Source.DiscoveredContract> found)
    implements Source.Step {

  /** True if a reorg may still replace part of this batch. */
  public boolean reversible() {
    return last.number() > finalBlock;
  }
}
