package dev.millrace.pipeline;

import dev.millrace.loaders.ChangeSet;

/**
 * How far a lane has run and how far it is durable. Execute and commit write their own half; all
 * may read.
 */
final class LaneProgress {
  /** One side's numbers, replaced as a whole. */
  record Side(long checkpoint, long block, long batches, long events, long changes) {
    Side plus(ExecutedBatch batch) {
      ChangeSet set = batch.changes();
      return new Side(
          set.lastCheckpoint(),
          batch.batch().last().number(),
          batches + 1,
          events + batch.batch().events().size(),
          changes + set.size());
    }
  }

  private volatile Side processed;
  private volatile Side committed;
  private volatile long commits;
  private volatile long memoryBytes;

  LaneProgress(Frontier opened) {
    Source.Place place = opened.place();
    processed = new Side(opened.checkpoint(), place == null ? -1 : place.block(), 0, 0, 0);
    committed = processed;
    commits = opened.commit();
  }

  void processed(ExecutedBatch batch, long bytesInMemory) {
    processed = processed.plus(batch);
    memoryBytes = bytesInMemory;
  }

  @SuppressWarnings("NonAtomicVolatileUpdate") // the commit thread alone writes it
  void committed(CommitGroup group) {
    Side side = committed;
    for (ExecutedBatch batch : group.batches()) {
      side = side.plus(batch);
    }
    committed = side;
    commits = group.number();
  }

  Side processed() {
    return processed;
  }

  Side committed() {
    return committed;
  }

  long committedCheckpoint() {
    return committed.checkpoint();
  }

  /** Heap that rows in memory took when the last batch had run. */
  long memoryBytes() {
    return memoryBytes;
  }

  long commits() {
    return commits;
  }
}
