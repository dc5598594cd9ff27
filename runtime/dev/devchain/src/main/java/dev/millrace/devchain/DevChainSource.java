package dev.millrace.devchain;

import dev.millrace.evm.BlockDataSource;
import dev.millrace.evm.Finality;
import dev.millrace.evm.LogRouter;
import dev.millrace.evm.SourceRequest;
import dev.millrace.evm.StopAt;
import dev.millrace.loaders.Bytes32;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.Batch;
import dev.millrace.pipeline.Source;
import dev.millrace.pipeline.SourceBlock;
import dev.millrace.pipeline.SourceEvent;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** Serves a dev chain to a lane: logs are made, routed and decoded as those of a node would be. */
final class DevChainSource implements Source {
  /** Limit of a batch, so that the frontier also moves within a stretch without events. */
  private static final int MAX_BLOCKS = 10_000;

  private final DevChain chain;
  private final SourceRequest request;

  DevChainSource(DevChain chain, SourceRequest request) {
    this.chain = chain;
    this.request = request;
    router(List.of()); // so that mistakes are found now
  }

  private LogRouter router(List<DiscoveredContract> found) {
    return LogRouter.of(request, BlockDataSource.NONE, found);
  }

  @Override
  public Feed open(ResumePoint resumePoint) {
    DevChainHead tip = chain.tip();
    BlockRef last = resumePoint.last();
    if (last == null) {
      return new DevChainFeed(resumePoint, tip, request.from(), null);
    }
    BlockRef shared = shared(resumePoint, tip);
    if (shared == null && last.block() >= request.from() && !isOnlyReversible(resumePoint)) {
      throw new MillraceException(
          Remedy.FIX_SETUP,
          ("chain does not hold the block that the lane has reached: block=%d hash=%s head=%d;"
                  + " name the chain that was indexed, or begin anew with: reset --yes")
              .formatted(last.block(), last.hash(), tip.head()));
    }
    Rewind rewind = last.equals(shared) ? null : new Rewind(shared);
    return new DevChainFeed(resumePoint, tip, last.block() + 1, rewind);
  }

  /** True if all blocks that the lane has lie in the window, down to the first. */
  private boolean isOnlyReversible(ResumePoint resumePoint) {
    return !resumePoint.window().isEmpty()
        && resumePoint.window().getFirst().block() <= request.from()
        && resumePoint.window().size() > 1;
  }

  /** Returns the last block that the lane and the chain share. */
  private @Nullable BlockRef shared(ResumePoint resumePoint, DevChainHead tip) {
    BlockGenerator teller = new BlockGenerator(chain.settings());
    BlockRef last = resumePoint.last();
    List<BlockRef> places = new ArrayList<>(resumePoint.window());
    if (last != null && !places.contains(last)) {
      places.add(last);
    }
    return places.reversed().stream()
        .filter(place -> place.block() <= tip.head())
        .filter(place -> teller.hash(tip.branch(), place.block()).equals(place.hash()))
        .findFirst()
        .orElse(null);
  }

  private final class DevChainFeed implements Feed, DevChain.Ending {
    private final BlockGenerator generator = new BlockGenerator(chain.settings());
    private final LogRouter router;
    private final OptionalLong last;
    private final long begin;
    private final boolean asksTransfers;
    private final long asksNames;
    private @Nullable Rewind rewind;
    private DevChainHead tip;
    private volatile boolean closed;
    private volatile long next; // written by the thread that reads the feed

    DevChainFeed(ResumePoint resumePoint, DevChainHead tip, long next, @Nullable Rewind rewind) {
      this.router = router(resumePoint.found());
      this.tip = tip;
      this.begin = next;
      this.next = next;
      this.rewind = rewind;
      this.asksTransfers = router.accepts(DevChain.TOKEN, DevChainTransfers.TOPIC);
      this.asksNames =
          DevChainNames.TOPICS.stream()
              .filter(topic -> router.accepts(DevChain.REGISTRY, topic))
              .count();
      this.last =
          switch (request.until()) {
            case StopAt.AtBlock(long number) -> OptionalLong.of(number);
            case StopAt.AtHead() -> OptionalLong.of(tip.head());
            case StopAt.Never() -> OptionalLong.empty();
          };
    }

