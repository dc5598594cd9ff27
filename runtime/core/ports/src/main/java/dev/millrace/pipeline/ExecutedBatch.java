package dev.millrace.pipeline;

import dev.millrace.loaders.EntityType;
import dev.millrace.staging.ChangeSet;
import dev.millrace.staging.StagedTrigger;
import dev.millrace.staging.TableChanges;
import java.util.ArrayList;
import java.util.List;

/** A batch that has run, with its changes. Never altered afterwards. */
public record ExecutedBatch(
    long number, Batch batch, ChangeSet changes, List<EffectResult> effects) {
  public ExecutedBatch {
    effects = List.copyOf(effects);
  }

  /** Heap that this batch takes until it is durable: its changes and its events. */
  public long bytes() {
    return changes.bytes() + batch.bytes();
  }

  /** The changes of one table in order, one part per batch that changed it. */
  static <E> List<TableChanges<E>> changesOf(EntityType<E> type, List<ExecutedBatch> batches) {
    List<TableChanges<E>> parts = new ArrayList<>();
    batches.forEach(batch -> batch.changes().of(type).ifPresent(parts::add));
    return parts;
  }

  /** The jobs that the events of this batch have triggered, in order. */
  public List<EventTrigger> triggers() {
    if (changes.triggers().isEmpty()) {
      return List.of();
    }
    List<EventTrigger> triggers = new ArrayList<>(changes.triggers().size());
    for (StagedTrigger staged : changes.triggers()) {
      SourceEvent event = batch.events().get(staged.event());
      triggers.add(
          new EventTrigger(
              event.id(),
              event.block().hash(),
              staged.ordinal(),
              staged.job(),
              staged.moment(),
              staged.input()));
    }
    return triggers;
  }

  /** A block with events, and the checkpoint of the lane after it. */
  public record BlockCheckpoint(SourceBlock block, long checkpoint) {}

  /** Returns the blocks of this batch that have events, in order, each with its checkpoint. */
  public List<BlockCheckpoint> reached() {
    List<SourceBlock> active = new ArrayList<>();
    for (SourceEvent event : batch.events()) {
      if (active.isEmpty() || active.getLast().number() != event.block().number()) {
        active.add(event.block());
      }
    }
    List<BlockCheckpoint> reached = new ArrayList<>(active.size());
    long first = changes.lastCheckpoint() - active.size() + 1;
    for (int i = 0; i < active.size(); i++) {
      reached.add(new BlockCheckpoint(active.get(i), first + i));
    }
    return reached;
  }
}
