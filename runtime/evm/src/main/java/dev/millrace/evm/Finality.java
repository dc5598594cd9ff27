package dev.millrace.evm;

import java.util.Optional;
import java.util.OptionalLong;

/**
 * From when on a block cannot be replaced any more: the safer of those given. Where neither is, the
 * block that the node calls finalized, or a depth that the source knows for this chain; a source
 * that knows neither refuses the chain.
 *
 * @param tag the block that the node calls by this name, and all below it
 * @param depth this many blocks below the head, and all below that
 */
public record Finality(Optional<String> tag, OptionalLong depth) {
  /** What a chain of its own accord never takes back. */
  public static final Finality AT_ONCE = new Finality(Optional.empty(), OptionalLong.of(0));
}
