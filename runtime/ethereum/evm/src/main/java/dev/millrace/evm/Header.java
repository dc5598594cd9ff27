package dev.millrace.evm;

import dev.millrace.loaders.Bytes32;
import dev.millrace.pipeline.Block;
import java.time.Instant;

/** The header of a block, as far as indexing needs it. */
public record Header(long number, Bytes32 hash, Bytes32 parent, Instant timestamp) {
  public Block block() {
    return new Block(number, hash, parent, timestamp);
  }
}
