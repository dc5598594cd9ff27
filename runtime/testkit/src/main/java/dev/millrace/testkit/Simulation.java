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
import dev.millrace.pipeline.Source;
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
 * replies and meet errors, with other settings each time, while the chain forks under them. In the
 * end the tables hold what the serial oracle says of the chain that is left, row by row.
 *
 * <p>Everything but the interleaving of threads follows from the seed.
 */
public final class Simulation {
  private static final long LINGER_NANOS = 300_000;
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final long seed;
  private final Random stirring;
  private final List<SimLane> lanes = new ArrayList<>();
  private final List<String> story = new ArrayList<>();

  public Simulation(long seed) {
    this(seed, Integer.MAX_VALUE);
  }

  private Simulation(long seed, int mostBlocks) {
    this.seed = seed;
    this.stirring = new Random(seed + 2);
    List<EntityType<?>> types = SimRows.types();
    lanes.add(new SimLane("1", new SimProgram(seed, mostBlocks, types)));
    if (seed % 5 == 0) {
      // Two lanes over the same tables, with keys that differ by the lane alone.
      lanes.add(new SimLane("2", new SimProgram(seed + (1L << 40), mostBlocks, types)));
    }
  }

  /** A chain of its own. */
  private record SimLane(String name, SimProgram program) {
    Script script() {
      return program.script();
    }

    boolean wasPoisoned(LaneEnd end) {
      return end instanceof LaneEnd.Failed(var failure)
          && program.poisonedBlock() >= 0
          && String.valueOf(failure.getMessage())
              .contains("event failed: block=" + program.poisonedBlock() + " ");
    }
  }

  /** What is simulated; its name is different for each seed. */
  public Indexer indexer() {
    return lanes.getFirst().program();
  }

  /**
   * Runs a seed over a store in memory; a failure is tried again with shorter chains. Returns how
   * often its lanes have turned back.
   */
  public static long check(long seed) throws Exception {
    try {
      return checkOnce(seed, Integer.MAX_VALUE);
    } catch (AssertionError failed) {
      throw new AssertionError(failed.getMessage() + "\n" + shrunk(seed), failed);
    }
  }

