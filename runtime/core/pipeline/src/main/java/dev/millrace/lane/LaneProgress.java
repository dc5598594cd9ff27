package dev.millrace.lane;

import dev.millrace.pipeline.CommitGroup;
import dev.millrace.pipeline.ExecutedBatch;
import dev.millrace.pipeline.Frontier;
import dev.millrace.pipeline.Source;
import dev.millrace.staging.ChangeSet;

/**
 * The executed, mirrored and committed frontiers of a lane. Each stage writes its own; all threads
 * may read.
 */
final class LaneProgress {
  /** One frontier with its counters, replaced as a whole. */
  record Progress(long checkpoint, long block, long batches, long events, long changes) {
    /** Moves the frontier back and keeps the counters of the work done. */
    Progress at(Frontier frontier) {
      Source.BlockRef place = frontier.place();
      return new Progress(
          frontier.checkpoint(), place == null ? -1 : place.block(), batches, events, changes);
    }

    Progress plus(ExecutedBatch batch) {
      ChangeSet set = batch.changes();
      return new Progress(
          set.lastCheckpoint(),
          batch.batch().last().number(),
          batches + 1,
          events + batch.batch().events().size(),
          changes + set.size());
    }
  }

  private volatile Progress processed;
  private volatile Progress mirrored;
  private volatile Progress committed;
  private volatile Frontier opened;
  private volatile LaneStatus.Rewinds rewinds = new LaneStatus.Rewinds(0, 0, 0);
  private volatile long commits;
  private volatile long memoryBytes;

  LaneProgress(Frontier opened) {
    Source.BlockRef place = opened.place();
    processed = new Progress(opened.checkpoint(), place == null ? -1 : place.block(), 0, 0, 0);
    mirrored = processed;
    committed = processed;
    commits = opened.commit();
    this.opened = opened;
  }

  void processed(ExecutedBatch batch, long bytesInMemory) {
    processed = processed.plus(batch);
    memoryBytes = bytesInMemory;
  }

  /** Resets the bytes in memory. Execute thread. */
  void released() {
    memoryBytes = 0;
  }

  /** Advances the mirrored frontier: copied, not yet visible. Mirror thread. */
  @SuppressWarnings("NonAtomicVolatileUpdate") // commit writes it only while mirror has nothing
  void mirrored(ExecutedBatch batch) {
    mirrored = mirrored.plus(batch);
  }

  @SuppressWarnings("NonAtomicVolatileUpdate") // the commit thread alone writes it
  void committed(CommitGroup group) {
    Progress side = committed;
    for (ExecutedBatch batch : group.batches()) {
      side = side.plus(batch);
    }
    committed = side;
    commits = group.number();
  }

  /** Moves the executed frontier back after a rewind. Execute thread. */
  @SuppressWarnings("NonAtomicVolatileUpdate") // the execute thread alone writes it
  void executedRewind(Frontier to) {
    processed = processed.at(to);
  }

  /** Moves the other frontiers back after a rewind. Commit thread. */
  @SuppressWarnings("NonAtomicVolatileUpdate") // the commit thread alone writes it
  void rewound(Frontier to, long nanos) {
    long left = Math.max(processed.block(), committed.block());
    committed = committed.at(to);
    mirrored = mirrored.at(to);
    commits = to.commit();
    opened = to;
    rewinds = rewinds.plus(Math.max(0, left - committed.block()), nanos);
  }

  /** The epoch in which this process writes. */
  long epoch() {
    return opened.epoch();
  }

  LaneStatus.Rewinds rewinds() {
    return rewinds;
  }

  Progress processed() {
    return processed;
  }

  Progress mirrored() {
    return mirrored;
  }

  Progress committed() {
    return committed;
  }

  long committedCheckpoint() {
    return committed.checkpoint();
  }

  /** Heap of rows in memory after the last batch. */
  long memoryBytes() {
    return memoryBytes;
  }

  long commits() {
    return commits;
  }
}
