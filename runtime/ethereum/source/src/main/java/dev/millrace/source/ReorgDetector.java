package dev.millrace.source;

import dev.millrace.evm.BlockHeader;
import dev.millrace.loaders.Bytes32;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.Source;
import dev.millrace.rpc.ChainNode;
import dev.millrace.rpc.NodeBlockHeader;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Distinguishes a reorg from a node that is merely behind.
 *
 * <p>Only another block at a height that we hold is news of a reorg; a missing block is not. Blocks
 * above our tip that lead elsewhere count as well, once they go on doing so. Each answer that shows
 * a reorg is asked for once more, after all endpoints have named their chain again: the second
 * answer may come from the same endpoint, but not from one that serves another chain by now.
 * Confined to the thread that reads the feed.
 */
final class ReorgDetector {
  /** Agreeing looks that count, where a single answer may be stale. */
  private static final int SEEN = 3;

  private final ChainNode node;
  private final LocalChain branch;
  private final FinalityChoice finality;
  private final GenesisBlockCheck genesis;
  private final long chain;
  private int unlinked;
  private int shorter;
  private int tooDeep;
  private int strange;

  ReorgDetector(ChainSource source, LocalChain branch) {
    this.node = source.node();
    this.branch = branch;
    this.finality = source.finality();
    this.genesis = source.genesis();
    this.chain = source.request().chain();
  }

  /** Result of a look at the node. */
  sealed interface TipCheck {
    /** Our tip is a block of the node's chain. */
    record Unchanged() implements TipCheck {}

    /** Undecided: look again later. */
    record Inconclusive() implements TipCheck {}

    record Reorged(Source.Rewind rewind) implements TipCheck {}
  }

  /**
   * Loads blocks again from an endpoint that names its chain in the same request: the first blocks
   * of a lane have no delivered parent that would show which chain they belong to.
   */
  boolean areConfirmed(List<BlockHeader> headers) throws InterruptedException {
    Map<Long, NodeBlockHeader> again =
        node.provenBlocks(headers.stream().map(BlockHeader::number).toList());
    return headers.stream()
        .allMatch(header -> {
          NodeBlockHeader block = again.get(header.number());
          return block != null && block.header().hash().equals(header.hash());
        });
  }

  /** Checks that the chain still goes through our tip. */
  TipCheck atTip(FinalityTracker.HeadSnapshot snapshot) throws InterruptedException {
    Source.BlockRef tip = branch.tip();
    BlockHeader head = snapshot.head();
    if (tip == null || (head != null && head.hash().equals(tip.hash()))) {
      return new TipCheck.Unchanged();
    }
    Optional<NodeBlockHeader> theirs = node.block(tip.block());
    if (theirs.isEmpty()) {
      return belowTip(snapshot, tip);
    }
    shorter = 0;
    return theirs.get().header().hash().equals(tip.hash())
        ? new TipCheck.Unchanged()
        : confirmAndSearch(tip.block());
  }

  /**
   * Decides for a node that lacks the height of our tip: it is behind, or its chain has become
   * shorter.
   */
  private TipCheck belowTip(FinalityTracker.HeadSnapshot snapshot, Source.BlockRef tip)
      throws InterruptedException {
    BlockHeader head = snapshot.head();
    Bytes32 ours = head == null ? null : branch.hash(head.number());
    boolean differs =
        head != null && ours != null && head.number() < tip.block() && !ours.equals(head.hash());
    shorter = differs ? shorter + 1 : 0;
    return head != null && shorter >= SEEN
        ? confirmAndSearch(head.number())
        : new TipCheck.Inconclusive();
  }

  /** Records that blocks above our tip lead to it, or that there are none. */
  void recordLinked() {
    unlinked = 0;
  }

