package dev.millrace.lane;

import com.lmax.disruptor.BatchEventProcessor;
import com.lmax.disruptor.BatchEventProcessorBuilder;
import com.lmax.disruptor.RingBuffer;
import com.lmax.disruptor.Sequence;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.BackoffRetry;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.pipeline.Indexer;
import dev.millrace.pipeline.LaneMirror;
import dev.millrace.pipeline.LaneStore;
import dev.millrace.pipeline.LaneStores;
import dev.millrace.pipeline.Source;
import dev.millrace.staging.ReadThroughLoader;
import dev.millrace.staging.StagedStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * One totally ordered stream of events on its way to durable rows.
 *
 * <p>Threads: {@code fetch} (virtual: an interrupt ends its requests) asks the source and fills
 * slots; {@code execute} and {@code commit} (platform: handlers and effects may keep all carriers)
 * own a stage each, and so does {@code mirror} between them where there is one. The commit thread
 * alone ends the lane.
 */
public final class Lane implements AutoCloseable {
  private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(5);

  /** Matches a value at the end, as in {@code batch=7} or {@code reason="…"}. */
  private static final Predicate<String> ENDS_WITH_A_VALUE =
      Pattern.compile("=(?:\\S*|\"[^\"]*\")$|\"$").asPredicate();

  private final String name;
  private final Source source;
  private final LaneStores stores;
  private final LaneServices services;
  private final HandlerWatchdog watch;
  private final StagedStore staged;
  private final HandlerState memory;
  private final RingBuffer<RingSlot> ring;
  private final Semaphore freeSlots;
  private final FetchAhead ahead;
  private final Optional<MirrorPublisher> publisher;
  private final CommitStage commit;

  /** Written once, by {@link #start}, before any processor runs. */
  private volatile List<BatchEventProcessor<RingSlot>> processors = List.of();

  private volatile List<Thread> threads = List.of();

  private final CountDownLatch ended = new CountDownLatch(1);
  private volatile @Nullable LaneOutcome end;
  private volatile Source.@Nullable Feed feed;

  private volatile String unfinished = ""; // the wait that outlasted the deadline of a drain
  private long closeBy; // @GuardedBy this

  public Lane(
      String name,
      Indexer indexer,
      Source source,
      LaneStore store,
      LaneSettings settings,
      Failpoint failpoint) {
    this(name, indexer, source, new LaneStores(store), settings, failpoint);
  }

  public Lane(
      String name,
      Indexer indexer,
      Source source,
      LaneStores stores,
      LaneSettings settings,
      Failpoint failpoint) {
    LaneStore store = stores.store();
    if (!indexer.entities().equals(indexer.entities())) {
      // Stores know entities by identity, and would silently ignore changes of another instance.
      throw new MillraceException(
          Remedy.FIX_SETUP,
          "indexer must name the same entities each time it is asked: name=" + indexer.name());
    }
    this.name = name;
    this.source = source;
    this.stores = stores;
    this.services = new LaneServices(settings, failpoint, store.opened());
    this.watch = new HandlerWatchdog(services.nanos);
    int slots = Integer.highestOneBit(settings.depth() + 3) * 2;
    // Only one thread publishes, but with assertions enabled Disruptor keeps every single-producer
    // ring and its thread in a static map for good: a lane's whole memory for each restart.
    this.ring = RingBuffer.createMultiProducer(RingSlot::new, slots, new BackoffParkWaitStrategy());
    this.freeSlots = new Semaphore(slots);
    this.ahead = new FetchAhead(settings);
    BackoffRetry retry = services.retry;
    this.publisher =
        stores.mirror().map(mirror -> new MirrorPublisher(store, mirror, retry, failpoint));
    NeededIndexes indexes = new NeededIndexes(store, retry);
    this.commit = new CommitStage(services, store, publisher, indexes, freeSlots, this::end);
    RetryingReads reads = new RetryingReads(store.reads(), retry, indexes::request);
    this.staged = new StagedStore(indexer.entities(), indexer::storage, indexer.jobs());
    this.staged.open(store.opened().checkpoint(), emptyTables(indexer, reads));
    this.memory =
        new HandlerState(
            staged,
            new ReadThroughLoader(staged, reads),
            new EffectAnswerCache(store, retry, services.nanos));
  }

  private static List<EntityType<?>> emptyTables(Indexer indexer, RetryingReads reads) {
    List<EntityType<?>> empty = new ArrayList<>();
    for (EntityType<?> type : indexer.entities()) {
      if (indexer.storage(type).isInPostgres() && reads.isEmpty(type)) {
        empty.add(type);
      }
    }
    return empty;
  }

