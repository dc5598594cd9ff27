package dev.millrace.runner;

import dev.millrace.config.Config;
import dev.millrace.lane.Lane;
import dev.millrace.lane.LaneOutcome;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.CommitStore;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.pipeline.Frontier;
import dev.millrace.pipeline.Indexer;
import dev.millrace.pipeline.LaneStore;
import dev.millrace.pipeline.LaneStores;
import dev.millrace.pipeline.Source;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A running indexer: one lane per chain over one store.
 *
 * <p>Made for embedding: it reads no arguments and no environment, ends no JVM, handles no signal
 * and configures no logger; it serves HTTP if the config has a port. {@link #start} takes the lanes
 * over and returns; {@link #await} returns when all lanes have ended; {@link #close} stops them,
 * committing what has run.
 *
 * <p>When one lane stops for good the others drain, and the first failure is the one reported.
 */
public final class IndexerRuntime implements ServiceRuntime {
  /** The time that {@link #close} leaves executed batches to become durable. */
  public static final Duration DRAIN = Duration.ofSeconds(20);

  private static final Logger log = LoggerFactory.getLogger(IndexerRuntime.class);

  private final Indexer indexer;
  private final Config config;
  private final Connectors connectors;
  private final Failpoint failpoint;
  private final Duration drain;

  // Written by start() before any watcher runs, read by all threads afterwards.
  private volatile List<RunningLane> lanes = List.of();
  private volatile @Nullable CommitStore store;
  private volatile @Nullable ConfiguredMirror mirror;
  private volatile @Nullable TriggerRelays relays;
  private volatile @Nullable StatusServer adminServer;
  // Capacity one: the first failure stays, later ones are consequences.
  private final BlockingQueue<MillraceException> failure = new ArrayBlockingQueue<>(1);
  private final ReentrantLock ending = new ReentrantLock();
  private final CountDownLatch over = new CountDownLatch(1);
  private final AtomicBoolean begun = new AtomicBoolean();

  /**
   * Held during a start; close() waits for it, so that either everything is started or nothing is.
   */
  private final ReentrantLock starting = new ReentrantLock();

  /** The thread that checks the chains before a start. */
  private final AtomicReference<@Nullable Thread> checking = new AtomicReference<>();

  private volatile boolean stopping;
  private volatile boolean incomplete;

  public IndexerRuntime(
      Indexer indexer, Config config, Connectors connectors, Failpoint failpoint, Duration drain) {
    this.indexer = indexer;
    this.config = config;
    this.connectors = connectors;
    this.failpoint = failpoint;
    this.drain = drain;
  }

  /** Creates a runtime; opens nothing before {@link #start}. */
  public static IndexerRuntime of(Indexer indexer, Config config) {
    return new IndexerRuntime(
        indexer, config, new RuntimeWiring(indexer, config), Failpoint.NONE, DRAIN);
  }

  /** Opens the sources of a runtime, its store and its mirror. */
  public interface Connectors {
    /** Returns one source per chain of the config. */
    List<Source> sources();

    /**
     * Refuses what cannot work: first what the config alone shows, then what the chains report.
     * Writes nothing.
     *
     * @throws MillraceException if something cannot work
     */
    default void check() throws InterruptedException {}

    /** Returns what {@link #check} waits for, in words; empty if for nothing. Any thread. */
    default String waitingFor() {
      return "";
    }

    CommitStore store(Failpoint failpoint);

    /** Opens the mirror; empty if nothing is mirrored. */
    default Optional<ConfiguredMirror> mirror(Failpoint failpoint) {
      return Optional.empty();
    }

    /**
     * Opens the relays of triggers; empty if handlers trigger nothing.
     *
     * @param progress a value that differs after every commit and rewind of a lane
     */
    default Optional<TriggerRelays> relays(List<String> lanes, Supplier<?> progress) {
      return Optional.empty();
    }
  }

  @Override
  public Config config() {
    return config;
  }

  /**
   * Opens the store and takes every lane over. A {@link #close} before or during the start ends it.
   *
   * @throws MillraceException if that is impossible or the runtime was closed; nothing is left open
   *     then
   */
  @Override
  public void start() {
    if (!begun.compareAndSet(false, true)) {
      throw new IllegalStateException("runtime is started once: indexer=" + indexer.name());
    }
    starting.lock();
    try {
      requireOpen();
      open();
    } catch (Throwable failed) {
      if (!stopping) {
        failure.offer(reason(failed));
      }
      closeAll();
      throw failed;
    } finally {
      starting.unlock();
    }
    SupervisorThread.start("watch", this::watch);
  }

  /** Includes errors: a class that cannot be initialized ends a start like a bad config. */
  private static MillraceException reason(Throwable failed) {
    return failed instanceof MillraceException known
        ? known
        : new MillraceException(Remedy.REPORT_BUG, "start failed: error=" + failed, failed);
  }

  private void open() {
    adminServer = adminServer();
    // Sources may cache data in files, so the chains are checked before the first source exists.
    check();
    List<Source> sources = connectors.sources();
    requireOpen();
    CommitStore opened = connectors.store(failpoint);
    store = opened;
    requireOpen();
    Optional<ConfiguredMirror> copy = connectors.mirror(failpoint);
    mirror = copy.orElse(null);
    List<RunningLane> taken = new ArrayList<>();
    try {
      for (int i = 0; i < sources.size(); i++) {
        requireOpen();
        Config.Chain chain = config.chains().get(i);
        LaneStore laneStore = opened.takeOver(name(chain));
        LaneStores both = new LaneStores(laneStore, copy.map(to -> to.lane(name(chain))));
        taken.add(lane(chain, sources.get(i), both));
      }
      requireOpen();
      List<String> names = taken.stream().map(lane -> name(lane.chain())).toList();
      relays = connectors.relays(names, () -> progress(taken)).orElse(null);
    } catch (Throwable failed) {
      taken.forEach(lane -> lane.lane().close());
      throw failed;
    }
    lanes = List.copyOf(taken);
    lanes.forEach(lane -> lane.lane().start());
    Optional.ofNullable(relays).ifPresent(TriggerRelays::start);
  }

  private static List<List<Long>> progress(List<RunningLane> running) {
    return running.stream().map(RunningLane::epochAndCommits).toList();
  }

  private void requireOpen() {
    if (stopping) {
      throw new MillraceException(
          Remedy.RESTART, "runtime was closed before it had started: indexer=" + indexer.name());
    }
  }

  private @Nullable StatusServer adminServer() {
    OptionalInt port = config.httpPort();
    if (port.isEmpty()) {
      return null;
    }
    StatusServer opened = StatusServer.open(config.http().host(), port.getAsInt(), this::status);
    log.info("{}: answers over HTTP: port={}", config.name(), opened.port());
    return opened;
  }

  /** The only wait of a start that {@link #close} may interrupt: nothing is open yet. */
  private void check() {
    checking.set(Thread.currentThread());
    try {
      connectors.check();
    } catch (InterruptedException interrupted) {
      if (!stopping) {
        Thread.currentThread().interrupt();
      }
      throw new MillraceException(
          Remedy.RESTART, "start was interrupted: indexer=" + indexer.name(), interrupted);
    } finally {
      checking.set(null);
    }
  }

  private static String name(Config.Chain chain) {
    return Long.toString(chain.id());
  }

  private RunningLane lane(Config.Chain chain, Source source, LaneStores stores) {
    Frontier opened = stores.store().opened();
    log.info(
        "{}: chain {} taken over: epoch={} checkpoint={} block={}",
        config.name(),
        chain.id(),
        opened.epoch(),
        opened.checkpoint(),
        Optional.ofNullable(opened.place())
            .map(place -> Long.toString(place.block()))
            .orElse("none"));
    Indexer configured = new ConfiguredIndexer(indexer, config);
    Lane lane = new Lane(name(chain), configured, source, stores, config.pipeline(), failpoint);
    return new RunningLane(chain, lane, new Readiness(System::nanoTime));
  }

  /** Waits for every lane; the first failed lane makes the others drain. */
  private void watch() {
    List<Thread> watchers = new ArrayList<>();
    for (RunningLane lane : lanes) {
      watchers.add(SupervisorThread.start("watch-" + lane.id(), () -> watch(lane)));
    }
    try {
      for (Thread watcher : watchers) {
        while (!watcher.join(Readiness.PERIOD)) {
          lanes.forEach(RunningLane::observeReadiness);
        }
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    } finally {
      over.countDown();
    }
  }

  private void watch(RunningLane lane) {
    try {
      LaneOutcome end = lane.lane().await();
      switch (end) {
        case LaneOutcome.Done _ ->
            log.info("{}: chain {} is done: {}", config.name(), lane.id(), lane.position());
        case LaneOutcome.Drained _ ->
            log.info("{}: chain {} has stopped: {}", config.name(), lane.id(), lane.position());
        case LaneOutcome.Failed(MillraceException reason) -> {
          if (failure.offer(reason)) {
            SupervisorThread.start("drain", () -> drain(new LaneDrain(config.name(), drain)));
          }
        }
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  /** Waits until every lane has ended and returns the final status. */
  @Override
  public IndexerStatus await() throws InterruptedException {
    over.await();
    TriggerRelays relaying = relays;
    if (relaying != null && !stopping) {
      relaying.drain();
    }
    close();
    return status();
  }

  @Override
  public IndexerStatus status() {
    return new IndexerStatus(
        config.name(),
        state(),
        Optional.ofNullable(failure.peek())
            .map(reason ->
                new IndexerStatus.Failure(String.valueOf(reason.getMessage()), reason.remedy())),
        lanes.isEmpty() ? connectors.waitingFor() : "",
        lanes.stream().map(lane -> lane.status(TriggerRelays.doubts(relays))).toList());
  }

  private IndexerStatus.State state() {
    if (!failure.isEmpty()) {
      return over.getCount() > 0 ? IndexerStatus.State.DRAINING : IndexerStatus.State.FAILED;
    }
    if (over.getCount() == 0) {
      return IndexerStatus.State.DONE;
    }
    if (stopping) {
      return IndexerStatus.State.DRAINING;
    }
    return lanes.isEmpty() ? IndexerStatus.State.STARTING : IndexerStatus.State.RUNNING;
  }

  /** Returns the first failure; empty if there is none. */
  @Override
  public Optional<MillraceException> failure() {
    return Optional.ofNullable(failure.peek());
  }

  /** True if the stop had to roll back what was not durable by the deadline. */
  @Override
  public boolean isIncomplete() {
    return incomplete;
  }

  /** Drains all lanes; a second caller waits until the first has drained. */
  private void drain(LaneDrain stop) {
    ending.lock();
    try {
      stopping = true;
      if (!stop.run(lanes)) {
        incomplete = true;
      }
    } finally {
      ending.unlock();
    }
  }

  private synchronized void closeAll() {
    Optional.ofNullable(mirror).ifPresent(ConfiguredMirror::close);
    mirror = null;
    Optional.ofNullable(relays).ifPresent(TriggerRelays::close);
    relays = null;
    Optional.ofNullable(store).ifPresent(CommitStore::close);
    store = null;
    Optional.ofNullable(adminServer).ifPresent(StatusServer::close);
    adminServer = null;
    over.countDown();
  }

  /**
   * Stops fetching, lets executed batches become durable, and closes everything. Idempotent. A
   * start under way notices and gives up; a start that hangs is waited for within the time of the
   * drain, and closes what it still opens.
   */
  @Override
  public void close() {
    stopping = true;
    Optional.ofNullable(checking.get()).ifPresent(Thread::interrupt);
    LaneDrain stop = new LaneDrain(config.name(), drain);
    boolean hasStartEnded = awaitStart(stop.left());
    ending.lock();
    try {
      drain(stop);
      closeAll();
    } finally {
      ending.unlock();
      if (hasStartEnded) {
        starting.unlock();
      }
    }
  }

  private boolean awaitStart(Duration time) {
    try {
      return starting.tryLock(time.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
