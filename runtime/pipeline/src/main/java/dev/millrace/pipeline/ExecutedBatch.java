package dev.millrace.pipeline;

import dev.millrace.loaders.ChangeSet;
import java.util.ArrayList;
import java.util.List;

/**
 * A batch that has run: what it read from the stream and what that changed. Never altered
 * afterwards.
 */
public record ExecutedBatch(
    long number, Batch batch, ChangeSet changes, List<EffectResult> effects) {
  public ExecutedBatch {
    effects = List.copyOf(effects);
  }

  /** Heap of one decoded event, measured roughly: a few objects and their numbers. */
  private static final long EVENT_BYTES = 200;

  /** Heap that this takes until it is durable: what it has changed, and the events it keeps. */
  long bytes() {
    return changes.bytes() + EVENT_BYTES * batch.events().size();
  }

  /** A block with events, and the checkpoint that the lane has reached with it. */
  public record Reached(Block block, long checkpoint) {}

  /** The blocks of this batch that have events, in order: a checkpoint each. */
  public List<Reached> reached() {
    List<Block> active = new ArrayList<>();
    for (Event event : batch.events()) {
      if (active.isEmpty() || active.getLast().number() != event.block().number()) {
        active.add(event.block());
      }
    }
    List<Reached> reached = new ArrayList<>(active.size());
    long first = changes.lastCheckpoint() - active.size() + 1;
    for (int i = 0; i < active.size(); i++) {
      reached.add(new Reached(active.get(i), first + i));
    }
    return reached;
  }
}