  private static long checkOnce(long seed, int mostBlocks) throws Exception {
    Simulation simulation = new Simulation(seed, mostBlocks);
    MemoryStore store = new MemoryStore(simulation.indexer().entities());
    Random weather = new Random(seed + 1);
    store.beforeQuery(_ -> trouble(weather));
    store.afterQuery(_ -> linger(weather));
    simulation
        .run(probe -> store.opened(slowed(weather, probe)))
        .forEach((lane, oracle) -> simulation.compareHistory(lane, store, oracle));
    return simulation.lanes.stream().mapToLong(lane -> store.rewinds(lane.name())).sum();
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
    int most = new Simulation(seed).lanes.getFirst().script().told().size();
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
   * and compares all tables. Returns the oracles that they were compared with, by lane.
   */
  public Map<String, SerialOracle> run(Function<Probe, CommitStore> store) throws Exception {
    Random random = new Random(seed * 31 + 17);
    int troubles = random.nextInt(5);
    while (true) {
      LaneSettings settings = settings(random);
      SimTrouble trouble = troubles-- > 0 ? SimTrouble.random(random) : SimTrouble.none();
      story.add("  process: settings=%s trouble=%s".formatted(settings, trouble));
      List<LaneEnd> ends = process(store, settings, trouble);
      story.add("    ended: " + ends);
      boolean over = true;
      for (int i = 0; i < ends.size(); i++) {
        LaneEnd end = ends.get(i);
        boolean poisoned = lanes.get(i).wasPoisoned(end);
        if (end instanceof LaneEnd.Failed failed && !endsByTrouble(trouble) && !poisoned) {
          throw new AssertionError(
              describe("lane failed: lane=" + lanes.get(i).name()), failed.failure());
        }
        over &= end instanceof LaneEnd.Done || poisoned;
      }
      if (over) {
        return compare(store, ends);
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

  private List<LaneEnd> process(
      Function<Probe, CommitStore> opens, LaneSettings settings, SimTrouble trouble)
      throws Exception {
    Probe probe = stirred(trouble);
    List<Lane> running = new ArrayList<>();
    try (CommitStore store = opens.apply(probe)) {
      for (SimLane lane : lanes) {
        LaneStore held = store.takeOver(lane.name());
        running.add(new Lane(lane.name(), indexer(), lane.script(), held, settings, probe));
      }
      trouble.acting(() -> running.forEach(lane -> end(lane, trouble.kind())));
      running.forEach(Lane::start);
      List<LaneEnd> ends = new ArrayList<>();
      for (Lane lane : running) {
        ends.add(await(lane));
      }
      return ends;
    } finally {
      running.forEach(Lane::close);
    }
  }

  /** Wherever a stage stands, the chain may turn; most of all while it has to follow a turn. */
  private Probe stirred(Probe probe) {
    return (point, number) -> {
      boolean turning =
          point == Probe.Point.BEFORE_REWIND
              || point == Probe.Point.REWINDING
              || point == Probe.Point.AFTER_REWIND;
      if (chance(stirring, turning ? 3 : 40)) {
        lanes.forEach(lane -> lane.script().proceed());
      }
      probe.pass(point, number);
    };
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

  private Map<String, SerialOracle> compare(Function<Probe, CommitStore> opens, List<LaneEnd> ends)
      throws Exception {
    Map<String, SerialOracle> oracles = new TreeMap<>();
    try (CommitStore store = opens.apply(Probe.NONE)) {
      for (int i = 0; i < lanes.size(); i++) {
        try (LaneStore held = store.takeOver(lanes.get(i).name())) {
          oracles.put(lanes.get(i).name(), compare(lanes.get(i), ends.get(i), held));
        }
      }
    }
    return oracles;
  }

  private SerialOracle compare(SimLane lane, LaneEnd end, LaneStore held) throws Exception {
    Source.Place place = held.opened().place();
    List<Script.Told> chain = lane.script().told();
    long reached = place == null ? -1 : place.block();
    if (end instanceof LaneEnd.Done && reached != chain.size() - 1L) {
      throw new AssertionError(describe("done before the end: block=" + reached));
    }
    if (end instanceof LaneEnd.Failed && reached >= lane.program().poisonedBlock()) {
      throw new AssertionError(describe("went past a failed event: block=" + reached));
    }
    if (place != null && !place.hash().equals(chain.get((int) reached).block().hash())) {
      throw new AssertionError(describe("stands on a branch that was left: place=" + place));
    }
    SerialOracle oracle = new SerialOracle(indexer().entities());
    if (reached >= 0) {
      oracle.run(lane.script(), reached);
    }
    same("checkpoint", oracle.checkpoint(), held.opened().checkpoint());
    same("found contracts", oracle.found(), held.standing().found());
    for (EntityType<?> type : indexer().entities()) {
      compare(type, oracle, held);
    }
    return oracle;
  }

  private void same(String what, Object expected, Object found) {
    if (!expected.equals(found)) {
      throw new AssertionError(
          describe("%s: expected=%s found=%s".formatted(what, expected, found)));
    }
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
  private void compareHistory(String lane, MemoryStore store, SerialOracle oracle) {
    List<String> answers =
        store.effects(lane).stream()
            .map(answer -> answer.effect() + "@" + answer.checkpoint())
            .sorted()
            .toList();
    same("stored answers", oracle.keptAnswers(), answers);
    List<UndoRow> expected = sorted(oracle.undo(store.finalCheckpoint(lane)));
    List<UndoRow> found = sorted(store.undo(lane));
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

  /** The checkpoint of a lane's last final block: history above it must not be missing. */
  public long finalCheckpoint(String lane, SerialOracle oracle) {
    return lanes.stream()
        .filter(one -> one.name().equals(lane))
        .mapToLong(one -> oracle.checkpointAt(one.script().finalBlock()))
        .findFirst()
        .orElseThrow();
  }

  private String describe(String what) {
    return """
    seed %d: %s
      program: %s
    %s
      again: mvn verify -pl runtime/testkit -am -Dtest=SimulationTest \
    -Dsurefire.failIfNoSpecifiedTests=false -Dmillrace.seed=%d\
    """
        .formatted(seed, what, lanes, String.join("\n", story), seed);
  }
}
