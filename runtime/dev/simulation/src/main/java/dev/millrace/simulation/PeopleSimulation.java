package dev.millrace.simulation;

import dev.millrace.lane.Lane;
import dev.millrace.lane.LaneOutcome;
import dev.millrace.lane.LaneSettings;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.EventId;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.Batch;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.pipeline.Indexer;
import dev.millrace.pipeline.LaneStores;
import dev.millrace.pipeline.Source;
import dev.millrace.testkit.ScriptedSource;
import dev.millrace.testkit.SerialOracle;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A random program with the habits of real handlers, over a random chain: its handlers throw,
 * block, swallow errors, share state and save odd values. A process either leaves the rows of the
 * serial oracle or ends with a failure that names the event; in that case everything before the
 * batch of that event is durable and nothing after it. The event's handler is then fixed, and the
 * next process goes on. Meanwhile the chain may have reorgs, and processes may die anywhere.
 *
 * <p>Everything but the interleaving of threads follows from the seed.
 */
public final class PeopleSimulation {
  private static final long DEADLINE_SECONDS = 60;
  private static final int MAX_FAULTS = 5;
  private static final Set<SimulatedFault.Kind> FAULTS =
      EnumSet.of(
          SimulatedFault.Kind.CRASH,
          SimulatedFault.Kind.STORE_ERROR,
          SimulatedFault.Kind.LOST_REPLY);
  private static final String CRASHED = "process has crashed: ";
  private static final Pattern NAMED =
      Pattern.compile("block=(\\d+) logIndex=(\\d+) handler=([^\\s\"]+)");

  private final long seed;
  private final String lane;
  private final PeopleProgram program;
  private final int processesPerLook;
  private int looks;
  private int faults;
  private final List<String> history = new ArrayList<>();
  private final List<String> failures = new ArrayList<>();

  public PeopleSimulation(long seed) {
    this(seed, Integer.MAX_VALUE);
  }

  private PeopleSimulation(long seed, int maxBlocks) {
    this(seed, new PeopleProgram(seed, maxBlocks), 1);
  }

  private PeopleSimulation(long seed, PeopleProgram program, int processesPerLook) {
    this.seed = seed;
    this.lane = Long.toString(seed);
    this.program = program;
    this.processesPerLook = processesPerLook;
  }

  /** Saves and reads each odd value and id once, in two stores; the seed chooses the batches. */
  public static PeopleSimulation ofOddValues(long seed) {
    return new PeopleSimulation(seed, PeopleProgram.ofOddValues(), 8);
  }

  /** The program; its name is different for each seed. */
  public Indexer indexer() {
    return program;
  }

  /** Runs a seed over a store in memory; retries a failure with shorter chains. */
  public static void check(long seed) throws Exception {
    try {
      checkOnce(seed, Integer.MAX_VALUE);
    } catch (AssertionError failed) {
      throw new AssertionError(failed.getMessage() + "\n" + shrunk(seed), failed);
    }
  }

  private static void checkOnce(long seed, int maxBlocks) throws Exception {
    PeopleSimulation simulation = new PeopleSimulation(seed, maxBlocks);
    simulation.run(new SimulatedMemoryStores(simulation.indexer(), seed + 1));
  }

  /** Finds the shortest chain that fails. Interleavings differ, so this is best effort. */
  private static String shrunk(long seed) throws Exception {
    int all = new PeopleSimulation(seed).program.script().currentBlocks().size();
    for (int blocks = 1; blocks < all; blocks++) {
      try {
        checkOnce(seed, blocks);
      } catch (AssertionError shorter) {
        return "shrunk to %d of %d blocks:\n%s".formatted(blocks, all, shorter.getMessage());
      }
    }
    return "no shorter chain fails";
  }

  /** The failures that have ended processes so far, in order. */
  public List<String> failures() {
    return List.copyOf(failures);
  }

  /** The rows of the oracle at the end of the chain. */
  public SerialOracle oracle() throws Exception {
    program.begin(true);
    return new SerialOracle(program).run(program.script());
  }

  /** Runs to the end over stores that each process opens again. */
  public void run(SimulatedStores stores) throws Exception {
    Random random = new Random(seed * 31 + 17);
    try {
      while (!process(stores, settings(random), drawFault(random))) {}
    } catch (AssertionError failed) {
      throw new AssertionError(describe(String.valueOf(failed.getMessage())), failed);
    }
  }

