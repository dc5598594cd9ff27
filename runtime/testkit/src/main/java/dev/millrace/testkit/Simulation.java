package dev.millrace.testkit;

import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.Filter;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.CommitStore;
import dev.millrace.pipeline.Indexer;
import dev.millrace.pipeline.Lane;
import dev.millrace.pipeline.LaneEnd;
import dev.millrace.pipeline.LaneSettings;
import dev.millrace.pipeline.LaneStore;
import dev.millrace.pipeline.Probe;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;

/**
 * A random program over a random chain, run by process after process that crash, drain, lose
 * replies and meet errors, with other settings each time. In the end the tables hold what the
 * serial oracle says, row by row.
 *
 * <p>Everything but the interleaving of threads follows from the seed.
 */
public final class Simulation {
  private static final String LANE = "1";
  private static final long LINGER_NANOS = 300_000;
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final long seed;
  private final SimProgram program;
  private final List<String> story = new ArrayList<>();

  public Simulation(long seed) {
    this(seed, Integer.MAX_VALUE);
  }

  private Simulation(long seed, int mostBlocks) {
    this.seed = seed;
    this.program = new SimProgram(seed, mostBlocks);
  }

  /** What is simulated; its name is different for each seed. */
  public Indexer indexer() {
    return program;
  }

  /** Runs a seed over a store in memory; a failure is tried again with shorter chains. */
  public static void check(long seed) throws Exception {
    try {
      checkOnce(seed, Integer.MAX_VALUE);
    } catch (AssertionError failed) {
      throw new AssertionError(failed.getMessage() + "\n" + shrunk(seed), failed);
    }
  }

  private static void checkOnce(long seed, int mostBlocks) throws Exception {
    Simulation simulation = new Simulation(seed, mostBlocks);
    MemoryStore store = new MemoryStore(simulation.program.entities());
    Random weather = new Random(seed + 1);
    store.beforeQuery(_ -> trouble(weather));
    store.afterQuery(_ -> linger(weather));
    SerialOracle oracle = simulation.run(probe -> store.opened(slowed(weather, probe)));
    simulation.compareHistory(store, oracle);
  }

  /** Now and then a read fails once. */
  private static void trouble(Random weather) {
    if (chance(weather, 300)) {
      throw new MillraceException(Remedy.RETRY, "read has trouble: chance=300");
    }
  }

  /** Between the look into the tables and the arrival of the rows a commit may land. */
  private static void linger(Random weather) {
    if (chance(weather, 8)) {
      LockSupport.parkNanos(LINGER_NANOS);
    }
  }

  /** Commits that take their time let more batches run ahead of them. */
  private static Probe slowed(Random weather, Probe probe) {
    return (point, number) -> {
      if (point == Probe.Point.BEFORE_COMMIT && chance(weather, 4)) {
        LockSupport.parkNanos(4 * LINGER_NANOS);
      }
      probe.pass(point, number);
    };
  }

  private static boolean chance(Random weather, int in) {
    synchronized (weather) {
      return weather.nextInt(in) == 0;
    }
  }

  /** The shortest chain that was seen to fail. Interleavings differ, so this is best effort. */
  private static String shrunk(long seed) throws Exception {
    int most = new SimProgram(seed).blocks();
    int fails = most;
    for (int blocks = 1; blocks < most && fails == most; blocks++) {
      try {
        checkOnce(seed, blocks);
      } catch (AssertionError shorter) {
        fails = blocks;
        return "shrunk to %d of %d blocks:\n%s".formatted(blocks, most, shorter.getMessage());
      }
    }
    return "no shorter chain fails";
  }

  /**
   * Runs to the end over one store that each process opens anew, with a probe that its lanes pass,
   * and compares all tables. Returns the oracle that they were compared with.
   */
  public SerialOracle run(Function<Probe, CommitStore> store) throws Exception {
    Random random = new Random(seed * 31 + 17);
    int troubles = random.nextInt(5);
    while (true) {
      LaneSettings settings = settings(random);
      SimTrouble trouble = troubles-- > 0 ? SimTrouble.random(random) : SimTrouble.none();
      story.add("  process: settings=%s trouble=%s".formatted(settings, trouble));
      LaneEnd end = process(store, settings, trouble);
      story.add("    ended: " + end);
      if (end instanceof LaneEnd.Failed failed
          && !endsByTrouble(trouble)
          && program.poisonedBlock() < 0) {
        throw new AssertionError(describe("lane failed"), failed.failure());
      }
      boolean poisoned =
          end instanceof LaneEnd.Failed(var failure)
              && String.valueOf(failure.getMessage())
                  .contains("event failed: block=" + program.poisonedBlock());
      if (end instanceof LaneEnd.Done || poisoned) {
        return compare(store, end);
      }
    }
  }

  private static boolean endsByTrouble(SimTrouble trouble) {
    return trouble.hasHappened()
        && (trouble.kind() == SimTrouble.Kind.CRASH || trouble.kind() == SimTrouble.Kind.CLOSE);
  }

  private static LaneSettings settings(Random random) {
    int[] depths = {0, 1, 2, 8};
    int[] batches = {1, 3, 7, 20, 1_000};
    long[] staged = {0, 2_000, 20_000, 64L << 20};
    long[] commits = {0, 1_000, 64L << 20};
    return new LaneSettings(
        depths[random.nextInt(depths.length)],
        batches[random.nextInt(batches.length)],
        staged[random.nextInt(staged.length)],
        commits[random.nextInt(commits.length)]);
  }

