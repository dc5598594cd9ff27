package dev.millrace.pipeline;

import dev.millrace.loaders.EntityType;
import dev.millrace.staging.TableChanges;
import java.util.List;
import java.util.Optional;

/**
 * Batches that become durable in one transaction, in order.
 *
 * @param number of this commit: the lane's last commit plus one
 */
public record CommitGroup(long number, List<ExecutedBatch> batches) {
  public CommitGroup {
    batches = List.copyOf(batches);
  }

  public ExecutedBatch last() {
    return batches.getLast();
  }

  /** The checkpoint of the lane once this group is durable. */
  public long checkpoint() {
    return last().changes().lastCheckpoint();
  }

  /** True if the batches are reversible: all batches of a group are, or none is. */
  public boolean isReversible() {
    return last().changes().reversible();
  }

  /** The changes of one table in order, one part per batch that changed it. */
  public <E> List<TableChanges<E>> changesOf(EntityType<E> type) {
    return ExecutedBatch.changesOf(type, batches);
  }

  public List<EffectResult> effects() {
    return batches.stream().flatMap(batch -> batch.effects().stream()).toList();
  }

  /** The jobs that the events of these batches have triggered, in order. */
  public List<EventTrigger> triggers() {
    return batches.stream().flatMap(batch -> batch.triggers().stream()).toList();
  }

  public List<SourceBlock> blocks() {
    return batches.stream().flatMap(batch -> batch.batch().blocks().stream()).toList();
  }

  /** The last event that changed a row, for messages about that row. */
  public Optional<SourceEvent> eventThatChanged(EntityType<?> type, Object id) {
    for (ExecutedBatch batch : batches.reversed()) {
      for (TableChanges<?> changes : batch.changes().tables()) {
        for (int i = changes.size() - 1; changes.type() == type && i >= 0; i--) {
          if (changes.id(i).equals(id)) {
            return Optional.of(batch.batch().events().get(changes.event(i)));
          }
        }
      }
    }
    return Optional.empty();
  }
}
