package dev.millrace.staging;

import dev.millrace.loaders.EntityType;
import java.util.List;
import java.util.Optional;

/**
 * All changes of one batch: immutable once the batch has run.
 *
 * @param triggers jobs that its events have triggered, in order
 * @param lastCheckpoint the checkpoint that the lane has reached after the batch
 * @param reversible true if a reorg may still replace its blocks, so that history must be kept
 * @param bytes heap that the change set holds, within a quarter
 */
public record ChangeSet(
    List<TableChanges<?>> tables,
    List<StagedTrigger> triggers,
    long lastCheckpoint,
    boolean reversible,
    long bytes) {
  public ChangeSet {
    tables = List.copyOf(tables);
    triggers = List.copyOf(triggers);
  }

  /** Returns the changes of one table; empty if there are none. */
  public <E> Optional<TableChanges<E>> of(EntityType<E> type) {
    for (TableChanges<?> changes : tables) {
      if (changes.type() == type) {
        @SuppressWarnings("unchecked")
        TableChanges<E> same = (TableChanges<E>) changes;
        return Optional.of(same);
      }
    }
    return Optional.empty();
  }

  /** Changes of all tables together. */
  public int size() {
    return tables.stream().mapToInt(TableChanges::size).sum();
  }
}