  private LaneEnd process(
      Function<Probe, CommitStore> opens, LaneSettings settings, SimTrouble trouble)
      throws Exception {
    try (CommitStore store = opens.apply(trouble)) {
      LaneStore held = store.takeOver(LANE);
      try (Lane lane = new Lane(LANE, program, program.script(), held, settings, trouble)) {
        trouble.acting(() -> end(lane, trouble.kind()));
        lane.start();
        return await(lane);
      }
    }
  }

  private static void end(Lane lane, SimTrouble.Kind how) {
    if (how == SimTrouble.Kind.CLOSE) {
      lane.close();
      return;
    }
    try {
      lane.drain(PATIENCE);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  private LaneEnd await(Lane lane) throws InterruptedException {
    AtomicReference<LaneEnd> end = new AtomicReference<>();
    CountDownLatch ended = new CountDownLatch(1);
    Thread waiting =
        Thread.ofVirtual()
            .start(() -> {
              try {
                end.set(lane.await());
                ended.countDown();
              } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
              }
            });
    boolean inTime = ended.await(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    waiting.interrupt();
    LaneEnd known = end.get();
    if (!inTime || known == null) {
      throw new AssertionError(describe("lane does not end: status=" + lane.status()));
    }
    return known;
  }

  private SerialOracle compare(Function<Probe, CommitStore> opens, LaneEnd end) throws Exception {
    try (CommitStore store = opens.apply(Probe.NONE);
        LaneStore lane = store.takeOver(LANE)) {
      var place = lane.opened().place();
      long reached = place == null ? -1 : place.block();
      long last = program.blocks() - 1L;
      if (end instanceof LaneEnd.Done && reached != last) {
        throw new AssertionError(describe("done before the end: block=" + reached));
      }
      if (end instanceof LaneEnd.Failed && reached >= program.poisonedBlock()) {
        throw new AssertionError(describe("went past a failed event: block=" + reached));
      }
      SerialOracle oracle = oracle(reached);
      if (oracle.checkpoint() != lane.opened().checkpoint()) {
        throw new AssertionError(
            describe(
                "checkpoint differs: expected=%d found=%d"
                    .formatted(oracle.checkpoint(), lane.opened().checkpoint())));
      }
      for (EntityType<?> type : program.entities()) {
        compare(type, oracle, lane);
      }
      return oracle;
    }
  }

  private SerialOracle oracle(long block) throws Exception {
    SerialOracle oracle = new SerialOracle(program.entities());
    return block < 0 ? oracle : oracle.run(program.script(), block);
  }

  private <E> void compare(EntityType<E> type, SerialOracle oracle, LaneStore lane) {
    Map<Object, E> expected = oracle.rows(type);
    Map<Object, E> found = new TreeMap<>(SerialOracle.byId(type));
    for (E row : all(type, lane)) {
      found.put(type.id(row), row);
    }
    if (found.equals(expected)) {
      return;
    }
    StringBuilder differences = new StringBuilder("table differs: table=" + type.table());
    Set<Object> ids = new HashSet<>(expected.keySet());
    ids.addAll(found.keySet());
    ids.stream()
        .sorted(SerialOracle.byId(type))
        .filter(id -> !java.util.Objects.equals(expected.get(id), found.get(id)))
        .limit(3)
        .forEach(id ->
            differences.append(
                "\n  id=%s\n    expected=%s\n    found   =%s"
                    .formatted(id, expected.get(id), found.get(id))));
    throw new AssertionError(describe(differences.toString()));
  }

  private static <E> List<E> all(EntityType<E> type, LaneStore lane) {
    while (true) {
      try {
        return lane.reads().matching(type, List.of(new Filter(List.of())));
      } catch (MillraceException failed) {
        if (failed.remedy() != Remedy.RETRY) {
          throw failed;
        }
      }
    }
  }

  /** The undo log holds what stood there before each block of the window, and nothing else. */
  private void compareHistory(MemoryStore store, SerialOracle oracle) {
    List<UndoRow> expected = sorted(oracle.undo());
    List<UndoRow> found = sorted(store.undo(LANE));
    if (!found.equals(expected)) {
      List<UndoRow> missing = new ArrayList<>(expected);
      missing.removeAll(found);
      List<UndoRow> extra = new ArrayList<>(found);
      extra.removeAll(expected);
      throw new AssertionError(
          describe("undo log differs: missing=%s extra=%s".formatted(missing, extra)));
    }
  }

  private static List<UndoRow> sorted(List<UndoRow> rows) {
    return rows.stream()
        .sorted(
            Comparator.comparingLong(UndoRow::checkpoint)
                .thenComparing(UndoRow::table)
                .thenComparing(row -> row.id().toString()))
        .toList();
  }

  private String describe(String what) {
    return """
    seed %d: %s
      program: %s
    %s
      again: mvn verify -pl runtime/testkit -am -Dtest=SimulationTest \
    -Dsurefire.failIfNoSpecifiedTests=false -Dmillrace.seed=%d\
    """
        .formatted(seed, what, program, String.join("\n", story), seed);
  }
}