  /** Starts fetch, execute and commit; does nothing after {@link #close}. */
  public synchronized void start() {
    if (services.lifecycle.isAbandoned()) {
      return;
    }
    ExecuteStage execute = new ExecuteStage(services, memory, ahead, watch);
    // Publishes slots to commit one by one: by default a run of slots becomes visible only when its
    // last slot is done.
    BatchEventProcessor<RingSlot> executing =
        new BatchEventProcessorBuilder().setMaxBatchSize(1).build(ring, ring.newBarrier(), execute);
    Optional<BatchEventProcessor<RingSlot>> mirroring =
        stores.mirror().map(mirror -> mirroring(mirror, executing.getSequence()));
    Sequence beforeCommit = mirroring.orElse(executing).getSequence();
    BatchEventProcessor<RingSlot> committing =
        new BatchEventProcessorBuilder().build(ring, ring.newBarrier(beforeCommit), commit);
    ring.addGatingSequences(committing.getSequence());
    FetchStage fetch = new FetchStage(services, source, ring, freeSlots, ahead);
    List<BatchEventProcessor<RingSlot>> stages = new ArrayList<>(List.of(executing));
    List<Thread> workers = new ArrayList<>(List.of(stage("execute").unstarted(executing)));
    mirroring.ifPresent(stages::add);
    mirroring.ifPresent(stage -> workers.add(stage("mirror").unstarted(stage)));
    stages.add(committing);
    workers.add(stage("commit").unstarted(committing));
    workers.add(
        Thread.ofVirtual()
            .name("millrace-" + name + "-fetch")
            .unstarted(() -> fetch.run(this::begin, this::opened)));
    processors = List.copyOf(stages);
    threads = List.copyOf(workers);
    threads.forEach(Thread::start);
    stores.store().onLost(this::lose);
  }

  private BatchEventProcessor<RingSlot> mirroring(LaneMirror mirror, Sequence executed) {
    MirrorStage stage = new MirrorStage(services, mirror);
    return new BatchEventProcessorBuilder().build(ring, ring.newBarrier(executed), stage);
  }

  /** Publishes the current epoch ends to the mirror before new rows can reach it. */
  private Source.ResumePoint begin() {
    publisher.ifPresent(MirrorPublisher::begin);
    return services.retry.call("resume point", stores.store()::resumePoint);
  }

  private Thread.Builder stage(String stage) {
    return Thread.ofPlatform().daemon().name("millrace-" + name + "-" + stage);
  }

  /**
   * Stores the feed, then re-checks the stop flag. {@link #drain} sets the flag, then reads the
   * feed, so one of the two always closes it.
   */
  private void opened(Source.Feed opened) {
    feed = opened;
    if (!services.lifecycle.mayFetch()) {
      opened.close();
    }
  }

  /** Closes the feed; its end travels down the ring like any other. */
  private void lose(MillraceException why) {
    services.lifecycle.lose(why);
    closeFeed();
  }

  private synchronized void end(LaneOutcome how) {
    MillraceException lost = services.lifecycle.lost();
    if (end == null) {
      // After an abandonment every failure is a consequence of it.
      end =
          switch (how) {
            case LaneOutcome.Failed _ when services.lifecycle.isAbandoned() -> abandoned();
            case LaneOutcome.Failed _ when lost != null -> new LaneOutcome.Failed(withLane(lost));
            case LaneOutcome.Failed(MillraceException failure) ->
                new LaneOutcome.Failed(withLane(failure));
            case LaneOutcome.Done _, LaneOutcome.Drained _ -> how;
          };
    }
    services.transit.releaseBudget();
    closeFeed();
    source.close();
    // Ends the stages. Execute then releases its memory: other lanes already have the share.
    processors.forEach(BatchEventProcessor::halt);
    ended.countDown();
  }

  /** Adds the lane's name to a failure, as each lane numbers its own blocks and batches. */
  private MillraceException withLane(MillraceException failure) {
    String message = String.valueOf(failure.getMessage());
    return new MillraceException(
        failure.remedy(),
        "%s%s lane=%s%s"
            .formatted(
                message,
                ENDS_WITH_A_VALUE.test(message) ? "" : ";",
                name,
                recoveryHint(failure.remedy())),
        failure);
  }

  /** Names the block to continue from. Everything before the failure is durable by now. */
  private String recoveryHint(Remedy remedy) {
    if (remedy != Remedy.FIX_HANDLER) {
      return "";
    }
    long block = services.progress.committed().block();
    String from = block < 0 ? "the start" : "block " + (block + 1);
    return "; fix it and run again, which goes on from " + from;
  }

