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
  private @Nullable E standing;

  UndoLogReplay(long settled, PostgresSnapshot.VersionSink<E> sink) {
    this.finalizedCheckpoint = settled;
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
    standing = now;
  }

  /** Emits the last version of the last id. */
  void end() {
    if (id != null) {
      sink.version(checkpoint, id, standing);
      id = null;
    }
  }
}
