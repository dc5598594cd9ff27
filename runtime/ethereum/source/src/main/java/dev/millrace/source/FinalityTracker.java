package dev.millrace.source;

import dev.millrace.evm.BlockHeader;
import dev.millrace.loaders.Bytes32;
import dev.millrace.pipeline.Source;
import dev.millrace.rpc.BlockTag;
import dev.millrace.rpc.ChainNode;
import dev.millrace.rpc.NodeBlockHeader;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * The head and the final block of the chain, as the node reports them.
 *
 * <p>Without a setting the block that the chain calls finalized decides. If no endpoint names such
 * a block, the default depth of a known chain is used, and reported; another chain is refused. No
 * block becomes final because a node is silent.
 *
 * <p>A final block stays final. A node that is syncing, or one of several behind one address, may
 * name an earlier block; that moves nothing here. A final block above our tip counts once it is
 * shown to be there: a single reply that names a head which is far too high moves nothing either.
 * Refreshed by the thread that reads the feed; the snapshot may be read by any.
 */
final class FinalityTracker {
  /**
   * Requests for a finalized block before the endpoints are taken to know none: a node that was
   * just started names none at first. They count from the time when all endpoints answer.
   */
  private static final int MAX_ASKED = 8;

  /**
   * Longest wait for endpoints that give no answers, while no other one names the block: an
   * endpoint that led to another chain is asked again after five minutes.
   */
  private static final Duration PATIENCE = Duration.ofMinutes(6);

  /** The first pause between these requests is this part of the polling interval. */
  private static final int FIRST_PAUSE_PART = 8;

  private final ChainNode node;
  private final FinalityChoice finality;
  private final InstantSource clock;
  private final LocalChain branch;
  private final Duration poll;
  private volatile HeadSnapshot snapshot;
  private volatile String waitingFor = "";

  /** The highest block that was shown together with the id of our chain. */
  private long highest = -1;

  /**
   * @param head the latest block of the node; null before it has been asked
   * @param finalBlock the greatest final block so far that was shown to be there
   * @param finalHash its hash, if the node returned it for a tag
   * @param since the time of the last change of the head
   */
  record HeadSnapshot(
      @Nullable BlockHeader head, long finalBlock, @Nullable Bytes32 finalHash, Instant since) {
    long number() {
      return head == null ? -1 : head.number();
    }
  }

  /**
   * @param branch the held branch; blocks below its reversible part are final already
   */
  FinalityTracker(ChainSource source, InstantSource clock, LocalChain branch) {
    this.node = source.node();
    this.finality = source.finality();
    this.branch = branch;
    this.poll = source.request().reading().poll();
    this.clock = clock;
    this.snapshot = new HeadSnapshot(null, branch.floor(), null, clock.instant());
  }

  HeadSnapshot snapshot() {
    return snapshot;
  }

  /** Asks the node again; its answers may be older than before. */
  HeadSnapshot refresh() throws InterruptedException {
    Optional<NodeBlockHeader> latest = node.block(BlockTag.LATEST);
    if (latest.isEmpty()) {
      return snapshot;
    }
    BlockHeader head = latest.get().header();
    BlockHeader named = finality.tag().isEmpty() ? null : named(head);
    HeadSnapshot before = snapshot;
    long finalBlock = finalizedBy(head, named, before.finalBlock());
    boolean isHigher = finalBlock > before.finalBlock() && isShown(finalBlock, named);
    long reached = isHigher ? finalBlock : before.finalBlock();
    Bytes32 kept = isHigher ? null : before.finalHash();
    boolean same = before.head() != null && before.head().hash().equals(head.hash());
    snapshot =
        new HeadSnapshot(
            head,
            reached,
            named != null && named.number() == reached ? named.hash() : kept,
            same ? before.since() : clock.instant());
    return snapshot;
  }

