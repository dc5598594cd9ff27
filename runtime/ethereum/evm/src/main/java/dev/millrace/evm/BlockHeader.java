package dev.millrace.evm;

import dev.millrace.loaders.Bytes32;
import dev.millrace.pipeline.SourceBlock;
import java.time.Instant;

/** The header of a block, as far as indexing needs it. */
public record BlockHeader(long number, Bytes32 hash, Bytes32 parent, Instant timestamp) {
  public SourceBlock block() {
    return new SourceBlock(number, hash, parent, timestamp);
  }
}
