package dev.millrace.source;

import dev.millrace.loaders.Bytes32;
import dev.millrace.pipeline.Source;
import dev.millrace.rpc.ChainNode;
import dev.millrace.rpc.NodeBlockHeader;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Search for the last block that our branch shares with the node's, once the node has another block
 * at a height that we hold. Where only blocks above our tip lead elsewhere, {@link
 * ReorgDetector#aboveTip} follows their parents instead.
 *
 * <p>Steps down from the tip, twice as far each time, until the node has the block too; then halves
 * the distance between that block and the lowest one that the node does not have. A reorg of depth
 * {@code d} costs about {@code 2 log d} requests.
 */
final class CommonAncestorSearch {
  private final ChainNode node;
  private final LocalChain branch;

  /** Result of a search. */
  sealed interface SearchResult {
    /** The answers of the node are inconclusive: the node may be importing a block. */
    record Unclear() implements SearchResult {}

    /**
     * The last block that both branches share; null if they share none and no delivered block is
     * final.
     */
    record Shared(Source.@Nullable BlockRef place) implements SearchResult {}

    /** No held block is shared, and more blocks have been delivered than are held. */
    record TooDeep(Source.BlockRef lowest) implements SearchResult {}
  }

  CommonAncestorSearch(ChainNode node, LocalChain branch) {
    this.node = node;
    this.branch = branch;
  }

  /** Searches below a block that is known to be replaced. */
  SearchResult search(long replaced) throws InterruptedException {
    long differs = replaced;
    Long shared = null;
    long step = 1;
    while (shared == null) {
      Long probe = branch.upTo(Math.max(branch.lowest(), differs - step));
      if (probe == null || probe >= differs) {
        return nothingShared();
      }
      Optional<Boolean> same = isShared(probe);
      if (same.isEmpty()) {
        return new SearchResult.Unclear();
      }
      if (same.get()) {
        shared = probe;
      } else {
        differs = probe;
        step *= 2;
      }
    }
    return between(shared, differs);
  }

  private SearchResult between(long shared, long differs) throws InterruptedException {
    long low = shared;
    long high = differs;
    while (true) {
      Long middle = branch.upTo((low + high) / 2);
      if (middle == null || middle <= low) {
        middle = branch.above(low);
      }
      if (middle == null || middle >= high) {
        return new SearchResult.Shared(branch.place(low));
      }
      Optional<Boolean> same = isShared(middle);
      if (same.isEmpty()) {
        return new SearchResult.Unclear();
      }
      if (same.get()) {
        low = middle;
      } else {
        high = middle;
      }
    }
  }

  private SearchResult nothingShared() {
    return branch.isWhole()
        ? new SearchResult.Shared(null)
        : new SearchResult.TooDeep(branch.place(branch.lowest()));
  }

  private Optional<Boolean> isShared(long number) throws InterruptedException {
    Optional<NodeBlockHeader> theirs = node.block(number);
    Bytes32 ours = branch.place(number).hash();
    return theirs.map(block -> block.header().hash().equals(ours));
  }
}
