package dev.millrace.scenarios;

import dev.millrace.devchain.DevChain;
import dev.millrace.evm.EvmContext;
import dev.millrace.evm.EvmIndexer;
import dev.millrace.evm.Finality;
import dev.millrace.evm.SourceOptions;
import dev.millrace.evm.SourceProvider;
import dev.millrace.evm.SourceRequest;
import dev.millrace.evm.StopAt;
import dev.millrace.lane.Lane;
import dev.millrace.lane.LaneOutcome;
import dev.millrace.lane.LaneSettings;
import dev.millrace.loaders.Bytes32;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.MillraceException;
import dev.millrace.pipeline.Effect;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.pipeline.Source;
import dev.millrace.simulation.MemoryStore;
import dev.millrace.testkit.CrashFailpoint;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.ServiceLoader;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/**
 * Lanes with realistic handlers, over nodes of a chain that forks, in process after process that
 * dies anywhere. Real requests over loopback, a store in memory. In the end the tables are those
 * that {@link RouteOracle} computes from the chain itself.
 *
 * <p>All but time and the interleaving of threads follows from the seed.
 */
final class NodesSimulation {
  private static final Duration PATIENCE = Duration.ofMinutes(3);

  /** Limit of the wait for a lane that a fork is to catch near the head. */
  private static final Duration MAX_FOLLOWED = Duration.ofSeconds(5);

  private static final Duration POLL = Duration.ofMillis(20);
  private static final String LANE = Long.toString(DevChain.ID);
  private static final int MAX_PROCESSES = 8;

  /** With more faults a lane would mostly wait for nodes that limit it. */
  private static final double CHANCE = 0.01;

