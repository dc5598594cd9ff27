package dev.millrace.simulation;

import dev.millrace.lane.Lane;
import dev.millrace.lane.LaneOutcome;
import dev.millrace.lane.LaneSettings;
import dev.millrace.loaders.Entity;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.Id;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.loaders.Storage;
import dev.millrace.pipeline.Context;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.pipeline.Indexer;
import dev.millrace.pipeline.LaneStores;
import dev.millrace.testkit.ScriptedSource;
import dev.millrace.testkit.SerialOracle;
import dev.millrace.testkit.StepGates;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/** A lane over a script and a store in memory; by default each block is a batch. */
final class LaneHarness implements AutoCloseable {
  static final String LANE = "1";

  /** The row that all these tests read and write. */
  @Entity
  record Cell(@Id String id, String owner, long value) {}

  static final EntityType<Cell> CELL = EntityType.of(Cell.class);

  /** Keeps its cells in both stores if it mirrors anything, and other entities as they declare. */
  private record Definition(List<EntityType<?>> entities, boolean mirrors) implements Indexer {
    @Override
    public String name() {
      return "mill";
    }

    @Override
    public Storage storage(EntityType<?> type) {
      if (type.storage() != Storage.CONFIGURED) {
        return type.storage();
      }
      return mirrors ? Storage.BOTH : Storage.POSTGRES;
    }

    @Override
    public SortedMap<String, String> sourceRequirements() {
      return new TreeMap<>();
    }
  }

  static Indexer definition() {
    return new Definition(List.of(CELL), false);
  }

  /** A definition with a mirror and these entities beside the cells. */
  static Indexer mirroring(EntityType<?>... more) {
    return new Definition(Stream.concat(Stream.of(CELL), Stream.of(more)).toList(), true);
  }

  final Indexer indexer;
  final MemoryStore store;
  final Optional<MemoryMirror> mirror;
  final ScriptedSource script;
  final StepGates gates = new StepGates();

  /** Values that handlers have noted; the run overwrites the notes of the preload. */
  final Map<String, Object> seen = new ConcurrentHashMap<>();

  volatile Failpoint fault = Failpoint.NONE;
  LaneSettings settings = new LaneSettings(8, 1, 64L << 20, 64L << 20);
  private final List<Lane> lanes = new ArrayList<>();

  LaneHarness() {
    this(definition());
  }

  LaneHarness(Indexer indexer) {
    this(indexer, new MemoryStore(indexer), new MemoryMirror(indexer), new ScriptedSource());
  }

  /** Continues over the stores that another process has left. */
  LaneHarness(Indexer indexer, MemoryStore store, MemoryMirror mirror, ScriptedSource script) {
    this.indexer = indexer;
    this.store = store;
    this.mirror =
        Optional.of(mirror)
            .filter(_ ->
                indexer.entities().stream().anyMatch(type -> indexer.storage(type).isMirrored()));
    this.script = script;
  }

  static Cell cell(String id, String owner, long value) {
    return new Cell(id, owner, value);
  }

  static ScriptedSource.Step save(String id, String owner, long value) {
    return context -> context.save(cell(id, owner, value));
  }

  /** Increments a value. */
  static ScriptedSource.Step increment(String id) {
    return context -> {
      long value = context.find(Cell.class, id).map(Cell::value).orElse(0L);
      context.save(cell(id, "", value + 1));
    };
  }

  ScriptedSource.Step find(String id) {
    return context -> seen.put("find " + id, context.find(Cell.class, id));
  }

  ScriptedSource.Step findByOwner(String owner) {
    return context -> seen.put("owner " + owner, ownedBy(context, owner));
  }

  static List<Cell> ownedBy(Context context, String owner) {
    return context.query(Cell.class).where(Cell::owner).is(owner).list();
  }

  LaneHarness stored(Cell... cells) {
    for (Cell cell : cells) {
      store.put(LANE, CELL, cell);
    }
    return this;
  }

  /** Stores a row, so that memory is not complete. */
  LaneHarness notEmpty() {
    return stored(cell("other", "nobody", 0));
  }

  LaneHarness depth(int depth) {
    settings =
        new LaneSettings(
            depth, settings.batchEvents(), settings.stagedBytes(), settings.commitBytes());
    return this;
  }

  LaneHarness batchEvents(int events) {
    settings =
        new LaneSettings(settings.depth(), events, settings.stagedBytes(), settings.commitBytes());
    return this;
  }

  LaneHarness stagedBytes(long bytes) {
    settings =
        new LaneSettings(settings.depth(), settings.batchEvents(), bytes, settings.commitBytes());
    return this;
  }

  /** Starts a process: takes the lane over and starts it. */
  Lane start() {
    Failpoint failpoint =
        (point, number) -> {
          gates.reached(point, number);
          fault.reached(point, number);
        };
    LaneStores stores =
        new LaneStores(
            store.opened(failpoint).takeOver(LANE),
            mirror.map(copy -> copy.opened(LANE, failpoint)));
    Lane lane = new Lane(LANE, indexer, script, stores, settings, failpoint);
    lanes.add(lane);
    lane.start();
    return lane;
  }

  LaneOutcome run() throws InterruptedException {
    try (Lane lane = start()) {
      return lane.await();
    }
  }

  List<Cell> cells() {
    return List.copyOf(store.rows(LANE, CELL).values());
  }

  List<Cell> oracleCells() throws Exception {
    return List.copyOf(oracle().rows(CELL).values());
  }

  SerialOracle oracle() throws Exception {
    return new SerialOracle(indexer).run(script);
  }

  /** Returns the failure of a lane that must have failed. */
  static MillraceException failure(LaneOutcome end) {
    if (end instanceof LaneOutcome.Failed(MillraceException failure)) {
      return failure;
    }
    throw new AssertionError("lane did not fail: end=" + end);
  }

  /** A failpoint that throws at the first {@code times} passings of a point with this number. */
  static Failpoint failing(Failpoint.Point point, long number, int times, Remedy remedy) {
    AtomicInteger left = new AtomicInteger(times);
    return (at, passed) -> {
      if (at == point && passed == number && left.getAndDecrement() > 0) {
        throw new MillraceException(remedy, "store has trouble: point=" + point);
      }
    };
  }

  /** Polls, for state that can only be seen from outside the lane. */
  static void awaitThat(BooleanSupplier condition) {
    long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() - until > 0) {
        throw new AssertionError("waited in vain");
      }
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
    }
  }

  @Override
  public void close() {
    lanes.forEach(Lane::close);
  }
}
