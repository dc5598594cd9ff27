package dev.millrace.loaders;

import java.util.List;
import java.util.Optional;

/**
 * Everything one batch changed: immutable once the batch has run.
 *
 * @param lastCheckpoint the checkpoint the lane has reached after it
 * @param reversible whether a reorg may still replace its blocks, so that history must be kept
 * @param bytes heap held by it, within a quarter
 */
public record ChangeSet(
    List<TableChanges<?>> tables, long lastCheckpoint, boolean reversible, long bytes) {
  public ChangeSet {
    tables = List.copyOf(tables);
  }

  /** What was changed in one table; empty if nothing. */
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