  private LaneOutcome abandoned() {
    String waiting = unfinished.isEmpty() ? "" : " waitingFor=\"" + unfinished + "\"";
    return new LaneOutcome.Failed(
        new MillraceException(Remedy.RESTART, "lane was abandoned: lane=" + name + waiting));
  }

  /** Waits for the end of the lane. */
  public LaneOutcome await() throws InterruptedException {
    ended.await();
    return ending();
  }

  private LaneOutcome ending() {
    LaneOutcome how = end;
    if (how == null) {
      throw new IllegalStateException("lane has not ended: lane=" + name);
    }
    return how;
  }

  /**
   * Stops fetching, lets the running batch end and commits the batches that have run. Rolls back
   * the rest at the deadline. Returns true if all of it became durable.
   */
  public boolean drain(Duration deadline) throws InterruptedException {
    services.lifecycle.drain();
    closeFeed();
    boolean drained = ended.await(deadline.toNanos(), TimeUnit.NANOSECONDS);
    if (!drained) {
      unfinished = waitingFor(feed);
      close();
    }
    return drained;
  }

  private void closeFeed() {
    Source.Feed open = feed;
    if (open != null) {
      open.close();
    }
    threads.stream().filter(Thread::isVirtual).forEach(Thread::interrupt);
  }

  public LaneStatus status() {
    Source.Feed open = feed;
    Source.BlockRange extent =
        open == null
            ? new Source.BlockRange(
                OptionalLong.empty(), OptionalLong.empty(), OptionalLong.empty())
            : open.extent();
    Map<String, Long> stalls = new TreeMap<>();
    services
        .transit
        .stalls()
        .forEach((cause, waited) -> stalls.put(cause.name().toLowerCase(Locale.ROOT), waited));
    return new LaneStatus(
        name,
        services.progress.epoch(),
        services.progress.commits(),
        services.progress.processed(),
        stores.mirror().isPresent() ? services.progress.mirrored() : null,
        services.progress.committed(),
        services.progress.rewinds(),
        services.transit.batches(),
        services.transit.bytes(),
        services.progress.memoryBytes(),
        extent,
        waitingFor(open),
        Stream.concat(source.doubts().stream(), stores.store().doubts().stream()).toList(),
        stalls,
        end);
  }

  private String waitingFor(Source.@Nullable Feed open) {
    String request = end == null ? stores.store().waitingFor() : "";
    if (!request.isEmpty()) {
      return request; // the store's own description says more than the call's name
    }
    String call = services.retry.calls().waitingFor();
    if (!call.isEmpty() || end != null) {
      return call;
    }
    MillraceException met = services.lifecycle.rewindHandshake().pendingReorg();
    if (met != null) {
      return "the source to look at what a handler has met: " + met.getMessage();
    }
    String handler = watch.waitingFor();
    if (!handler.isEmpty()) {
      return handler;
    }
    String room = services.transit.waitingFor();
    if (!room.isEmpty() || open == null) {
      return room;
    }
    boolean idle =
        services.transit.batches() == 0 && freeSlots.availablePermits() >= ring.getBufferSize() - 1;
    return idle ? open.waitingFor() : "";
  }

  /** Statistics of the stream, by name; empty while it is not open. */
  public SortedMap<String, String> report() {
    Source.Feed open = feed;
    return open == null ? Collections.emptySortedMap() : open.report();
  }

  public PipelineTimings timings() {
    return services.timings;
  }

  /** Abandons the lane: ends its threads and loses batches in transit. Idempotent and bounded. */
  @Override
  public void close() {
    long until = abandon();
    services.retry.abandon();
    services.transit.abandon();
    closeFeed();
    stores.close();
    processors.forEach(BatchEventProcessor::halt);
    threads.forEach(Thread::interrupt);
    for (Thread thread : threads) {
      join(thread, until - services.now());
    }
    end(abandoned());
  }

  /**
   * Returns the moment until which threads are waited for, the same for each further close.
   * Synchronized with {@link #start}: a lane closed while it starts would keep its threads.
   */
  private synchronized long abandon() {
    if (!services.lifecycle.isAbandoned()) {
      closeBy = services.now() + CLOSE_TIMEOUT.toNanos();
    }
    services.lifecycle.abandon();
    return closeBy;
  }

  private static void join(Thread thread, long nanosLeft) {
    try {
      thread.join(Duration.ofNanos(Math.max(1, nanosLeft)));
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }
}
