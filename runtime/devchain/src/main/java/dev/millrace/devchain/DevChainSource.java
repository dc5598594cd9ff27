package dev.millrace.devchain;

import dev.millrace.evm.LogRouter;
import dev.millrace.evm.SourceRequest;
import dev.millrace.evm.Until;
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

/** Tells a dev chain to a lane: logs are made, routed and decoded as those of a node would be. */
final class DevChainSource implements Source {
  /** So that a stretch without events moves the frontier and not only at its end. */
  private static final int MOST_BLOCKS = 10_000;

  private final DevChain chain;
  private final SourceRequest request;
  private final LogRouter router;
  private final boolean asksTransfers;
  private final int asksNames;

  DevChainSource(DevChain chain, SourceRequest request) {
    this.chain = chain;
    this.request = request;
    this.router = LogRouter.of(request.indexer(), request.chain(), request.contracts());
    this.asksTransfers = router.asks(DevChain.TOKEN, DevChainTransfers.TOPIC);
    this.asksNames =
        (int)
            DevChainNames.TOPICS.stream()
                .filter(topic -> router.asks(DevChain.REGISTRY, topic))
                .count();
  }

  @Override
  public Feed open(Standing standing) {
    Place after = standing.last();
    if (after == null) {
      return new DevChainFeed(request.from());
    }
    if (after.block() > chain.head() || !chain.hash(after.block()).equals(after.hash())) {
      throw new MillraceException(
          Remedy.FIX_SETUP,
          "chain does not hold the block that the lane has reached: block=%d hash=%s head=%d"
              .formatted(after.block(), after.hash(), chain.head()));
    }
    return new DevChainFeed(after.block() + 1);
  }

  /** Whether a feed has been closed. */
  interface Ending {
    boolean hasEnded();
  }

  private final class DevChainFeed implements Feed, Ending {
    private final DevChainLogs logs = DevChainLogs.of(chain.settings());
    private final OptionalLong last;
    private final long begin;
    private volatile boolean closed;
    private volatile long next; // written by the thread that reads the feed

    DevChainFeed(long next) {
      this.begin = next;
      this.next = next;
      this.last =
          switch (request.until()) {
            case Until.AtBlock(long number) -> OptionalLong.of(number);
            case Until.AtHead() -> OptionalLong.of(chain.head());
            case Until.Never() -> OptionalLong.empty();
          };
    }

    @Override
    public @Nullable Batch next(int events) throws InterruptedException {
      long first = next;
      if (last.isPresent() && first > last.getAsLong()) {
        return null;
      }
      if (!chain.await(first, this) || closed) {
        throw new InterruptedException("feed was closed: block=" + first);
      }
      long head = chain.head();
      long settled = head - request.finality().depth().orElse(0);
      boolean reversible = first > settled;
      long end = Math.min(last.orElse(Long.MAX_VALUE), reversible ? head : settled);
      return batch(first, Math.min(end, first + MOST_BLOCKS - 1), events, settled);
    }

    private Batch batch(long first, long end, int events, long settled) {
      boolean reversible = first > settled;
      List<Event> found = new ArrayList<>();
      List<Block> blocks = new ArrayList<>();
      Block block = chain.block(first);
      tell(block, found);
      while (true) {
        if (reversible) {
          blocks.add(block);
        }
        if (block.number() == end || found.size() >= events) {
          next = block.number() + 1;
          return new Batch(found, blocks, block, settled, List.of());
        }
        block = chain.block(block.number() + 1, block.hash());
        tell(block, found);
      }
    }

    private void tell(Block block, List<Event> found) {
      if (asksTransfers) {
        logs.tellTransfers(block, log -> add(router.route(log), found));
      }
      if (asksNames > 0) {
        logs.tellNames(block, log -> add(router.route(log), found));
      }
    }

    private void add(@Nullable Event event, List<Event> found) {
      if (event != null) {
        found.add(event);
      }
    }

    @Override
    public Extent extent() {
      OptionalLong end = last.isPresent() ? last : OptionalLong.of(chain.head());
      // A part of the registry's events is drawn block by block, so only all or none are counted.
      boolean counted = asksNames == 0 || asksNames == DevChainNames.TOPICS.size();
      return new Extent(
          OptionalLong.of(begin),
          end,
          counted ? OptionalLong.of(events(end.getAsLong())) : OptionalLong.empty());
    }

    private long events(long end) {
      long transfers = asksTransfers ? DevChainLogs.of(chain.settings()).transfers(begin, end) : 0;
      long blocks = Math.max(0, end + 1 - begin);
      return transfers + (asksNames == 0 ? 0 : blocks * chain.settings().names());
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