    @Override
    public @Nullable Step next(int events) throws InterruptedException {
      while (!closed) {
        Rewind back = rewind == null ? rewind() : rewind;
        if (back != null) {
          rewind = back; // this feed ends here
          return back;
        }
        long first = next;
        if (last.isPresent() && first > last.getAsLong()) {
          return null;
        }
        if (first <= tip.head()) {
          return batch(first, events);
        }
        chain.awaitMove(tip, this);
      }
      throw new InterruptedException("feed was closed: block=" + next);
    }

    /** Looks at the tip; returns a rewind if the chain has left a delivered block. */
    private @Nullable Rewind rewind() {
      DevChainHead now = chain.tip();
      DevChainHead before = tip;
      tip = now;
      long shared = before.branch().shared(now.branch());
      if (shared >= next - 1 || next == request.from()) {
        return null;
      }
      return new Rewind(
          shared < request.from()
              ? null
              : new BlockRef(shared, generator.hash(now.branch(), shared)));
    }

    private Batch batch(long first, int events) {
      long finalBlock = finalizedBlock();
      boolean reversible = first > finalBlock;
      long end = Math.min(last.orElse(Long.MAX_VALUE), reversible ? tip.head() : finalBlock);
      end = Math.min(end, first + MAX_BLOCKS - 1);
      int kinds = kinds();
      List<SourceEvent> found = new ArrayList<>();
      List<SourceBlock> blocks = new ArrayList<>();
      SourceBlock block = generator.block(tip.branch(), first);
      generate(block, kinds, found);
      while (true) {
        if (reversible) {
          blocks.add(block);
        }
        if (block.number() == end || found.size() >= events) {
          next = block.number() + 1;
          return new Batch(found, blocks, block, finalBlock, router.takeFound());
        }
        block = generator.block(tip.branch(), block.number() + 1, block.hash());
        generate(block, kinds, found);
      }
    }

    private long finalizedBlock() {
      Finality finality = request.finality();
      long finalBlock = tip.head() - finality.depth().orElse(0);
      return finality.tag().isEmpty() ? finalBlock : Math.min(finalBlock, chain.finalized());
    }

    /**
     * Returns the kinds of logs that may have a handler; discovered contracts always belong to the
     * exchange.
     */
    private int kinds() {
      int kinds = 0;
      if (asksTransfers) {
        kinds |= BlockLogGenerator.TRANSFERS;
      }
      if (asksNames > 0) {
        kinds |= BlockLogGenerator.NAMES;
      }
      if (router.filters().stream()
          .anyMatch(filter ->
              filter.topics().isEmpty() || filter.topics().stream().anyMatch(this::isOfPools))) {
        kinds |= BlockLogGenerator.POOLS;
      }
      return kinds;
    }

    private boolean isOfPools(Bytes32 topic) {
      return DevChainPools.TOPICS.contains(topic)
          || (chain.settings().pools().vaults() && DevChainVaults.TOPICS.contains(topic));
    }

    private void generate(SourceBlock block, int kinds, List<SourceEvent> found) {
      if (kinds == 0) {
        return;
      }
      generator.generate(
          tip.branch(),
          block,
          kinds,
          log -> {
            SourceEvent event = router.route(log);
            if (event != null) {
              found.add(event);
            }
          });
    }

    @Override
    public BlockRange extent() {
      DevChainHead now = chain.tip();
      OptionalLong end = last.isPresent() ? last : OptionalLong.of(now.head());
      return new BlockRange(OptionalLong.of(begin), end, events(now, end.getAsLong()));
    }

    /** Returns the number of events, if it follows from the settings. */
    private OptionalLong events(DevChainHead now, long end) {
      boolean trunk = now.branch().shared(DevChainBranch.TRUNK) >= end;
      // A part of the registry's events is drawn block by block, so only all or none are counted.
      boolean counted = asksNames == 0 || asksNames == DevChainNames.TOPICS.size();
      if (!trunk || !counted || chain.settings().pools().count() > 0) {
        return OptionalLong.empty();
      }
      long blocks = Math.max(0, end + 1 - begin);
      return OptionalLong.of(
          (asksTransfers ? new BlockLogGenerator(chain.settings()).transfers(begin, end) : 0)
              + (asksNames == 0 ? 0 : blocks * chain.settings().names()));
    }

    @Override
    public String waitingFor() {
      boolean ended = last.isPresent() && next > last.getAsLong();
      return ended ? "" : "block %d, which the dev chain does not have yet".formatted(next);
    }

    @Override
    public boolean hasEnded() {
      return closed;
    }

    @Override
    public void close() {
      closed = true;
      chain.wake();
    }
  }
}
