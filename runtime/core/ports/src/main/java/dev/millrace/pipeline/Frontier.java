package dev.millrace.pipeline;

import dev.millrace.loaders.Bytes32;
import org.jspecify.annotations.Nullable;

/**
 * The position of a lane. Epoch and checkpoint together identify a state.
 *
 * @param commit the number of the last commit
 * @param checkpoint counts blocks with events
 * @param place the last block; null before the first commit
 */
public record Frontier(long epoch, long commit, long checkpoint, Source.@Nullable BlockRef place) {
  public @Nullable Bytes32 hash() {
    Source.BlockRef known = place;
    return known == null ? null : known.hash();
  }
}
