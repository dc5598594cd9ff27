package dev.millrace.pipeline;

import dev.millrace.loaders.Loader;
import dev.millrace.loaders.StagedStore;

/**
 * What a lane's handlers read and write through: the staged store, its loads, and the memo of
 * effects.
 */
record Memory(StagedStore store, Loader loader, Effects effects) {
  /** Forgets everything: a row that was loaded does not know which branch wrote it. */
  void rewind(long survivingCheckpoint) {
    store.rewind(survivingCheckpoint);
    effects.rewind();
  }

  /** Heap held by rows and by answers of effects. */
  long bytes() {
    return store.bytes() + effects.bytes();
  }

  /** Forgets everything because nothing follows. */
  void release() {
    rewind(store.checkpoint());
  }

  /** How often memory had to ask something else than itself. */
  long misses() {
    return loader.misses() + effects.uses();
  }
}
