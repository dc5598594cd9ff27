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
 * @param bytes rough measure of the heap that the events take
 */
public record Batch(
    List<SourceEvent> events,
    List<SourceBlock> blocks,
    SourceBlock last,
    long finalBlock,
    List<Source.DiscoveredContract> found,
    long bytes)
    implements Source.Step {
  /** Creates a batch whose events are measured. */
  public Batch(
      List<SourceEvent> events,
      List<SourceBlock> blocks,
      SourceBlock last,
      long finalBlock,
      List<Source.DiscoveredContract> found) {
    this(events, blocks, last, finalBlock, found, bytes(events));
  }

  /** Heap that events take. */
  public static long bytes(List<SourceEvent> events) {
    long bytes = 0;
    for (SourceEvent event : events) {
      bytes += event.bytes();
    }
    return bytes;
  }

  /** True if a reorg may still replace part of this batch. */
  public boolean reversible() {
    return last.number() > finalBlock;
  }
}
