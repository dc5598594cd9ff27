package dev.millrace.rpc;

import dev.millrace.evm.BlockHeader;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Rule by which blocks are final: up to the block of a tag, up to a depth below the head, or both.
 *
 * @param tag the tag of the chain's final block; empty: the depth decides
 * @param depth the number of blocks below the head that are not final; empty: the tag decides
 */
public record FinalityRule(Optional<BlockTag> tag, OptionalLong depth) {
  public FinalityRule {
    if (tag.isEmpty() && depth.isEmpty()) {
      throw new IllegalArgumentException("finality needs a tag or a depth");
    }
  }

  /** Number of blocks that an endpoint has to return as a proof. */
  int proofs() {
    return (tag.isPresent() ? 1 : 0) + (depth.orElse(0) > 0 ? 1 : 0);
  }

  /**
   * Lists the blocks that prove a block final: the one of the tag, and the one {@code depth} above
   * it. Asking for that block is safer than asking for the head, which a node may name without
   * having it.
   *
   * @return tags or numbers to ask for
   */
  List<String> asked(long block) {
    List<String> asked = new ArrayList<>();
    tag.ifPresent(name -> asked.add(name.word()));
    if (depth.orElse(0) > 0) {
      asked.add(AdaptiveLogFetcher.hex(block + depth.getAsLong()));
    }
    return asked;
  }

  /**
   * Returns the greatest block that the proofs make final; -1 if none.
   *
   * @param proofs headers that an endpoint returned for {@link #asked}
   */
  long finalBlock(long block, List<BlockHeader> proofs) {
    if (proofs.size() < proofs()) {
      return -1;
    }
    boolean isDeep = depth.orElse(0) == 0 || proofs.getLast().number() == block + depth.getAsLong();
    long byTag = tag.isPresent() ? proofs.getFirst().number() : block;
    return isDeep ? Math.min(byTag, block) : -1;
  }
}
