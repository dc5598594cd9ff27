package dev.millrace.simulation;

import dev.millrace.lane.LaneOutcome;
import dev.millrace.lane.LaneSettings;
import dev.millrace.pipeline.CommitStore;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.pipeline.Indexer;
import dev.millrace.pipeline.LaneStores;
import dev.millrace.pipeline.Source;
import dev.millrace.testkit.SerialOracle;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;

/**
 * A random program over a random chain, run by one process after another. Processes crash, drain,
 * fall asleep, lose replies and meet errors, with other settings each time, while the chain forks
 * under them. In the end the tables hold what the serial oracle computes from the final chain, row
 * by row; so does the mirror, if there is one, at every moment and as of every checkpoint.
 *
 * <p>Everything but the interleaving of threads follows from the seed.
 */
public final class Simulation {
  private final long seed;
  private final boolean mirrored;
  private final RandomDisturbance stirring;
  private final List<SimulatedLane> lanes = new ArrayList<>();
  private final List<String> history = new ArrayList<>();
  private final Set<Failpoint.Point> struck = EnumSet.noneOf(Failpoint.Point.class);

  /** Processes that were fenced while they slept. */
  private final List<SimulatedProcess> sleepers = new CopyOnWriteArrayList<>();

  /** A simulation over one store alone. */
  public Simulation(long seed) {
    this(seed, Integer.MAX_VALUE, false);
  }

  /** A simulation over a store and a mirror, each entity in one of them or in both. */
  public static Simulation mirrored(long seed) {
    return new Simulation(seed, Integer.MAX_VALUE, true);
  }

  private Simulation(long seed, int mostBlocks, boolean mirrored) {
    this.seed = seed;
    this.mirrored = mirrored;
    this.stirring = new RandomDisturbance(seed + 2);
    SimulatedRouting routing =
        mirrored ? SimulatedRouting.random(new Random(seed * 127)) : SimulatedRouting.unmirrored();
    lanes.add(new SimulatedLane("1", new SimulatedProgram(seed, mostBlocks, routing)));
    if (seed % 5 == 0) {
      // Two lanes over the same tables, with keys that differ by the lane alone.
      lanes.add(
          new SimulatedLane("2", new SimulatedProgram(seed + (1L << 40), mostBlocks, routing)));
    }
  }

  /** The simulated indexer; its name is different for each seed. */
  public Indexer indexer() {
    return lanes.getFirst().program();
  }

  /**
   * Runs a seed over stores in memory; retries a failure with shorter chains. Returns the number of
   * rewinds.
   */
  public static long check(long seed, boolean mirrored) throws Exception {
    try {
      return checkOnce(seed, Integer.MAX_VALUE, mirrored);
    } catch (AssertionError failed) {
      throw new AssertionError(failed.getMessage() + "\n" + shrunk(seed, mirrored), failed);
    }
  }

  private static long checkOnce(long seed, int mostBlocks, boolean mirrored) throws Exception {
    Simulation simulation = new Simulation(seed, mostBlocks, mirrored);
    SimulatedMemoryStores stores = new SimulatedMemoryStores(simulation.indexer(), seed + 1);
    simulation.runOver(stores);
    return simulation.lanes.stream().mapToLong(lane -> stores.rewinds(lane.name())).sum();
  }

  /** Finds the shortest chain that fails. Interleavings differ, so this is best effort. */
  private static String shrunk(long seed, boolean mirrored) throws Exception {
    int max = new Simulation(seed).lanes.getFirst().script().currentBlocks().size();
    for (int blocks = 1; blocks < max; blocks++) {
      try {
        checkOnce(seed, blocks, mirrored);
      } catch (AssertionError shorter) {
        return "shrunk to %d of %d blocks:\n%s".formatted(blocks, max, shorter.getMessage());
      }
    }
    return "no shorter chain fails";
  }

  /** Runs to the end over one store that each process opens again, and compares all tables. */
  public Map<String, SerialOracle> run(Function<Failpoint, CommitStore> store) throws Exception {
    return runOver(failpoint -> {
      CommitStore opened = store.apply(failpoint);
      return new SimulatedStores.Opened() {
        @Override
        public LaneStores takeOver(String lane) {
          return new LaneStores(opened.takeOver(lane));
        }

        @Override
        public void close() {
          opened.close();
        }
      };
    });
  }

  /**
   * Runs to the end over stores that each process opens again, with a failpoint that its lanes
   * pass, and compares all contents. Returns the oracles of the comparison, by lane.
   */
  public Map<String, SerialOracle> runOver(SimulatedStores stores) throws Exception {
    lanes.forEach(
        lane -> lane.script().patientUntil(() -> lane.isAtTheHead(stores.reached(lane.name()))));
    try {
      List<LaneOutcome> ends = live(stores);
      for (SimulatedProcess sleeper : sleepers) {
        sleeper.endAwake();
      }
      return compare(stores, ends);
    } catch (AssertionError failed) {
      throw new AssertionError(describe(String.valueOf(failed.getMessage())), failed);
    } finally {
      sleepers.forEach(SimulatedProcess::close);
    }
  }

