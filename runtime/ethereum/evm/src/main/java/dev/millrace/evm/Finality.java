package dev.millrace.evm;

import java.util.Optional;
import java.util.OptionalLong;

/**
 * The rule by which a block is final: the safer of tag and depth if both are given. Without either,
 * the block that the node calls finalized, or a depth that the source knows for this chain; a
 * source that knows neither refuses the chain.
 *
 * @param tag the block that the node calls by this name, and all below it
 * @param depth this many blocks below the head, and all below that
 */
public record Finality(Optional<String> tag, OptionalLong depth) {
  /** For a chain that never replaces a block. */
  public static final Finality AT_ONCE = new Finality(Optional.empty(), OptionalLong.of(0));
}