  /** A mistake in a handler that its author fixes once it has shown. */
  static final class Mistake extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Mistake(long event) {
      super("mistake at event " + event, null, false, false);
    }
  }

  private final long seed;
  private final Random random;
  private final DevChain chain;
  private final ForkingChain forks;
  private final int window;
  private final Path directory;
  private final List<String> history = new ArrayList<>();
  private final EvmIndexer indexer = VaultRoutes.indexer(this::habit);
  private final MemoryStore store = new MemoryStore(indexer);

  private final Effect<Long, Long> asked = Effect.of("asked", Long.class, Long.class, in -> in + 1);
  private final Effect<Bytes32, String> kept =
      Effect.of("kept", Bytes32.class, String.class, Object::toString).persisted();

  /** The number of events until one has a mistake, which is then fixed. */
  private final AtomicLong untilMistake;

  private long rewinds;

  NodesSimulation(long seed, Path scratch) throws Exception {
    this.seed = seed;
    this.random = new Random(seed);
    this.window = 4 + random.nextInt(60);
    this.chain = new DevChain(ReorgSoak.settings(seed, 30 + random.nextInt(120))).finality(window);
    this.forks = new ForkingChain(chain, random);
    this.directory = Files.createTempDirectory(scratch, "seed-" + seed + "-");
    this.untilMistake = new AtomicLong(1 + random.nextInt(4_000));
  }

  long rewinds() {
    return rewinds;
  }

  void run() throws Exception {
    try (FaultyNodePair nodes = FaultyNodePair.open(chain, CHANCE)) {
      int processes = 1 + random.nextInt(MAX_PROCESSES);
      for (int i = 1; i < processes; i++) {
        process(nodes, crash(), false);
      }
      while (!process(nodes, Failpoint.NONE, true)) {}
      String difference = RouteTables.difference(RouteOracle.tables(chain, chain.tip()), tables());
      if (!difference.isEmpty()) {
        throw failure("tables differ from the chain: " + difference);
      }
    }
    rewinds = store.rewinds(LANE);
  }

  private Failpoint crash() {
    Failpoint.Point[] points = Failpoint.Point.values();
    return CrashFailpoint.at(points[random.nextInt(points.length)], 1 + random.nextInt(12));
  }

  /** Uses effects, transactions and blocks as users' handlers do, and makes a mistake when due. */
  private void habit(EvmContext context) {
    long event = context.eventId().value();
    if (untilMistake.decrementAndGet() == 0) {
      if (event % 2 == 0) {
        throw new Mistake(event);
      }
      Thread.currentThread().interrupt();
    }
    switch ((int) (event % 7)) {
      case 0 -> require(context.effect(asked, event % 50) == event % 50 + 1, "effect is wrong");
      case 1 -> {
        Bytes32 hash = context.transaction().hash();
        require(context.effect(kept, hash).equals(hash.toString()), "kept effect is wrong");
      }
      case 2 -> require(context.transaction().to() != null, "transaction is of another chain");
      case 3 -> require(context.transaction().input().length() > 4, "input is none of the chain");
      case 4 ->
          require(
              context.block().number() == 0 || !context.block().parent().equals(Bytes32.ZERO),
              "block has no parent");
      default -> {}
    }
  }

  private static void require(boolean holds, String otherwise) {
    if (!holds) {
      throw new AssertionError(otherwise);
    }
  }

  /**
   * Runs one process, while the chain forks; the last one reaches the chain's end. Returns false if
   * a mistake has ended it.
   */
  private boolean process(FaultyNodePair nodes, Failpoint crash, boolean isLast) throws Exception {
    LaneSettings settings = settings();
    Source source = source(nodes);
    try (Lane lane =
        new Lane(LANE, indexer, source, store.opened(crash).takeOver(LANE), settings, crash)) {
      lane.start();
      FutureTask<LaneOutcome> end = new FutureTask<>(lane::await);
      Thread.ofVirtual().start(end);
      for (int moves = random.nextInt(6); moves > 0 && !end.isDone(); moves--) {
        if (random.nextBoolean()) {
          followUpTo(chain.tip().head(), end); // what the fork replaces is in the store
        }
        forks.move(Integer.MAX_VALUE);
        LockSupport.parkNanos(random.nextInt(120) * 1_000_000L);
      }
      if (isLast) {
        awaitTip(lane, end);
      }
      LaneOutcome how = end(lane, end, crash);
      history.add("process: %s crash=%s end=%s".formatted(settings, crash, how));
      return how instanceof LaneOutcome.Drained;
    }
  }

  /** Gives the lane time to store the chain up to a block; nodes that limit it may take longer. */
  private void followUpTo(long block, FutureTask<LaneOutcome> end) {
    long until = System.nanoTime() + MAX_FOLLOWED.toNanos();
    while (!end.isDone() && System.nanoTime() - until < 0) {
      Source.BlockRef place = store.frontier(LANE).place();
      if (place != null && place.block() >= block) {
        return;
      }
      LockSupport.parkNanos(2_000_000);
    }
  }

  private void awaitTip(Lane lane, FutureTask<LaneOutcome> end) throws Exception {
    long until = System.nanoTime() + PATIENCE.toNanos();
    Bytes32 tip = chain.block(chain.head()).hash();
    while (!isAt(tip)) {
      if (end.isDone()) {
        return;
      }
      if (System.nanoTime() - until > 0) {
        throw failure("lane does not arrive: " + lane.status() + " " + lane.report());
      }
      LockSupport.parkNanos(2_000_000);
    }
  }

  private boolean isAt(Bytes32 tip) {
    Source.BlockRef place = store.frontier(LANE).place();
    return place != null && place.hash().equals(tip);
  }

  private LaneOutcome end(Lane lane, FutureTask<LaneOutcome> end, Failpoint crash)
      throws Exception {
    lane.drain(PATIENCE);
    LaneOutcome how;
    try {
      how = end.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    } catch (TimeoutException _) {
      throw failure("lane does not end: " + lane.status());
    }
    boolean crashed = crash instanceof CrashFailpoint crashes && crashes.hasHappened();
    if (how instanceof LaneOutcome.Failed(MillraceException failure)
        && !crashed
        && !isMistake(failure)) {
      throw failure("lane failed: " + failure);
    }
    return how;
  }

  private static boolean isMistake(MillraceException failure) {
    String message = String.valueOf(failure.getMessage());
    return message.contains("mistake at event") || message.contains("left its thread interrupted");
  }

  private LaneSettings settings() {
    int[] depths = {0, 1, 8};
    int[] batches = {1, 20, 1_000};
    long[] staged = {20_000, 64L << 20};
    return new LaneSettings(
        depths[random.nextInt(depths.length)],
        batches[random.nextInt(batches.length)],
        staged[random.nextInt(staged.length)],
        random.nextBoolean() ? 1_000 : 64L << 20);
  }

  private Source source(FaultyNodePair nodes) {
    SourceOptions reading = SourceOptions.DEFAULTS.withPoll(POLL).withDirectory(directory);
    Finality finality =
        random.nextBoolean()
            ? new Finality(Optional.of("finalized"), OptionalLong.empty())
            : new Finality(Optional.empty(), OptionalLong.of(window));
    SourceRequest request =
        new SourceRequest(
            indexer,
            DevChain.ID,
            nodes.urls(),
            0,
            new StopAt.Never(),
            finality,
            Map.of(VaultRoutes.FACTORY, List.of(DevChain.FACTORY)),
            reading);
    for (SourceProvider provider : ServiceLoader.load(SourceProvider.class)) {
      if (provider.schemes().contains("http")) {
        return provider.source(request);
      }
    }
    throw new IllegalStateException("no provider of chains behind HTTP");
  }

  private SortedMap<String, List<String>> tables() {
    return new TreeMap<>(
        Map.of(
            RouteTables.DELIVERY,
            rows(VaultRoutes.Delivery.class)
                .map(row ->
                    "%d %s %s %s %s %d %s %s"
                        .formatted(
                            row.id().value(),
                            row.contract(),
                            hex(row.emitter().bytes()),
                            hex(row.blockHash().bytes()),
                            hex(row.transaction().bytes()),
                            row.time().getEpochSecond(),
                            hex(row.subject().bytes()),
                            row.amount()))
                .toList(),
            RouteTables.EMITTER,
            rows(VaultRoutes.Emitter.class)
                .map(row ->
                    "%s %s %d %s"
                        .formatted(
                            hex(row.address().bytes()), row.contract(), row.events(), row.amount()))
                .sorted()
                .toList(),
            RouteTables.TAPE,
            rows(VaultRoutes.Tape.class)
                .map(row ->
                    "%s %d %s".formatted(row.name(), row.events(), hex(row.digest().bytes())))
                .toList()));
  }

  private <E> Stream<E> rows(Class<E> type) {
    EntityType<?> entity =
        indexer.entities().stream()
            .filter(each -> each.type().equals(type))
            .findFirst()
            .orElseThrow();
    return new TreeMap<>(store.rows(LANE, entity))
        .values().stream().map(row -> type.cast(Objects.requireNonNull(row)));
  }

  private static String hex(byte[] bytes) {
    return HexFormat.of().formatHex(bytes);
  }

  private AssertionError failure(String what) {
    return new AssertionError(
        "seed %d: %s\n  window=%d head=%d forks=%d\n  %s"
            .formatted(
                seed, what, window, chain.head(), forks.forked(), String.join("\n  ", history)));
  }
}
