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

  /** The names that an endpoint has to be asked for, in the order {@link #finalBlock} wants. */
  List<Tag> names() {
    List<Tag> names = new ArrayList<>();
    tag.ifPresent(names::add);
    if (depth.isPresent() && !names.contains(Tag.LATEST)) {
      names.add(Tag.LATEST);
    }
    return names;
  }

  /** The greatest block that is final where the names stand for these blocks. */
  long finalBlock(List<Header> named) {
    long byTag = tag.isPresent() ? named.getFirst().number() : Long.MAX_VALUE;
    return depth.isPresent()
        ? Math.min(byTag, named.getLast().number() - depth.getAsLong())
        : byTag;
  }
}
