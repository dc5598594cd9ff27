package dev.millrace.pipeline;

import dev.millrace.loaders.Bytes32;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A block of a lane, as far as ordering, time and reorgs need it.
 *
 * <p>A log names its block by number and hash alone, so in the final part of a stream the rest may
 * be missing. The last block of a batch is always complete, and so is every reversible one.
 */
public record SourceBlock(
    long number, Bytes32 hash, @Nullable Bytes32 parent, @Nullable Instant timestamp) {

  /** A block of which only number and hash are known. */
  public SourceBlock(long number, Bytes32 hash) {
    this(number, hash, null, null);
  }

  public boolean isComplete() {
    return parent != null && timestamp != null;
  }
}