  /** Runs one process after another, until one has come to the end. */
  private List<LaneOutcome> live(SimulatedStores stores) throws Exception {
    Random random = new Random(seed * 31 + 17);
    int faults = random.nextInt(5);
    while (true) {
      LaneSettings settings = settings(random);
      SimulatedFault trouble =
          faults-- > 0
              ? SimulatedFault.random(random, mirrored, stores.letsProcessesOverlap())
              : SimulatedFault.none();
      history.add("  process: settings=%s trouble=%s".formatted(settings, trouble));
      Optional<List<LaneOutcome>> ends = process(stores, settings, trouble);
      trouble.struck().ifPresent(struck::add);
      history.add("    ended: " + ends.map(Object::toString).orElse("asleep"));
      if (ends.isPresent() && isOver(ends.get(), trouble)) {
        return ends.get();
      }
      if (ends.isPresent()) {
        look(stores);
      }
    }
  }

  private boolean isOver(List<LaneOutcome> ends, SimulatedFault trouble) {
    boolean over = true;
    for (int i = 0; i < ends.size(); i++) {
      LaneOutcome end = ends.get(i);
      boolean poisoned = lanes.get(i).wasPoisoned(end);
      if (end instanceof LaneOutcome.Failed failed && !endsByFault(trouble) && !poisoned) {
        throw new AssertionError("lane failed: lane=" + lanes.get(i).name(), failed.failure());
      }
      over &= end instanceof LaneOutcome.Done || poisoned;
    }
    return over;
  }

  private static boolean endsByFault(SimulatedFault trouble) {
    return trouble.hasHappened()
        && switch (trouble.kind()) {
          case CRASH, CLOSE, REFUSAL -> true;
          case NOTHING, STORE_ERROR, LOST_REPLY, DRAIN, SLEEP -> false;
        };
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

  private Optional<List<LaneOutcome>> process(
      SimulatedStores stores, LaneSettings settings, SimulatedFault trouble) throws Exception {
    SimulatedProcess process =
        new SimulatedProcess(lanes, stores, settings, trouble, stirred(stores, trouble));
    boolean asleep = false;
    try {
      Optional<List<LaneOutcome>> ends = process.await();
      asleep = ends.isEmpty();
      return ends;
    } finally {
      if (asleep) {
        sleepers.add(process);
      } else {
        process.close();
      }
    }
  }

  /**
   * Disturbs the lanes at every point: a reorg may happen, most often during a rewind; a reader may
   * look, housekeeping may run, and a fenced process may wake up.
   */
  private Failpoint stirred(SimulatedStores stores, Failpoint failpoint) {
    return (point, number) -> {
      boolean isRewinding =
          point == Failpoint.Point.BEFORE_REWIND
              || point == Failpoint.Point.REWINDING
              || point == Failpoint.Point.AFTER_REWIND;
      if (stirring.chance(isRewinding ? 3 : 100)) {
        lanes.forEach(lane -> lane.script().proceed());
      }
      if (mirrored && stirring.chance(10)) {
        Random dice = stirring.with(random -> new Random(random.nextLong()));
        stores.disturb(lanes.get(dice.nextInt(lanes.size())).name(), dice);
      }
      if (!sleepers.isEmpty() && stirring.chance(20)) {
        sleepers.forEach(SimulatedProcess::wake);
      }
      failpoint.reached(point, number);
    };
  }

  /** Checks the state that a process has left behind, if the chain still agrees with it. */
  private void look(SimulatedStores stores) throws Exception {
    for (SimulatedLane lane : lanes) {
      Optional<Source.BlockRef> place = stores.reached(lane.name());
      if (place.isPresent()) {
        Optional<SerialOracle> oracle = SimulatedTableCheck.oracle(lane, place.get());
        if (oracle.isPresent()) {
          fail(stores.differences(lane.name(), oracle.get(), false));
        }
      }
    }
  }

  private static void fail(List<String> wrong) {
    if (!wrong.isEmpty()) {
      throw new AssertionError(String.join("\n", wrong));
    }
  }

  private Map<String, SerialOracle> compare(SimulatedStores stores, List<LaneOutcome> ends)
      throws Exception {
    Map<String, SerialOracle> oracles = new TreeMap<>();
    try (SimulatedStores.Opened process = stores.open(Failpoint.NONE)) {
      for (int i = 0; i < lanes.size(); i++) {
        SimulatedLane lane = lanes.get(i);
        try (LaneStores held = process.takeOver(lane.name())) {
          SimulatedTableCheck tables = new SimulatedTableCheck(lane);
          SerialOracle oracle = tables.compare(ends.get(i), held.store());
          fail(tables.wrong());
          fail(stores.differences(lane.name(), oracle, true));
          oracles.put(lane.name(), oracle);
        }
      }
    }
    return oracles;
  }

  /** The checkpoint of a lane's last final block: history above it must not be missing. */
  public long finalCheckpoint(String lane, SerialOracle oracle) {
    return lanes.stream()
        .filter(one -> one.name().equals(lane))
        .mapToLong(one -> oracle.checkpointAt(one.script().finalBlock()))
        .findFirst()
        .orElseThrow();
  }

  /** The points at which processes have failed so far. */
  public Set<Failpoint.Point> struck() {
    return Collections.unmodifiableSet(struck);
  }

  private String describe(String what) {
    return """
    seed %d: %s
      program: %s
    %s
      again: mvn verify -pl runtime/dev/simulation -am -Dtest=SimulationTest#%s \
    -Dsurefire.failIfNoSpecifiedTests=false -Dmillrace.seed=%d\
    """
        .formatted(
            seed,
            what,
            lanes,
            String.join("\n", history),
            mirrored ? "seeds_leaveBothStoresEqual" : "seeds_leaveTheTablesOfTheOracle",
            seed);
  }
}