  /** Draws trouble for one process in three. Mirrors have a simulation of their own. */
  private SimulatedFault drawFault(Random random) {
    SimulatedFault drawn = SimulatedFault.random(random, false, false);
    boolean meets = random.nextInt(3) == 0 && processesPerLook == 1 && faults < MAX_FAULTS;
    if (!meets || !FAULTS.contains(drawn.kind())) {
      return SimulatedFault.none();
    }
    faults++;
    return drawn;
  }

  private static LaneSettings settings(Random random) {
    int[] depths = {0, 1, 2, 8};
    int[] batches = {1, 3, 7, 20, 1_000};
    long[] staged = {0, 2_000, 20_000, 64L << 20};
    return new LaneSettings(
        depths[random.nextInt(depths.length)],
        batches[random.nextInt(batches.length)],
        staged[random.nextInt(staged.length)],
        random.nextBoolean() ? 1_000 : 64L << 20);
  }

  /** Runs one process; true once the stream has ended. */
  private boolean process(SimulatedStores stores, LaneSettings settings, SimulatedFault trouble)
      throws Exception {
    long branch = program.script().branch();
    SharedHandlerState state = program.begin(false);
    LaneOutcome end = end(stores, settings, trouble);
    history.add("  process: settings=%s trouble=%s end=%s".formatted(settings, trouble, end));
    require(state.wrongs().isEmpty(), state.wrongs());
    if (!isOnChain(stores)) {
      require(!(end instanceof LaneOutcome.Done), "done on a branch that was left");
      mend(end, trouble);
      return false;
    }
    long reached = reached(stores);
    compare(stores, reached, end instanceof LaneOutcome.Done);
    if (end instanceof LaneOutcome.Done) {
      require(
          reached == program.script().currentBlocks().size() - 1L,
          "done before the end: " + reached);
      return true;
    }
    Optional<EventId> culprit = mend(end, trouble);
    if (culprit.isPresent() && branch == program.script().branch()) {
      long block = culprit.get().block();
      require(reached < block, "went past the failure: reached=" + reached);
      require(
          next(reached, settings.batchEvents()).last().number() >= block,
          "not all before the failure is durable: reached=" + reached);
    }
    return false;
  }

  private boolean isOnChain(SimulatedStores stores) {
    List<ScriptedSource.ScriptedBlock> chain = program.script().currentBlocks();
    return stores
        .reached(lane)
        .map(place ->
            place.block() < chain.size()
                && chain.get((int) place.block()).block().hash().equals(place.hash()))
        .orElse(true);
  }

  private LaneOutcome end(SimulatedStores stores, LaneSettings settings, SimulatedFault trouble)
      throws Exception {
    try (SimulatedStores.Opened opened = stores.open(trouble);
        LaneStores held = opened.takeOver(lane);
        Lane running = new Lane(lane, program, program.script(), held, settings, trouble)) {
      running.start();
      FutureTask<LaneOutcome> end = new FutureTask<>(running::await);
      Thread waiting = Thread.ofVirtual().start(end);
      try {
        return end.get(DEADLINE_SECONDS, TimeUnit.SECONDS);
      } catch (TimeoutException _) {
        waiting.interrupt();
        throw new AssertionError(
            "lane does not end: status=%s\n%s".formatted(running.status(), ThreadStackDump.all()));
      }
    }
  }

  private long reached(SimulatedStores stores) {
    return stores.reached(lane).map(Source.BlockRef::block).orElse(-1L);
  }

