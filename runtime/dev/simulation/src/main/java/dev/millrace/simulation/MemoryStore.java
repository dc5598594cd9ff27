package dev.millrace.simulation;

import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.CommitStore;
import dev.millrace.pipeline.EffectResult;
import dev.millrace.pipeline.EpochHistory;
import dev.millrace.pipeline.EventTrigger;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.pipeline.Frontier;
import dev.millrace.pipeline.Indexer;
import dev.millrace.pipeline.LaneStore;
import dev.millrace.testkit.SerialOracle;
import dev.millrace.testkit.UndoLogRow;
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
 * A durable store in memory, as strict as any database: an insert over a row, an update or delete
 * of a missing row, a change with the wrong previous state and a checkpoint out of line are all
 * errors. Epochs and numbered commits fence as in PostgreSQL.
 *
 * <p>The store survives the crash of a lane, because the object stays. A test makes it fail through
 * the failpoint with which it is opened: an error with remedy {@code RETRY} before the commit is a
 * transient error, after the commit a lost reply.
 */
public final class MemoryStore implements CommitStore {
  private final ReentrantLock lock = new ReentrantLock();
  private final String identity;
  private final List<EntityType<?>> types;
  private final boolean mirrored;
  private boolean keepsStates;
  private final Map<String, MemoryLaneTables> lanes = new TreeMap<>(); // guarded by lock
  private final List<String> queries = new ArrayList<>(); // guarded by lock
  private long epochs; // guarded by lock
  private volatile Consumer<String> beforeQuery = _ -> {};
  private volatile Consumer<String> afterQuery = _ -> {};

  /** A store with a table for each of these entities, and no mirror. */
  public MemoryStore(List<EntityType<?>> types) {
    this(UUID.randomUUID().toString(), types, false);
  }

  /** A store with a table for each entity that has one in PostgreSQL. */
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

  /** Keeps every later state of every lane. */
  MemoryStore keepingStates() {
    keepsStates = true;
    return this;
  }

  /** Returns the rows of a table after a commit of an epoch; null if that state never existed. */
  @Nullable Map<Object, Object> rows(String lane, EntityType<?> type, long epoch, long commit) {
    return locked(() -> tables(lane).states().rows(type, epoch, commit));
  }

  /** Returns the store that a restore of a backup taken now would yield. */
  public MemoryStore backup() {
    return locked(() -> {
      MemoryStore copy = new MemoryStore(identity, types, mirrored);
      lanes.forEach((lane, tables) -> copy.lanes.put(lane, new MemoryLaneTables(tables)));
      copy.epochs = epochs;
      return copy;
    });
  }

  /** Opens the store for another process, which passes this failpoint. */
  public CommitStore opened(Failpoint failpoint) {
    return opened(failpoint, mirrored);
  }

  /** Opens the store for a process that mirrors nothing, regardless of the definition. */
  public CommitStore unmirrored(Failpoint failpoint) {
    return opened(failpoint, false);
  }

  private CommitStore opened(Failpoint failpoint, boolean mirrors) {
    return new CommitStore() {
      @Override
      public LaneStore takeOver(String lane) {
        return MemoryStore.this.takeOver(lane, failpoint, mirrors);
      }

      @Override
      public void close() {}
    };
  }

  @Override
  public LaneStore takeOver(String lane) {
    return takeOver(lane, Failpoint.NONE, mirrored);
  }

  private LaneStore takeOver(String lane, Failpoint failpoint, boolean mirrors) {
    return locked(() -> {
      MemoryLaneTables tables = lanes.computeIfAbsent(lane, _ -> newTables());
      return new MemoryLane(this, tables, tables.takeOver(nextEpoch(), mirrors), failpoint);
    });
  }

  private MemoryLaneTables newTables() {
    MemoryLaneTables tables = new MemoryLaneTables(types);
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
   * Sets an action that runs before each query, with its description. The action may wait, and may
   * throw as a database would.
   */
  public void beforeQuery(Consumer<String> action) {
    beforeQuery = action;
  }

  /** Sets an action that runs after a query has chosen its rows and before they arrive. */
  public void afterQuery(Consumer<String> action) {
    afterQuery = action;
  }

  /** Stores a row as committed before the test begins. */
  public <E> void put(String lane, EntityType<E> type, E row) {
    locked(() ->
        lanes
            .computeIfAbsent(lane, _ -> new MemoryLaneTables(types))
            .rows(type)
            .put(type.id(row), RowValues.copy(type, row)));
  }

  /** Returns the queries since the last call, in order. */
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

  /** Returns the committed rows of a lane, by id. */
  public <E> Map<Object, E> rows(String lane, EntityType<E> type) {
    return locked(() -> {
      Map<Object, E> rows = new TreeMap<>(SerialOracle.byId(type));
      tables(lane).rows(type).forEach((id, row) -> rows.put(id, type.type().cast(row)));
      return rows;
    });
  }

  /** Returns the rows that a rewind of the lane could restore, in the order of commits. */
  public List<UndoLogRow> undo(String lane) {
    return locked(() -> tables(lane).undo());
  }

  /** The last checkpoint of the lane that can no longer be undone. */
  public long finalCheckpoint(String lane) {
    return locked(() -> tables(lane).finalCheckpoint());
  }

  /** Number of rewinds of the lane. */
  public long rewinds(String lane) {
    return locked(() -> tables(lane).rewinds());
  }

  /** Returns the effect answers that the lane has stored. */
  public List<EffectResult> effects(String lane) {
    return locked(() -> tables(lane).effects());
  }

  /** Returns the jobs that the lane's events have triggered, in order. */
  public List<EventTrigger> triggers(String lane) {
    return locked(() -> tables(lane).triggers());
  }

  /** Returns all commits of the lane so far. */
  public List<Commit> commits(String lane) {
    return locked(() -> tables(lane).commits());
  }

  public Frontier frontier(String lane) {
    return locked(() -> tables(lane).frontier());
  }

  /** Returns the epoch history that a mirror of the lane would have to follow now. */
  public EpochHistory epochHistory(String lane) {
    return locked(() -> tables(lane).epochHistory(identity));
  }

  /** Returns the requested indexes, as {@code table(column,column)}. */
  public List<String> indexes(String lane) {
    return locked(() -> tables(lane).indexes());
  }

  private MemoryLaneTables tables(String lane) {
    MemoryLaneTables tables = lanes.get(lane);
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
   * @param block the last block
   */
  public record Commit(
      long number,
      long epoch,
      List<Long> batches,
      long checkpoint,
      long block,
      boolean reversible) {}
}
