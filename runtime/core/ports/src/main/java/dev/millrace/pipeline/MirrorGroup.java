package dev.millrace.pipeline;

import dev.millrace.loaders.EntityType;
import dev.millrace.staging.TableChanges;
import java.util.List;

/**
 * Batches that go to the mirror together, in order.
 *
 * @param epoch under which their rows are written
 */
public record MirrorGroup(long epoch, List<ExecutedBatch> batches) {
  public MirrorGroup {
    batches = List.copyOf(batches);
  }

  /** The first checkpoint that a row of this group can have. */
  public long firstCheckpoint() {
    ExecutedBatch first = batches.getFirst();
    return first.changes().lastCheckpoint() - first.reached().size() + 1;
  }

  public long lastCheckpoint() {
    return batches.getLast().changes().lastCheckpoint();
  }

  /** The changes of one table in order, one part per batch that changed it. */
  public <E> List<TableChanges<E>> changesOf(EntityType<E> type) {
    return ExecutedBatch.changesOf(type, batches);
  }
}