  /**
   * Checks that a process that has not died names an event that may fail, and fixes its handler.
   * Empty if there was nothing to fix.
   */
  private Optional<EventId> mend(LaneOutcome end, SimulatedFault trouble) {
    if (!(end instanceof LaneOutcome.Failed(MillraceException failure))) {
      throw new AssertionError("lane has drained, unasked");
    }
    String message = String.valueOf(failure.getMessage());
    if (trouble.hasHappened() && message.contains(CRASHED)) {
      return Optional.empty();
    }
    // A handler that was interrupted while it waited names the exception in its reason.
    boolean speaksOfInterrupt =
        message.contains("interrupted") || message.contains("InterruptedException");
    if (speaksOfInterrupt && program.hasLateInterrupts()) {
      require(
          NAMED.matcher(message).find() || message.contains("no event has run"),
          "interrupt names no event: " + brief(message));
      program.mendLateInterrupts();
      return Optional.empty();
    }
    Matcher named = NAMED.matcher(message);
    require(named.find(), "failure names no event: " + brief(message));
    EventId id = EventId.of(Integer.parseInt(named.group(1)), Integer.parseInt(named.group(2)));
    List<PeopleHandler> suspects = program.suspects(id, named.group(3));
    require(!suspects.isEmpty(), "failure names an innocent event: " + brief(message));
    boolean hangs =
        suspects.stream().anyMatch(suspect -> EffectHabits.HANGING.equals(suspect.habit()));
    require(
        failure.remedy() == (hangs ? Remedy.RESTART : Remedy.FIX_HANDLER)
            || (suspects.size() > 1 && failure.remedy() == Remedy.FIX_HANDLER),
        "failure of a handler has another remedy: " + failure.remedy());
    failures.add(message);
    suspects.forEach(PeopleHandler::mend);
    return Optional.of(id);
  }

  /** Returns the batch that follows a block. */
  private Batch next(long reached, int events) throws InterruptedException {
    List<ScriptedSource.ScriptedBlock> blocks = program.script().currentBlocks();
    Source.ResumePoint resumePoint =
        reached < 0
            ? Source.ResumePoint.START
            : Source.ResumePoint.at(
                new Source.BlockRef(reached, blocks.get((int) reached).block().hash()));
    try (Source.Feed feed = program.script().open(resumePoint)) {
      return feed.next(events) instanceof Batch batch ? batch : none(reached);
    }
  }

  /** Checks that the durable rows are those of the oracle after the same number of blocks. */
  private void compare(SimulatedStores stores, long reached, boolean over) throws Exception {
    for (PeopleHandler event : durable(reached)) {
      require(!event.mustFail(), "event has succeeded: habit=" + event.habit());
    }
    if (!over && looks++ % processesPerLook != 0) {
      return;
    }
    program.begin(true);
    SerialOracle oracle = new SerialOracle(program);
    if (reached >= 0) {
      oracle.run(program.script(), reached);
    }
    try (SimulatedStores.Opened opened = stores.open(Failpoint.NONE);
        LaneStores held = opened.takeOver(lane)) {
      for (EntityType<?> type : program.entities()) {
        List<String> wrong = differences(type, oracle, held);
        require(wrong.isEmpty(), wrong);
      }
    }
    List<String> wrong = stores.differences(lane, oracle, over);
    require(wrong.isEmpty(), wrong);
  }

  private List<PeopleHandler> durable(long reached) {
    return program.script().currentBlocks().stream()
        .filter(block -> block.block().number() <= reached)
        .flatMap(block -> block.lines().stream())
        .map(line -> (PeopleHandler) line.handler())
        .toList();
  }

  /** Compares by values: records of indexers may define any equality. */
  private static <E> List<String> differences(
      EntityType<E> type, SerialOracle oracle, LaneStores held) {
    Map<Object, Object> found = new TreeMap<>(SerialOracle.byId(type));
    for (E row : SimulatedTableCheck.all(type, held.store())) {
      found.put(type.id(row), Arrays.asList(type.values(row)));
    }
    Map<Object, Object> expected = new TreeMap<>(SerialOracle.byId(type));
    oracle.rows(type).forEach((id, row) -> expected.put(id, Arrays.asList(type.values(row))));
    return SimulatedTableCheck.differences(type, expected, found);
  }

  private static void require(boolean holds, Object otherwise) {
    if (!holds) {
      throw new AssertionError(otherwise.toString());
    }
  }

  private static Batch none(long reached) {
    throw new AssertionError("nothing follows: reached=" + reached);
  }

  private static String brief(String message) {
    return message.substring(0, Math.min(500, message.length()));
  }

  private String describe(String what) {
    return """
    seed %d: %s
      program: %s
    %s
      again: mvn verify -pl runtime/dev/simulation -am -Dtest=PeopleSimulationTest \
    -Dsurefire.failIfNoSpecifiedTests=false -Dmillrace.seed=%d\
    """
        .formatted(seed, what, program, String.join("\n", history), seed);
  }
}
