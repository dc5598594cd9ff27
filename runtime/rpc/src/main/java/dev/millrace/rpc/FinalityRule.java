package dev.millrace.rpc;

import dev.millrace.evm.Header;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * The rule by which blocks are final: up to the block of a tag, so far below the head, or both.
 *
 * @param tag what the chain calls its final block; empty: the depth decides
 * @param depth how many blocks below the head are not final; empty: the tag decides
 */
public record FinalityRule(Optional<Tag> tag, OptionalLong depth) {
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
   * The blocks that prove a block final: that of the tag, and the one that lies so far above it. A
   * head could be named that is not there.
   *
   * @return how each is asked for, by name or number
   */
  List<String> asked(long block) {
    List<String> asked = new ArrayList<>();
    tag.ifPresent(name -> asked.add(name.word()));
    if (depth.orElse(0) > 0) {
      asked.add(LogCalls.hex(block + depth.getAsLong()));
    }
    return asked;
  }

  /**
   * The greatest block that the proofs make final; -1 if none.
   *
   * @param proofs headers that an endpoint returned for {@link #asked}
   */
  long finalBlock(long block, List<Header> proofs) {
    if (proofs.size() < proofs()) {
      return -1;
    }
    boolean isDeep = depth.orElse(0) == 0 || proofs.getLast().number() == block + depth.getAsLong();
    long byTag = tag.isPresent() ? proofs.getFirst().number() : block;
    return isDeep ? Math.min(byTag, block) : -1;
  }
}
