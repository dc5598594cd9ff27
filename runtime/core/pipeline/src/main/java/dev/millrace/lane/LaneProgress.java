package dev.millrace.lane;

import dev.millrace.pipeline.CommitGroup;
import dev.millrace.pipeline.ExecutedBatch;
import dev.millrace.pipeline.Frontier;

/**
 * The executed, mirrored and committed frontiers of a lane. Each stage writes its own; all threads
 * may read.
 */
final class LaneProgress {
  private volatile LaneStatus.Progress processed;
  private volatile LaneStatus.Progress mirrored;
  private volatile LaneStatus.Progress committed;
  private volatile Frontier opened;
  private volatile LaneStatus.Rewinds rewinds = new LaneStatus.Rewinds(0, 0, 0);
  private volatile long commits;
  private volatile long memoryBytes;

  LaneProgress(Frontier opened) {
    processed = new LaneStatus.Progress(0, -1, 0, 0, 0).at(opened);
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
    LaneStatus.Progress progress = committed;
    for (ExecutedBatch batch : group.batches()) {
      progress = progress.plus(batch);
    }
    committed = progress;
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

  LaneStatus.Progress processed() {
    return processed;
  }

  LaneStatus.Progress mirrored() {
    return mirrored;
  }

  LaneStatus.Progress committed() {
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
