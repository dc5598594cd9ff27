package dev.millrace.postgres;

import org.jspecify.annotations.Nullable;

/**
 * Turns an undo log, which says what each block has found, into what each block has left: the next
 * one's find, or for the last one what stands there now.
 */
final class Replay<E> {
  private final long settled;
  private final PostgresSnapshot.VersionSink<E> sink;

  private @Nullable Object id;
  private long checkpoint;
  private @Nullable E standing;

  Replay(long settled, PostgresSnapshot.VersionSink<E> sink) {
    this.settled = settled;
    this.sink = sink;
  }

  /** Id by id, and of each in the order of checkpoints. */
  void found(long at, Object ofId, @Nullable E before, @Nullable E now) {
    if (ofId.equals(id)) {
      sink.version(checkpoint, ofId, before);
    } else {
      end();
      if (before != null) {
        sink.version(settled, ofId, before);
      }
    }
    id = ofId;
    checkpoint = at;
    standing = now;
  }

  /** The last block of the last id. */
  void end() {
    if (id != null) {
      sink.version(checkpoint, id, standing);
      id = null;
    }
  }
}
