package dev.millrace.postgres;

import org.jspecify.annotations.Nullable;

/**
 * Turns an undo log, which holds the state before each block, into the state after each block: the
 * state before the next block, or after the last one the current state.
 */
final class UndoLogReplay<E> {
  private final long finalizedCheckpoint;
  private final PostgresSnapshot.VersionSink<E> sink;

  private @Nullable Object id;
  private long checkpoint;
  private @Nullable E current;

  UndoLogReplay(long finalizedCheckpoint, PostgresSnapshot.VersionSink<E> sink) {
    this.finalizedCheckpoint = finalizedCheckpoint;
    this.sink = sink;
  }

  /** Called id by id, and for each id in the order of checkpoints. */
  void found(long at, Object ofId, @Nullable E before, @Nullable E now) {
    if (ofId.equals(id)) {
      sink.version(checkpoint, ofId, before);
    } else {
      end();
      if (before != null) {
        sink.version(finalizedCheckpoint, ofId, before);
      }
    }
    id = ofId;
    checkpoint = at;
    current = now;
  }

  /** Emits the last version of the last id. */
  void end() {
    if (id != null) {
      sink.version(checkpoint, id, current);
      id = null;
    }
  }
}
