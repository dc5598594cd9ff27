package dev.millrace.source;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.millrace.evm.BlockHeader;
import dev.millrace.evm.StopAt;
import dev.millrace.loaders.Bytes32;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.Batch;
import dev.millrace.pipeline.Source;
import dev.millrace.pipeline.SourceBlock;
import dev.millrace.pipeline.SourceEvent;
import java.time.temporal.ChronoUnit;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Feed of a chain from the position of a lane on.
 *
 * <p>Up to the final block the feed delivers history, in ranges; above it block by block. Every
 * step decides anew between the two, from the block to deliver next and from the final block that
 * the node reports.
 */
final class ChainFeed implements Source.Feed {
  private static final long OPEN = Long.MAX_VALUE;

  private final ChainSource source;
  private final LocalChain branch;
  private final FinalityTracker horizon;
  private final ChainEventDecoder decoder;
  private final FinalRangeFetcher rangeFetch;
  private final RangeScheduler ranges;
  private final ArrayDeque<DecodedBlocks> decoded = new ArrayDeque<>();
  private final ReorgDetector reorgs;
  private final HeadFollower follower;
  private final ExecutorService pool;
  private final long first;
  private final ReentrantLock lock = new ReentrantLock();
  private volatile long last;
  private volatile String waitingFor = "";
  private boolean ended;
  private boolean tipVerified;
  private boolean isUnlinked;
  private boolean isCompared;

  @GuardedBy("lock")
  private @Nullable Thread reader;

  @GuardedBy("lock")
  private boolean closed;

  ChainFeed(ChainSource source, Source.ResumePoint resumePoint) {
    this.source = source;
    this.branch = new LocalChain(resumePoint, source.request().from());
    this.first = branch.next();
    this.horizon = source.horizon(branch);
    this.pool = source.newThreads();
    this.decoder = new ChainEventDecoder(source, resumePoint.found());
    this.rangeFetch = new FinalRangeFetcher(source, decoder.fields());
    this.ranges =
        new RangeScheduler(
            pool, rangeFetch, decoder.plan(), first, source.memory().ranges().register());
    this.reorgs = new ReorgDetector(source, branch);
    this.follower =
        new HeadFollower(
            branch,
            horizon,
            reorgs,
            new HeadBlockFetcher(source.node(), source.recent(), source.findings(), pool),
            decoder);
    this.tipVerified = branch.tip() == null;
    this.isCompared = tipVerified;
    this.last =
        switch (source.request().until()) {
          case StopAt.AtBlock(long number) -> number;
          case StopAt.AtHead _, StopAt.Never _ -> OPEN;
        };
  }

  @Override
  public Source.@Nullable Step next(int events) throws InterruptedException {
    begin();
    try {
      while (!ended && (branch.next() <= last || !isCompared)) {
        Source.Step step = step(events);
        if (step != null) {
          isCompared = true; // each step is linked to our tip
          ended = step instanceof Source.Rewind;
          waitingFor = "";
          return step;
        }
      }
      ended = true;
      waitingFor = "";
      return null;
    } finally {
      end();
    }
  }

  private Source.@Nullable Step step(int events) throws InterruptedException {
    if (branch.next() > last) {
      return compare(horizon.refresh());
    }
    return decoded.isEmpty() && ranges.isEmpty() ? nextUnfinalized(events) : nextFinalized(events);
  }

  /** Already past the end: checks that the chain still goes through our tip. */
  private Source.@Nullable Step compare(FinalityTracker.HeadSnapshot snapshot)
      throws InterruptedException {
    return switch (reorgs.atTip(snapshot)) {
      case ReorgDetector.TipCheck.Unchanged _ -> {
        isCompared = true;
        yield null;
      }
      case ReorgDetector.TipCheck.Inconclusive _ -> pause(snapshot);
      case ReorgDetector.TipCheck.Reorged(Source.Rewind rewind) -> rewind;
    };
  }

  /**
   * Returns one batch of the final blocks that are ready, and waits for the first range only. Null
   * if the first block of that range does not name our tip as its parent: then one of the two
   * blocks has been replaced, final or not, and nothing is delivered before {@link #backfill} has
   * checked.
   */
  private @Nullable Batch nextFinalized(int max) throws InterruptedException {
    waitingFor = "the logs from block " + branch.next();
    List<SourceEvent> events = new ArrayList<>();
    List<Source.DiscoveredContract> found = new ArrayList<>();
    SourceBlock block = null;
    long bytes = 0;
    rangeFetch.cutEvery(max);
    do {
      if (decoded.isEmpty()) {
        if (!decodeNext(block)) {
          tipVerified = false;
          source.node().reprove();
          horizon.doubt();
          ranges.abandon(block == null ? branch.next() : block.number() + 1);
          break;
        }
        ranges.follow(decoder.plan());
      }
      DecodedBlocks piece = decoded.remove();
      events.addAll(piece.events());
      found.addAll(piece.found());
      bytes += piece.bytes();
      block = piece.last();
    } while (events.size() < max
        && bytes < DecodedBlocks.MAX_BATCH_BYTES
        && (!decoded.isEmpty() || ranges.isReady()));
    if (block == null) {
      return null;
    }
    branch.extend(block.number(), block.hash());
    branch.finalizeUpTo(block.number());
    return new Batch(events, List.of(), block, block.number(), List.copyOf(found), bytes);
  }

