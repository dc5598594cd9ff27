package dev.millrace.app;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.CommitStore;
import dev.millrace.pipeline.Probe;

/** Opens the store that a config names. */
final class Stores {
  private Stores() {}

  static CommitStore open(ConfiguredIndexer indexer, Config config, Probe probe) {
    if (config.chains().isEmpty()) {
      throw new IllegalArgumentException("config has no chain: name=" + config.name());
    }
    throw new MillraceException(
        Remedy.FIX_SETUP,
        "this build has no store: indexer=%s postgres=%s probe=%s"
            .formatted(indexer.name(), config.postgres(), probe));
  }
}