  /**
   * True for a final block up to our tip, and for a block above it that an endpoint shows, together
   * with the block {@code depth} above that makes it final.
   */
  private boolean isShown(long number, @Nullable BlockHeader named) throws InterruptedException {
    Source.BlockRef tip = branch.tip();
    if (tip != null && number <= tip.block()) {
      return true;
    }
    long above = number + finality.depth().orElse(0);
    Map<Long, NodeBlockHeader> blocks =
        show(above == number ? List.of(number) : List.of(number, above));
    NodeBlockHeader shown = blocks.get(number);
    return shown != null
        && blocks.containsKey(above)
        && (named == null
            || named.number() != number
            || named.hash().equals(shown.header().hash()));
  }

  /** True if an endpoint that names its chain in the same request has shown a block this high. */
  boolean isThere(long number) throws InterruptedException {
    if (number > highest) {
      show(List.of(number));
    }
    return number <= highest;
  }

  private Map<Long, NodeBlockHeader> show(List<Long> numbers) throws InterruptedException {
    Map<Long, NodeBlockHeader> blocks = node.provenBlocks(numbers);
    blocks.keySet().forEach(number -> highest = Math.max(highest, number));
    return blocks;
  }

  /** Drops what nodes reported beyond the delivered blocks: their blocks do not fit. */
  void doubt() {
    snapshot = new HeadSnapshot(snapshot.head(), branch.floor(), null, snapshot.since());
    highest = -1;
  }

  /** Returns the reason why a look takes long, in words for people; empty if none does. */
  String waitingFor() {
    return waitingFor;
  }

  /**
   * Returns the final block as seen from a head. {@link HeadFollower} counts the depth from our own
   * tip, and endpoints prove it by {@link dev.millrace.rpc.FinalityRule}: all three have to agree.
   */
  private long finalizedBy(BlockHeader head, @Nullable BlockHeader named, long before) {
    if (named != null) {
      finality.named();
    } else if (finality.isTagged()) {
      return before; // another endpoint, without the block that a neighbour named
    }
    long byTag = named == null ? head.number() : named.number();
    OptionalLong depth = finality.depth();
    return depth.isPresent() ? Math.min(byTag, head.number() - depth.getAsLong()) : byTag;
  }

  private @Nullable BlockHeader named(BlockHeader head) throws InterruptedException {
    String tag = finality.tag();
    BlockTag name = BlockTag.valueOf(tag.toUpperCase(Locale.ROOT));
    if (name == BlockTag.LATEST) {
      return head;
    }
    Instant began = clock.instant();
    Optional<NodeBlockHeader> block = node.block(name);
    int asked = 1;
    for (int pauses = 0; mustBeNamed(block) && asked < MAX_ASKED; pauses++) {
      waitingFor = "the %s block, which no endpoint names".formatted(tag);
      long part = Math.max(1, FIRST_PAUSE_PART >> Math.min(pauses, FIRST_PAUSE_PART));
      node.pause(poll.dividedBy(part));
      block = node.block(name); // another endpoint may know it
      asked = isAway(began) ? 1 : asked + 1;
    }
    waitingFor = "";
    if (mustBeNamed(block)) {
      finality.takeDepth();
    }
    return block.map(NodeBlockHeader::header).orElse(null);
  }

  /** True if an endpoint that gives no answers now may be the one that names the block. */
  private boolean isAway(Instant began) {
    return Duration.between(began, clock.instant()).compareTo(PATIENCE) < 0
        && node.status().endpoints().stream()
            .anyMatch(each ->
                switch (each.state()) {
                  case FAILING, FRESH, WRONG -> true;
                  // With a reason, it has refused every request since its last answer.
                  case LIMITED -> !each.reason().isEmpty();
                  case GOOD -> false;
                });
  }

  /**
   * Returns the number of blocks below the head that are not final; empty: only the tag decides.
   */
  OptionalLong depth() {
    return finality.depth();
  }

  private boolean mustBeNamed(Optional<NodeBlockHeader> block) {
    return block.isEmpty() && finality.isOpen();
  }
}
