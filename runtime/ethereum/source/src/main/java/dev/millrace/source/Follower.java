package dev.millrace.source;

import dev.millrace.evm.Header;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.Batch;
import dev.millrace.pipeline.Block;
import dev.millrace.pipeline.Event;
import dev.millrace.pipeline.Source;
import dev.millrace.rpc.NodeBlock;
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
final class Follower {
  /** Number of blocks fetched at once. */
  static final int AT_ONCE = 32;

  private final Branch branch;
  private final Horizon horizon;
  private final Reorgs reorgs;
  private final BlockFetch fetch;
  private final Decoder decoder;
  private final ArrayDeque<Stretch> pending = new ArrayDeque<>();
  private long settled;
  private boolean isSpoilt;

  Follower(Branch branch, Horizon horizon, Reorgs reorgs, BlockFetch fetch, Decoder decoder) {
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
  Source.@Nullable Step next(Horizon.Sight sight, long last, int events)
      throws InterruptedException {
    if (pending.isEmpty() && !isSpoilt) {
      Source.Rewind rewind = look(sight, last);
      if (rewind != null) {
        return rewind;
      }
    }
    return isReady() ? batch(events) : null;
  }

  private Source.@Nullable Rewind look(Horizon.Sight sight, long last) throws InterruptedException {
    long next = branch.next();
    long to = Math.min(last, Math.min(sight.number(), next + AT_ONCE - 1));
    List<NodeBlock> linked = to < next ? List.of() : linked(fetch.blocks(next, to));
    if (branch.tip() == null
        && !linked.isEmpty()
        && !reorgs.areConfirmed(List.of(linked.getLast().header()))) {
      return null;
    }
    Reorgs.Look look = linked.isEmpty() ? reorgs.atTip(sight) : reorgs.atFinal(sight);
    if (look instanceof Reorgs.Look.Turned(Source.Rewind rewind)) {
      return rewind;
    }
    if (look instanceof Reorgs.Look.Later && !linked.isEmpty()) {
      horizon.doubt(); // the final block is not on the chain of the other endpoints
    }
    if (look instanceof Reorgs.Look.Same && !linked.isEmpty()) {
      settled = sight.finalBlock();
      pending.addAll(fetch.logs(linked, decoder.plan()));
    }
    return null;
  }

  /**
   * Returns the first of the blocks, as far as each is the child of the one before, from our tip
   * on.
   */
  private List<NodeBlock> linked(List<NodeBlock> blocks) {
    Source.Place tip = branch.tip();
    List<NodeBlock> linked = new ArrayList<>();
    Header before = null;
    for (NodeBlock block : blocks) {
      Header header = block.header();
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
   * that contract's logs are fetched, the router is spoilt: the blocks before it are delivered,
   * then a rewind to the tip makes the lane open a feed with a new router.
   */
  private Source.@Nullable Step batch(int most) throws InterruptedException {
    List<Event> events = new ArrayList<>();
    List<Block> blocks = new ArrayList<>();
    List<Source.Found> found = new ArrayList<>();
    do {
      Told told = decode(pending.poll());
      if (told == null) {
        break;
      }
      Block block = told.last();
      events.addAll(told.events());
      found.addAll(told.found());
      blocks.add(block);
      branch.extend(block.number(), block.hash());
    } while (events.size() < most && !pending.isEmpty());
    long finalBlock = finalBlock();
    branch.settle(finalBlock);
    return blocks.isEmpty()
        ? new Source.Rewind(branch.tip())
        : new Batch(events, blocks, blocks.getLast(), finalBlock, List.copyOf(found));
  }

  /**
   * Returns the greatest final block of our branch. A depth is counted from our own tip, which
   * every block below leads to: the head may be that of an endpoint on another branch.
   */
  private long finalBlock() {
    Source.Place tip = branch.tip();
    OptionalLong depth = horizon.depth();
    return depth.isEmpty() || tip == null
        ? settled
        : Math.max(branch.floor(), Math.min(settled, tip.block() - depth.getAsLong()));
  }

  private @Nullable Told decode(@Nullable Stretch block) throws InterruptedException {
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
