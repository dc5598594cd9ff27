package dev.millrace.lane;

import dev.millrace.staging.ReadThroughLoader;
import dev.millrace.staging.StagedStore;

/**
 * The memory that a lane's handlers read and write through: the staged store, its loads, and the
 * cache of effect answers.
 */
record HandlerState(StagedStore store, ReadThroughLoader loader, EffectAnswerCache effects) {
  /** Forgets everything: a loaded row does not know which branch wrote it. */
  void rewind(long survivingCheckpoint) {
    store.rewind(survivingCheckpoint);
    effects.rewind();
  }

  /** Heap of rows and of effect answers. */
  long bytes() {
    return store.bytes() + effects.bytes();
  }

  /** Forgets everything at the end of the lane. */
  void release() {
    rewind(store.checkpoint());
  }

  /** Number of reads that memory could not answer, and of calls to effects. */
  long misses() {
    return loader.misses() + effects.uses();
  }
}