  /**
   * Decides for a block above our tip that does not lead to it, although the endpoint that answers
   * first still has the tip at its height: that endpoint may stay on a replaced branch for ever.
   * The blocks below are asked for by their hashes, which only an endpoint of the other branch has,
   * until one is ours.
   */
  TipCheck aboveTip(BlockHeader above) throws InterruptedException {
    if (++unlinked < SEEN) {
      return new TipCheck.Inconclusive();
    }
    unlinked = 0;
    node.reprove();
    Optional<NodeBlockHeader> at = node.block(above.hash());
    while (at.isPresent() && at.get().header().number() > branch.lowest()) {
      BlockHeader header = at.get().header();
      long below = header.number() - 1;
      Bytes32 ours = branch.hash(below);
      if (ours != null && ours.equals(header.parent())) {
        return new TipCheck.Reorged(new Source.Rewind(branch.place(below)));
      }
      at = node.block(header.parent()).filter(block -> block.header().number() == below);
    }
    return new TipCheck.Inconclusive();
  }

  /** Compares the final block with the block that we hold at its height. */
  TipCheck atFinal(FinalityTracker.HeadSnapshot snapshot) throws InterruptedException {
    Bytes32 ours = branch.hash(snapshot.finalBlock());
    Bytes32 theirs = snapshot.finalHash();
    return ours == null || theirs == null || ours.equals(theirs)
        ? new TipCheck.Unchanged()
        : confirmAndSearch(snapshot.finalBlock());
  }

  /**
   * Asks for a replaced block again, of an endpoint that has named its chain since. Searches for
   * the common ancestor only if the block still differs.
   */
  private TipCheck confirmAndSearch(long replaced) throws InterruptedException {
    node.reprove();
    Bytes32 ours = branch.place(replaced).hash();
    Optional<NodeBlockHeader> again = node.block(replaced);
    if (again.isEmpty() || again.get().header().hash().equals(ours)) {
      return new TipCheck.Inconclusive();
    }
    return switch (new CommonAncestorSearch(node, branch).search(replaced)) {
      case CommonAncestorSearch.SearchResult.Unclear _ -> new TipCheck.Inconclusive();
      case CommonAncestorSearch.SearchResult.Shared(Source.@Nullable BlockRef place) ->
          place == null ? nothingShared() : new TipCheck.Reorged(new Source.Rewind(place));
      case CommonAncestorSearch.SearchResult.TooDeep(Source.BlockRef lowest) -> tooDeep(lowest);
    };
  }

  /** Decides between a rewind to the start and another chain: no block of ours is shared. */
  private TipCheck nothingShared() throws InterruptedException {
    if (!genesis.isReplaced(branch.hash(0))) {
      return new TipCheck.Reorged(new Source.Rewind(null));
    }
    strange++;
    if (strange < SEEN) {
      return new TipCheck.Inconclusive();
    }
    throw anotherChain();
  }

  private MillraceException anotherChain() {
    return new MillraceException(
        Remedy.FIX_SETUP,
        ("endpoints serve a different chain of the same id: its first block is another, and none of"
                + " the blocks that the lane holds is on it: chain=%d held=%d. Nothing was changed."
                + " To index the new chain, reset the lane")
            .formatted(chain, branch.size()));
  }

  /**
   * Asks an endpoint that calls our lowest held block final for it. An endpoint on a replaced
   * branch has another block there, which it does not call final.
   */
  private TipCheck tooDeep(Source.BlockRef lowest) throws InterruptedException {
    NodeBlockHeader theirs;
    try {
      theirs =
          node.finalBlocks(List.of(lowest.block()), finality.checked(), FinalityChoice.PATIENCE)
              .getFirst();
    } catch (MillraceException denied) {
      if (denied.remedy() != Remedy.RETRY) {
        throw denied;
      }
      return new TipCheck.Inconclusive();
    }
    tooDeep = theirs.header().hash().equals(lowest.hash()) ? 0 : tooDeep + 1;
    if (tooDeep < SEEN) {
      return new TipCheck.Inconclusive();
    }
    if (genesis.isReplaced(branch.hash(0))) {
      throw anotherChain();
    }
    throw new MillraceException(
        Remedy.FIX_SETUP,
        ("chain was replaced from its final block on, which cannot be undone: chain=%d block=%d"
                + " ours=%s held=%d. Nothing was changed. Look whether the endpoints serve this"
                + " chain; to go on, give a greater finality.depth and index anew after reset")
            .formatted(chain, lowest.block(), lowest.hash(), branch.size()));
  }
}
