package dev.millrace.chain;

import dev.millrace.evm.Finality;
import dev.millrace.evm.Header;
import dev.millrace.loaders.Bytes32;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.rpc.Node;
import dev.millrace.rpc.NodeBlock;
import dev.millrace.rpc.Tag;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * How far the chain goes and how much of it is final, as the node tells it.
 *
 * <p>What has once been final stays so. A node that is syncing, or one of several behind one
 * address, may name an earlier block; that moves nothing here. Refreshed by the thread that reads
 * the feed; the sight may be read by any.
 */
final class Horizon {
  private final Node node;
  private final Finality finality;
  private final InstantSource clock;
  private boolean tagged;
  private volatile Sight sight;

  /**
   * @param head what the node called its latest block; null before it has been asked
   * @param finalBlock the greatest final block so far
   * @param finalHash its hash, if the node told it by a tag
   * @param since when the head last changed
   */
  record Sight(@Nullable Header head, long finalBlock, @Nullable Bytes32 finalHash, Instant since) {
    long number() {
      return head == null ? -1 : head.number();
    }
  }

  Horizon(Node node, Finality finality, InstantSource clock, long settled) {
    this.node = node;
    this.finality = finality;
    this.clock = clock;
    this.sight = new Sight(null, settled, null, clock.instant());
  }

  Sight sight() {
    return sight;
  }

  /** Asks the node again; what it tells may be older than before. */
  Sight refresh() throws InterruptedException {
    Optional<NodeBlock> latest = node.block(Tag.LATEST);
    if (latest.isEmpty()) {
      return sight;
    }
    Header head = latest.get().header();
    Header named = finality.tag().isPresent() ? named(finality.tag().get(), head) : null;
    Sight before = sight;
    long settled = settled(head, named, before.finalBlock());
    Bytes32 hash = named != null && named.number() == settled ? named.hash() : null;
    boolean grows = settled > before.finalBlock();
    boolean same = before.head() != null && before.head().hash().equals(head.hash());
    sight =
        new Sight(
            head,
            grows ? settled : before.finalBlock(),
            grows || settled == before.finalBlock() ? hash : before.finalHash(),
            same ? before.since() : clock.instant());
    return sight;
  }

  private long settled(Header head, @Nullable Header named, long before) {
    if (named == null && tagged) {
      return before; // another endpoint, which does not know what its neighbour has told
    }
    tagged |= named != null;
    long byTag = named == null ? head.number() : named.number();
    return finality.depth().isPresent()
        ? Math.min(byTag, head.number() - finality.depth().getAsLong())
        : byTag;
  }

  private @Nullable Header named(String name, Header head) throws InterruptedException {
    Tag tag = Tag.valueOf(name.toUpperCase(Locale.ROOT));
    if (tag == Tag.LATEST) {
      return head;
    }
    Optional<NodeBlock> block = node.block(tag);
    if (block.isEmpty() && finality.depth().isEmpty() && !tagged) {
      throw new MillraceException(
          Remedy.FIX_SETUP,
          "node knows no block by the tag of finality, and no depth is given: tag=" + name);
    }
    return block.map(NodeBlock::header).orElse(null);
  }
}
