package dev.millrace.source;

import dev.millrace.evm.BlockHeader;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.Batch;
import dev.millrace.pipeline.Source;
import dev.millrace.pipeline.SourceBlock;
import dev.millrace.pipeline.SourceEvent;
import dev.millrace.rpc.NodeBlockHeader;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * Delivers the blocks that a reorg may still replace, one by one: each must name the one before it
 * as its parent. Far below the head many blocks are fetched at once, but never more than a few
 * batches of them. Confined to the thread that reads the feed.
 */
final class HeadFollower {
  /** Number of blocks fetched at once. */
  static final int AT_ONCE = 32;

  private final LocalChain branch;
  private final FinalityTracker horizon;
  private final ReorgDetector reorgs;
  private final HeadBlockFetcher fetch;
  private final ChainEventDecoder decoder;
  private final ArrayDeque<FetchedRange> pending = new ArrayDeque<>();
  private long finalizedBlock;
  private boolean isSpoilt;

  HeadFollower(
      LocalChain branch,
      FinalityTracker horizon,
      ReorgDetector reorgs,
      HeadBlockFetcher fetch,
      ChainEventDecoder decoder) {
    this.branch = branch;
    this.horizon = horizon;
    this.reorgs = reorgs;
    this.fetch = fetch;
    this.decoder = decoder;
  }

  /** True if there are fetched blocks that have not been delivered. */
  boolean isReady() {
    return isSpoilt || !pending.isEmpty();
  }

  /**
   * Returns the next blocks or a rewind; null if there is neither now.
   *
   * @param last the last block to deliver
   */
  Source.@Nullable Step next(FinalityTracker.HeadSnapshot snapshot, long last, int events)
      throws InterruptedException {
    if (pending.isEmpty() && !isSpoilt) {
      Source.Rewind rewind = look(snapshot, last);
      if (rewind != null) {
        return rewind;
      }
    }
    return isReady() ? batch(events) : null;
  }

  private Source.@Nullable Rewind look(FinalityTracker.HeadSnapshot snapshot, long last)
      throws InterruptedException {
    long next = branch.next();
    long to = Math.min(last, Math.min(snapshot.number(), next + AT_ONCE - 1));
    List<NodeBlockHeader> fetched = to < next ? List.of() : fetch.blocks(next, to);
    List<NodeBlockHeader> linked = longest(fetched);
    if (branch.tip() == null
        && !linked.isEmpty()
        && !reorgs.areConfirmed(List.of(linked.getLast().header()))) {
      return null;
    }
    ReorgDetector.TipCheck look =
        linked.isEmpty() ? reorgs.atTip(snapshot) : reorgs.atFinal(snapshot);
    if (!linked.isEmpty() || fetched.isEmpty()) {
      reorgs.recordLinked();
    } else if (look instanceof ReorgDetector.TipCheck.Unchanged) {
      look = reorgs.aboveTip(fetched.getLast().header());
    }
    if (look instanceof ReorgDetector.TipCheck.Reorged(Source.Rewind rewind)) {
      return rewind;
    }
    if (look instanceof ReorgDetector.TipCheck.Inconclusive && !linked.isEmpty()) {
      horizon.doubt(); // the final block is not on the chain of the other endpoints
    }
    if (look instanceof ReorgDetector.TipCheck.Unchanged && !linked.isEmpty()) {
      finalizedBlock = snapshot.finalBlock();
      pending.addAll(fetch.logs(linked, decoder.plan()));
    }
    return null;
  }

  /**
   * Returns the blocks up to the last that lead to our tip, if it does; else those before the first
   * that is not the child of the one before. An endpoint that stays on a replaced branch still
   * answers for its heights, so the blocks between are asked for by the hash that the next block
   * names.
   */
  private List<NodeBlockHeader> longest(List<NodeBlockHeader> blocks) throws InterruptedException {
    List<NodeBlockHeader> linked = linked(blocks);
    if (linked.size() == blocks.size()) {
      return linked;
    }
    List<NodeBlockHeader> path = new ArrayList<>();
    path.add(blocks.getLast());
    for (int i = blocks.size() - 2; i >= 0; i--) {
      BlockHeader above = path.getFirst().header();
      NodeBlockHeader below = blocks.get(i);
      if (!below.header().hash().equals(above.parent())) {
        below = fetch.block(above.parent()).orElse(null);
        if (below == null || below.header().number() != above.number() - 1) {
          return linked;
        }
      }
      path.addFirst(below);
    }
    return linked(path).size() == path.size() ? path : linked;
  }

  /**
   * Returns the first of the blocks, as far as each is the child of the one before, from our tip
   * on.
   */
  private List<NodeBlockHeader> linked(List<NodeBlockHeader> blocks) {
    Source.BlockRef tip = branch.tip();
    List<NodeBlockHeader> linked = new ArrayList<>();
    BlockHeader before = null;
    for (NodeBlockHeader block : blocks) {
      BlockHeader header = block.header();
      boolean follows =
          before != null
              ? header.parent().equals(before.hash())
              : tip == null || header.parent().equals(tip.hash());
      if (!follows) {
        return linked;
      }
      linked.add(block);
      before = header;
    }
    return linked;
  }

  /**
   * Delivers blocks with about so many events. If a block with a discovered contract is gone before
   * that contract's logs are fetched, the router can no longer be used: the blocks before that
   * block are delivered, then a rewind to the tip makes the lane open a feed with a new router.
   */
  private Source.@Nullable Step batch(int max) throws InterruptedException {
    List<SourceEvent> events = new ArrayList<>();
    List<SourceBlock> blocks = new ArrayList<>();
    List<Source.DiscoveredContract> found = new ArrayList<>();
    long bytes = 0;
    do {
      DecodedBlocks decoded = decode(pending.poll());
      if (decoded == null) {
        break;
      }
      SourceBlock block = decoded.last();
      events.addAll(decoded.events());
      found.addAll(decoded.found());
      bytes += decoded.bytes();
      blocks.add(block);
      branch.extend(block.number(), block.hash());
    } while (events.size() < max && bytes < DecodedBlocks.MAX_BATCH_BYTES && !pending.isEmpty());
    long finalBlock = finalBlock();
    branch.finalizeUpTo(finalBlock);
    return blocks.isEmpty()
        ? new Source.Rewind(branch.tip())
        : new Batch(events, blocks, blocks.getLast(), finalBlock, List.copyOf(found), bytes);
  }

  /**
   * Returns the greatest final block of our branch. A depth is counted from our own tip, which
   * every block below leads to: the head may be that of an endpoint on another branch.
   */
  private long finalBlock() {
    Source.BlockRef tip = branch.tip();
    OptionalLong depth = horizon.depth();
    return depth.isEmpty() || tip == null
        ? finalizedBlock
        : Math.max(branch.floor(), Math.min(finalizedBlock, tip.block() - depth.getAsLong()));
  }

  private @Nullable DecodedBlocks decode(@Nullable FetchedRange block) throws InterruptedException {
    if (isSpoilt || block == null) {
      return null;
    }
    try {
      return decoder.decode(block).getFirst();
    } catch (MillraceException gone) {
      if (gone.remedy() != Remedy.REWIND) {
        throw gone;
      }
      isSpoilt = true;
      return null;
    }
  }
}
