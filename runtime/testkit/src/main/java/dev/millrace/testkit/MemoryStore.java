package dev.millrace.testkit;

import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.CommitStore;
import dev.millrace.pipeline.EffectResult;
import dev.millrace.pipeline.Frontier;
import dev.millrace.pipeline.Indexer;
import dev.millrace.pipeline.LaneStore;
import dev.millrace.pipeline.Ledger;
import dev.millrace.pipeline.Probe;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A durable store in memory, as strict as a database could ever be: an insert over a row, an update
 * or a delete of a missing one, a change that misremembers what stood there, a checkpoint out of
 * line are all errors. Epochs and numbered commits fence as in PostgreSQL.
 *
 * <p>It survives the crash of a lane by being the object that stays. A test makes it fail through
 * the probe that it is opened with: an error with remedy {@code RETRY} before the commit is a
 * transient one, after the commit it is a reply that was lost.
 */
public final class MemoryStore implements CommitStore {
  private final ReentrantLock lock = new ReentrantLock();
  private final String identity;
  private final List<EntityType<?>> types;
  private final boolean mirrored;
  private boolean keepsStates;
  private final Map<String, MemoryTables> lanes = new TreeMap<>(); // guarded by lock
  private final List<String> queries = new ArrayList<>(); // guarded by lock
  private long epochs; // guarded by lock
  private volatile Consumer<String> beforeQuery = _ -> {};
  private volatile Consumer<String> afterQuery = _ -> {};

  /** With a table for each of them, and no mirror. */
  public MemoryStore(List<EntityType<?>> types) {
    this(UUID.randomUUID().toString(), types, false);
  }

  /** With a table for each entity that has one in PostgreSQL. */
  public MemoryStore(Indexer indexer) {
    this(
        UUID.randomUUID().toString(),
        indexer.entities().stream().filter(type -> indexer.storage(type).isInPostgres()).toList(),
        indexer.entities().stream().anyMatch(type -> indexer.storage(type).isMirrored()));
  }

  private MemoryStore(String identity, List<EntityType<?>> types, boolean mirrored) {
    this.identity = identity;
    this.types = List.copyOf(types);
    this.mirrored = mirrored;
  }

  /** From now on every state is kept that a lane is ever in. */
  MemoryStore keepingStates() {
    keepsStates = true;
    return this;
  }

  /** The rows of a table as they stood behind a commit of an epoch; null if they never did. */
  @Nullable Map<Object, Object> rows(String lane, EntityType<?> type, long epoch, long commit) {
    return locked(() -> tables(lane).states().rows(type, epoch, commit));
  }

  /** What somebody gets who restores a backup that was made now. */
  public MemoryStore backup() {
    return locked(() -> {
      MemoryStore copy = new MemoryStore(identity, types, mirrored);
      lanes.forEach((lane, tables) -> copy.lanes.put(lane, new MemoryTables(tables)));
      copy.epochs = epochs;
      return copy;
    });
  }

  /** The same store as another process sees it, which passes this probe. */
  public CommitStore opened(Probe probe) {
    return opened(probe, mirrored);
  }

  /** The same, for a process that mirrors nothing, whatever the definition says. */
  public CommitStore unmirrored(Probe probe) {
    return opened(probe, false);
  }

  private CommitStore opened(Probe probe, boolean mirrors) {
    return new CommitStore() {
      @Override
      public LaneStore takeOver(String lane) {
        return MemoryStore.this.takeOver(lane, probe, mirrors);
      }

      @Override
      public void close() {}
    };
  }

  @Override
  public LaneStore takeOver(String lane) {
    return takeOver(lane, Probe.NONE, mirrored);
  }

  private LaneStore takeOver(String lane, Probe probe, boolean mirrors) {
    return locked(() -> {
      MemoryTables tables = lanes.computeIfAbsent(lane, _ -> newTables());
      return new MemoryLane(this, tables, tables.takeOver(nextEpoch(), mirrors), probe);
    });
  }

  private MemoryTables newTables() {
    MemoryTables tables = new MemoryTables(types);
    if (keepsStates) {
      tables.states().begin();
    }
    return tables;
  }

  String identity() {
    return identity;
  }

  /** The caller holds the lock. */
  long nextEpoch() {
    epochs++;
    return epochs;
  }

  @Override
  public void close() {}

  /**
   * Runs before each query, with its description. It may wait, and it may throw as a database
   * would.
   */
  public void beforeQuery(Consumer<String> action) {
    beforeQuery = action;
  }

  /** The same when a query has chosen its rows, and before they arrive. */
  public void afterQuery(Consumer<String> action) {
    afterQuery = action;
  }

  /** A row that was committed before all that a test does. */
  public <E> void put(String lane, EntityType<E> type, E row) {
    locked(() ->
        lanes
            .computeIfAbsent(lane, _ -> new MemoryTables(types))
            .rows(type)
            .put(type.id(row), MemoryTables.stored(type, row)));
  }

  /** What has been asked since the last call, in order. */
  public List<String> takeQueries() {
    return locked(() -> {
      List<String> taken = List.copyOf(queries);
      queries.clear();
      return taken;
    });
  }

  void query(String description) {
    beforeQuery.accept(description);
    locked(() -> queries.add(description));
  }

  void answered(String description) {
    afterQuery.accept(description);
  }

  /** The committed rows of a lane, by id. */
  public <E> Map<Object, E> rows(String lane, EntityType<E> type) {
    return locked(() -> {
      Map<Object, E> rows = new TreeMap<>(SerialOracle.byId(type));
      tables(lane).rows(type).forEach((id, row) -> rows.put(id, type.type().cast(row)));
      return rows;
    });
  }

  /** What a rewind of the lane could restore, in the order of commits. */
  public List<UndoRow> undo(String lane) {
    return locked(() -> tables(lane).undo());
  }

  /** Up to this checkpoint nothing of the lane can be undone any more. */
  public long finalCheckpoint(String lane) {
    return locked(() -> tables(lane).finalCheckpoint());
  }

  /** How often the lane has turned back. */
  public long rewinds(String lane) {
    return locked(() -> tables(lane).rewinds());
  }

  /** Answers of effects that the lane has stored. */
  public List<EffectResult> effects(String lane) {
    return locked(() -> tables(lane).effects());
  }

  /** All commits of the lane so far. */
  public List<Commit> commits(String lane) {
    return locked(() -> tables(lane).commits());
  }

  public Frontier frontier(String lane) {
    return locked(() -> tables(lane).frontier());
  }

  /** What a mirror of the lane would have to follow now, whoever holds it. */
  public Ledger ledger(String lane) {
    return locked(() -> tables(lane).ledger(identity));
  }

  /** Indexes that were asked for, as {@code table(column,column)}. */
  public List<String> indexes(String lane) {
    return locked(() -> tables(lane).indexes());
  }

  private MemoryTables tables(String lane) {
    MemoryTables tables = lanes.get(lane);
    if (tables == null) {
      throw new MillraceException(Remedy.REPORT_BUG, "lane was never taken over: lane=" + lane);
    }
    return tables;
  }

  <T> T locked(Supplier<T> action) {
    lock.lock();
    try {
      return action.get();
    } finally {
      lock.unlock();
    }
  }

  /**
   * One transaction.
   *
   * @param batches the numbers of its batches, as the lane counts them
   * @param block the last one
   */
  public record Commit(
      long number,
      long epoch,
      List<Long> batches,
      long checkpoint,
      long block,
      boolean reversible) {}
}
