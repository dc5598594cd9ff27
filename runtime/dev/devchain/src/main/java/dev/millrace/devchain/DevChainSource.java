package dev.millrace.devchain;

import dev.millrace.evm.ChainFacts;
import dev.millrace.evm.Finality;
import dev.millrace.evm.LogRouter;
import dev.millrace.evm.SourceRequest;
import dev.millrace.evm.Until;
import dev.millrace.loaders.Bytes32;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.Batch;
import dev.millrace.pipeline.Block;
import dev.millrace.pipeline.Event;
import dev.millrace.pipeline.Source;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** Serves a dev chain to a lane: logs are made, routed and decoded as those of a node would be. */
final class DevChainSource implements Source {
  /** Limit of a batch, so that the frontier also moves within a stretch without events. */
  private static final int MOST_BLOCKS = 10_000;

  private final DevChain chain;
  private final SourceRequest request;

  DevChainSource(DevChain chain, SourceRequest request) {
    this.chain = chain;
    this.request = request;
    router(List.of()); // so that mistakes are found now
  }

  private LogRouter router(List<Found> found) {
    return LogRouter.of(request, ChainFacts.NONE, found);
  }

  @Override
  public Feed open(Standing standing) {
    Tip tip = chain.tip();
    Place last = standing.last();
    if (last == null) {
      return new DevChainFeed(standing, tip, request.from(), null);
    }
    Place shared = shared(standing, tip);
    if (shared == null && last.block() >= request.from() && !isOnlyReversible(standing)) {
      throw new MillraceException(
          Remedy.FIX_SETUP,
          ("chain does not hold the block that the lane has reached: block=%d hash=%s head=%d;"
                  + " name the chain that was indexed, or begin anew with: reset --yes")
              .formatted(last.block(), last.hash(), tip.head()));
    }
    Rewind rewind = last.equals(shared) ? null : new Rewind(shared);
    return new DevChainFeed(standing, tip, last.block() + 1, rewind);
  }

  /** True if all blocks that the lane has lie in the window, down to the first. */
  private boolean isOnlyReversible(Standing standing) {
    return !standing.window().isEmpty()
        && standing.window().getFirst().block() <= request.from()
        && standing.window().size() > 1;
  }

  /** Returns the last block that the lane and the chain share. */
  private @Nullable Place shared(Standing standing, Tip tip) {
    BlockTeller teller = new BlockTeller(chain.settings());
    Place last = standing.last();
    List<Place> places = new ArrayList<>(standing.window());
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
    private final BlockTeller teller = new BlockTeller(chain.settings());
    private final LogRouter router;
    private final OptionalLong last;
    private final long begin;
    private final boolean asksTransfers;
    private final long asksNames;
    private @Nullable Rewind rewind;
    private Tip tip;
    private volatile boolean closed;
    private volatile long next; // written by the thread that reads the feed

    DevChainFeed(Standing standing, Tip tip, long next, @Nullable Rewind rewind) {
      this.router = router(standing.found());
      this.tip = tip;
      this.begin = next;
      this.next = next;
      this.rewind = rewind;
      this.asksTransfers = router.asks(DevChain.TOKEN, DevChainTransfers.TOPIC);
      this.asksNames =
          DevChainNames.TOPICS.stream()
              .filter(topic -> router.asks(DevChain.REGISTRY, topic))
              .count();
      this.last =
          switch (request.until()) {
            case Until.AtBlock(long number) -> OptionalLong.of(number);
            case Until.AtHead() -> OptionalLong.of(tip.head());
            case Until.Never() -> OptionalLong.empty();
          };
    }

    @Override
    public @Nullable Step next(int events) throws InterruptedException {
      while (!closed) {
        Rewind back = rewind == null ? turnBack() : rewind;
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
    private @Nullable Rewind turnBack() {
      Tip now = chain.tip();
      Tip before = tip;
      tip = now;
      long shared = before.branch().shared(now.branch());
      if (shared >= next - 1 || next == request.from()) {
        return null;
      }
      return new Rewind(
          shared < request.from() ? null : new Place(shared, teller.hash(now.branch(), shared)));
    }

    private Batch batch(long first, int events) {
      long settled = settled();
      boolean reversible = first > settled;
      long end = Math.min(last.orElse(Long.MAX_VALUE), reversible ? tip.head() : settled);
      end = Math.min(end, first + MOST_BLOCKS - 1);
      int kinds = kinds();
      List<Event> found = new ArrayList<>();
      List<Block> blocks = new ArrayList<>();
      Block block = teller.block(tip.branch(), first);
      tell(block, kinds, found);
      while (true) {
        if (reversible) {
          blocks.add(block);
        }
        if (block.number() == end || found.size() >= events) {
          next = block.number() + 1;
          return new Batch(found, blocks, block, settled, router.takeFound());
        }
        block = teller.block(tip.branch(), block.number() + 1, block.hash());
        tell(block, kinds, found);
      }
    }

    private long settled() {
      Finality finality = request.finality();
      long settled = tip.head() - finality.depth().orElse(0);
      return finality.tag().isEmpty() ? settled : Math.min(settled, chain.finalized());
    }

    /**
     * Returns the kinds of logs that may have a handler; discovered contracts always belong to the
     * exchange.
     */
    private int kinds() {
      int kinds = 0;
      if (asksTransfers) {
        kinds |= BlockStory.TRANSFERS;
      }
      if (asksNames > 0) {
        kinds |= BlockStory.NAMES;
      }
      if (router.filters().stream()
          .anyMatch(filter ->
              filter.topics().isEmpty() || filter.topics().stream().anyMatch(this::isOfPools))) {
        kinds |= BlockStory.POOLS;
      }
      return kinds;
    }

    private boolean isOfPools(Bytes32 topic) {
      return DevChainPools.TOPICS.contains(topic)
          || (chain.settings().pools().vaults() && DevChainVaults.TOPICS.contains(topic));
    }

    private void tell(Block block, int kinds, List<Event> found) {
      if (kinds == 0) {
        return;
      }
      teller.tell(
          tip.branch(),
          block,
          kinds,
          log -> {
            Event event = router.route(log);
            if (event != null) {
              found.add(event);
            }
          });
    }

    @Override
    public Extent extent() {
      Tip now = chain.tip();
      OptionalLong end = last.isPresent() ? last : OptionalLong.of(now.head());
      return new Extent(OptionalLong.of(begin), end, events(now, end.getAsLong()));
    }

    /** Returns the number of events, if it follows from the settings. */
    private OptionalLong events(Tip now, long end) {
      boolean trunk = now.branch().shared(Branch.TRUNK) >= end;
      // A part of the registry's events is drawn block by block, so only all or none are counted.
      boolean counted = asksNames == 0 || asksNames == DevChainNames.TOPICS.size();
      if (!trunk || !counted || chain.settings().pools().count() > 0) {
        return OptionalLong.empty();
      }
      long blocks = Math.max(0, end + 1 - begin);
      return OptionalLong.of(
          (asksTransfers ? new BlockStory(chain.settings()).transfers(begin, end) : 0)
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
