package dev.millrace.runner;

import dev.millrace.config.Config;
import dev.millrace.devchain.DevChain;
import dev.millrace.lane.LaneSettings;
import dev.millrace.loaders.Entity;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.Id;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.CommitStore;
import dev.millrace.pipeline.Context;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.pipeline.Indexer;
import dev.millrace.pipeline.LaneStore;
import dev.millrace.pipeline.Source;
import dev.millrace.simulation.ThreadStackDump;
import dev.millrace.testkit.ScriptedSource;
import dev.millrace.testkit.SerialOracle;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Queue;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.LongStream;

/**
 * Programs that embed a runtime and call its methods in any order, from any thread, twice, and with
 * interrupts; one or two runtimes over the same lanes. Each call does what it says, or refuses;
 * after {@code close} nothing runs and nothing is open, what is durable is a part of the serial
 * result, and a runtime that is used correctly comes to its end.
 */
final class EmbeddingSimulation {
  private static final Duration DEADLINE = Duration.ofSeconds(60);

  @Entity
  record Seen(@Id long id, long value, long previous) {}

  /** Counts, so that a lost event shows in every row after it. */
  private record Definition(String name, List<EntityType<?>> entities) implements Indexer {
    @Override
    public SortedMap<String, String> sourceRequirements() {
      return new TreeMap<>();
    }
  }

  /** Opens the store anew, as another process would. */
  @FunctionalInterface
  interface Stores {
    CommitStore open(Indexer indexer, Failpoint failpoint);
  }

  private final long seed;
  private final Random random;
  private final Stores stores;
  private final Indexer indexer;
  private final Config config;
  private final List<ScriptedSource> chains = new ArrayList<>();
  private final AtomicInteger open = new AtomicInteger();
  private final Queue<String> wrongs = new ConcurrentLinkedQueue<>();
  private final Queue<String> history = new ConcurrentLinkedQueue<>();
  private final boolean poisoned;

  /** Stores opened before one refuses. */
  private final AtomicInteger patience;

  EmbeddingSimulation(long seed, Path directory, Stores stores) {
    this.seed = seed;
    this.random = new Random(seed);
    this.stores = stores;
    this.indexer = new Definition("embedding_" + seed, List.of(EntityType.of(Seen.class)));
    this.poisoned = random.nextInt(5) == 0;
    this.patience = new AtomicInteger(random.nextInt(6) == 0 ? random.nextInt(3) : 1_000);
    int count = 1 + random.nextInt(2);
    for (int i = 0; i < count; i++) {
      chains.add(chain(10 + random.nextInt(60), poisoned && i == 0));
    }
    this.config =
        new Config(
            indexer.name(),
            new Config.Postgres.Embedded(),
            LongStream.range(0, count).mapToObj(this::chain).toList(),
            new LaneSettings(random.nextInt(4), 1 + random.nextInt(9), 1 << 26, 1 << 20),
            OptionalInt.empty(),
            directory);
  }

  /** Builds a chain whose lane, and so whose threads, have names that no other seed has. */
  private Config.Chain chain(long number) {
    return new Config.Chain(
        seed * 10 + number,
        List.of(new Config.Endpoint(URI.create("dev://chain?seed=1&blocks=9"))),
        0,
        new Config.End.At(8),
        new Config.Finality(Optional.empty(), OptionalInt.empty()),
        List.of(new Config.Contract("Token", List.of(DevChain.TOKEN))));
  }

  private ScriptedSource chain(int blocks, boolean poison) {
    ScriptedSource script = new ScriptedSource();
    int bad = poison ? random.nextInt(blocks) : -1;
    for (int block = 0; block < blocks; block++) {
      long number = block;
      boolean dawdles = random.nextInt(8) == 0;
      boolean fails = block == bad;
      script.block(context -> {
        if (dawdles) {
          LockSupport.parkNanos(2_000_000);
        }
        if (fails) {
          throw new IllegalStateException("cannot count this");
        }
        count(context, number);
      });
    }
    return script;
  }

  private static void count(Context context, long number) {
    long previous = context.find(Seen.class, number - 1).map(Seen::value).orElse(0L);
    context.save(new Seen(number, previous + number, previous));
  }

  private IndexerRuntime runtime() {
    IndexerRuntime.Connectors connectors =
        new IndexerRuntime.Connectors() {
          @Override
          public List<Source> sources() {
            return List.copyOf(chains);
          }

          @Override
          public CommitStore store(Failpoint failpoint) {
            if (patience.getAndDecrement() == 0) {
              throw new MillraceException(Remedy.RETRY, "store is away: seed=" + seed);
            }
            CommitStore opened = stores.open(indexer, failpoint);
            open.incrementAndGet();
            return counted(opened);
          }
        };
    return new IndexerRuntime(indexer, config, connectors, Failpoint.NONE, Duration.ofSeconds(20));
  }

  private CommitStore counted(CommitStore opened) {
    AtomicInteger closed = new AtomicInteger();
    return new CommitStore() {
      @Override
      public LaneStore takeOver(String lane) {
        return opened.takeOver(lane);
      }

      @Override
      public void close() {
        opened.close();
        if (closed.getAndIncrement() == 0) {
          open.decrementAndGet();
        }
      }
    };
  }