  /**
   * Takes the next range and decodes it. False if it does not follow the block before it, or if no
   * endpoint calls its blocks final any more.
   */
  private boolean decodeNext(@Nullable SourceBlock before) throws InterruptedException {
    try {
      FetchedRange range = ranges.take();
      isUnlinked = !follows(range, before);
      if (!isUnlinked) {
        decoded.addAll(decoder.decode(range));
      }
      return !isUnlinked;
    } catch (MillraceException denied) {
      if (denied.remedy() != Remedy.RETRY) {
        throw denied;
      }
      return false;
    }
  }

  /** True if a range begins with the child of the block before it. */
  private boolean follows(FetchedRange range, @Nullable SourceBlock before)
      throws InterruptedException {
    Source.BlockRef tip = branch.tip();
    Bytes32 parent = before != null ? before.hash() : tip == null ? null : tip.hash();
    BlockHeader first = range.headers().get(range.from());
    if (parent == null) {
      BlockHeader end = range.headers().get(range.lastBlock());
      return first != null
          && end != null
          && reorgs.areConfirmed(first.equals(end) ? List.of(first) : List.of(first, end));
    }
    return first != null && first.parent().equals(parent);
  }

  /** Behind the last range: refreshes the horizon and continues with ranges or single blocks. */
  private Source.@Nullable Step nextUnfinalized(int events) throws InterruptedException {
    if (follower.isReady()) {
      return follower.next(horizon.snapshot(), last, events);
    }
    FinalityTracker.HeadSnapshot snapshot = horizon.refresh();
    if (last == OPEN
        && source.request().until() instanceof StopAt.AtHead
        && snapshot.head() != null) {
      // A single reply may name a head that is far too high.
      if (!horizon.isThere(snapshot.number())) {
        return pause(snapshot);
      }
      last = snapshot.number();
      if (branch.next() > last) {
        return null;
      }
    }
    if (snapshot.finalBlock() < branch.next()) {
      source.genesis().learn();
      Source.Step step = follower.next(snapshot, last, events);
      tipVerified &= step == null;
      return step != null || follower.isReady() ? step : pause(snapshot);
    }
    return backfill(snapshot);
  }

  /**
   * Begins ranges above our tip, which must be the node's as well: the first block has to name it.
   */
  private Source.@Nullable Step backfill(FinalityTracker.HeadSnapshot snapshot)
      throws InterruptedException {
    if (branch.tip() != null) {
      source.genesis().learn();
    }
    if (!tipVerified) {
      switch (reorgs.atTip(snapshot)) {
        case ReorgDetector.TipCheck.Unchanged _ -> tipVerified = true;
        case ReorgDetector.TipCheck.Inconclusive _ -> {
          return pause(snapshot);
        }
        case ReorgDetector.TipCheck.Reorged(Source.Rewind rewind) -> {
          return rewind;
        }
      }
    }
    if (isUnlinked) {
      isUnlinked = false; // our tip is right, so the header was not
      return pause(snapshot);
    }
    ranges.reach(branch.next(), Math.min(last, snapshot.finalBlock()));
    source.genesis().learn(); // while the first range is fetched
    return null;
  }

  private Source.@Nullable Step pause(FinalityTracker.HeadSnapshot snapshot)
      throws InterruptedException {
    waitingFor =
        snapshot.head() == null
            ? "a head of the chain; the node tells none"
            : "block %d; the head of the chain is %d since %s"
                .formatted(
                    branch.next(),
                    snapshot.number(),
                    snapshot.since().truncatedTo(ChronoUnit.SECONDS));
    source.node().awaitHead(source.request().reading().poll());
    return null;
  }

  private void begin() throws InterruptedException {
    lock.lock();
    try {
      if (closed) {
        throw new InterruptedException("feed was closed: block=" + branch.next());
      }
      reader = Thread.currentThread();
    } finally {
      lock.unlock();
    }
  }

  private void end() {
    lock.lock();
    try {
      reader = null;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public Source.BlockRange extent() {
    long end = last != OPEN ? last : horizon.snapshot().number();
    return new Source.BlockRange(
        OptionalLong.of(first),
        end < 0 ? OptionalLong.empty() : OptionalLong.of(end),
        OptionalLong.empty());
  }

  @Override
  public String waitingFor() {
    String why = source.node().status().waitingFor();
    String dispute = source.findings().disputes().waitingFor();
    return Stream.of(dispute, waitingFor, horizon.waitingFor(), rangeFetch.waitingFor(), why)
        .filter(reason -> !reason.isEmpty())
        .collect(Collectors.joining("; "));
  }

  @Override
  public SortedMap<String, String> report() {
    return source.report(horizon, decoder.router());
  }

  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      if (reader != null && reader.threadId() != Thread.currentThread().threadId()) {
        reader.interrupt();
      }
    } finally {
      lock.unlock();
    }
    ranges.close();
    pool.shutdownNow();
  }
}