  /** Runs the seed; a violation is thrown with the recorded calls. */
  void run() throws Exception {
    try {
      List<IndexerRuntime> runtimes = new ArrayList<>(List.of(runtime()));
      if (random.nextInt(3) == 0) {
        runtimes.add(runtime());
      }
      act(runtimes);
      require(open.get() == 0, "stores are left open: count=" + open);
      patience.set(1_000);
      treatWell();
      require(wrongs.isEmpty(), wrongs);
    } catch (AssertionError failed) {
      throw new AssertionError(
          """
          seed %d: %s
          %s
            again: mvn verify -pl runtime/run/runner -am -Dtest=EmbeddingSimulationTest \
          -Dsurefire.failIfNoSpecifiedTests=false -Dmillrace.seed=%d\
          """
              .formatted(seed, failed.getMessage(), String.join("\n", history), seed),
          failed);
    }
  }

  private void act(List<IndexerRuntime> runtimes) throws Exception {
    List<Thread> actors = new ArrayList<>();
    int count = 1 + random.nextInt(4);
    for (int actor = 0; actor < count; actor++) {
      EmbeddingActor one =
          new EmbeddingActor(actor, runtimes, random.nextLong(), actors, history::add, wrongs::add);
      actors.add(
          Thread.ofPlatform().daemon().name("embedder-" + seed + "-" + actor).unstarted(one));
    }
    List<Thread> started = List.copyOf(actors);
    started.forEach(Thread::start);
    started.getFirst().join(Duration.ofMillis(random.nextInt(30)));
    for (IndexerRuntime runtime : runtimes) {
      runtime.close();
      runtime.close();
    }
    for (Thread actor : started) {
      if (!actor.join(DEADLINE)) {
        throw new AssertionError("a call does not return\n" + stacks());
      }
    }
    runtimes.forEach(IndexerRuntime::close);
    for (IndexerRuntime runtime : runtimes) {
      checkOver(runtime.status());
    }
    compare();
  }

  private String stacks() {
    return String.join("\n\n", ThreadStackDump.of("embedder-" + seed))
        + "\n\n"
        + ThreadStackDump.all();
  }

  /** Checks that after {@code close} nothing runs, and that the status says so. */
  private static void checkOver(IndexerStatus status) {
    require(
        status.state() == IndexerStatus.State.DONE || status.state() == IndexerStatus.State.FAILED,
        "closed and not over: " + status.state());
    for (IndexerStatus.Lane lane : status.lanes()) {
      require(
          lane.state() != IndexerStatus.State.RUNNING, "closed and a lane runs: " + lane.chain());
    }
  }

  /** Uses a runtime correctly: starts, awaits and closes it. */
  private void treatWell() throws Exception {
    try (IndexerRuntime runtime = runtime()) {
      runtime.start();
      Thread awaiting =
          Thread.ofVirtual()
              .start(() -> {
                try {
                  runtime.await();
                } catch (InterruptedException _) {
                  Thread.currentThread().interrupt();
                }
              });
      if (!awaiting.join(DEADLINE)) {
        throw new AssertionError("a run does not end: " + runtime.status() + "\n" + stacks());
      }
      IndexerStatus.State expected =
          poisoned ? IndexerStatus.State.FAILED : IndexerStatus.State.DONE;
      require(runtime.status().state() == expected, "run has ended as " + runtime.status());
      if (poisoned) {
        String message = runtime.failure().map(Throwable::getMessage).orElse("");
        require(message.startsWith("event failed: block="), "failure names no event: " + message);
      }
    }
    compare();
    require(open.get() == 0, "stores are left open: count=" + open);
  }

  /** Checks that the durable rows are those of the oracle up to there. */
  private void compare() throws Exception {
    try (CommitStore opened = stores.open(indexer, Failpoint.NONE)) {
      for (int i = 0; i < chains.size(); i++) {
        String lane = Long.toString(config.chains().get(i).id());
        try (LaneStore held = opened.takeOver(lane)) {
          Source.BlockRef place = held.opened().place();
          SerialOracle oracle = new SerialOracle(indexer);
          if (place != null) {
            oracle.run(chains.get(i), place.block());
          }
          compare(oracle, held);
        }
      }
    }
  }

  private void compare(SerialOracle oracle, LaneStore held) {
    @SuppressWarnings("unchecked")
    EntityType<Seen> type = (EntityType<Seen>) indexer.entities().getFirst();
    Map<Object, Seen> found = new TreeMap<>();
    LongStream.range(0, 100)
        .boxed()
        .flatMap(id -> held.reads().byIds(type, List.of(id)).stream())
        .forEach(row -> found.put(row.id(), row));
    Map<Object, Seen> expected = oracle.rows(type);
    require(found.equals(expected), "rows differ: expected=" + expected + " found=" + found);
  }

  private static void require(boolean holds, Object otherwise) {
    if (!holds) {
      throw new AssertionError(otherwise.toString());
    }
  }
}
