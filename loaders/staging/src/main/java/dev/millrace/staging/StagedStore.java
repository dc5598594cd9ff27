package dev.millrace.staging;

import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Query;
import dev.millrace.loaders.Remedy;
import dev.millrace.loaders.RowFilter;
import dev.millrace.loaders.Storage;
import dev.millrace.loaders.TriggerableJob;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The changes that handlers made and the rows that they read: per entity one table that is both
 * write buffer and read cache, {@code id → (value | absent, checkpoint)}.
 *
 * <p>Its invariants:
 *
 * <ol>
 *   <li><b>An uncommitted change never leaves memory.</b> Only rows with {@code checkpoint ≤
 *       committed} are evicted, and only between batches. So an id that is not in memory has no
 *       staged change, and a database read of it is right whether it lands before, during or after
 *       the commit in flight.
 *   <li>A row read from the database never replaces one that memory knows.
 *   <li>A table that was empty when the lane began, and from which nothing was evicted, is
 *       complete: what memory does not know does not exist.
 *   <li>Only the execute thread touches the store, and during a preload the one task that may move
 *       while that thread waits. Other threads see frozen change sets only.
 * </ol>
 */
public final class StagedStore {
  // Keyed by name: a class computes its hash in native code, its name caches it.
  private final Map<String, StagedTable<?>> byClass = new HashMap<>();
  private final List<StagedTable<?>> tables = new ArrayList<>();
  private final Deque<ChangeSet> transit = new ArrayDeque<>();
  private final LimitedQueryPages pages = new LimitedQueryPages();
  private final Set<String> jobs;

  private long checkpoint;
  private long committed;
  private int event;
  private boolean reversible;
  private long changeBytes;

  /** The triggers of the batch; a list that can grow from the first one on. */
  private List<StagedTrigger> triggers = List.of();

  /** Keeps all entities in PostgreSQL. */
  public StagedStore(List<EntityType<?>> types) {
    this(types, _ -> Storage.POSTGRES);
  }

  public StagedStore(List<EntityType<?>> types, Function<EntityType<?>, Storage> storage) {
    this(types, storage, List.of());
  }

  /** Stages triggers of these jobs, too. */
  public StagedStore(
      List<EntityType<?>> types,
      Function<EntityType<?>, Storage> storage,
      List<TriggerableJob<?>> jobs) {
    this.jobs = new TreeSet<>();
    jobs.forEach(job -> this.jobs.add(job.name()));
    for (EntityType<?> type : types) {
      StagedTable<?> table = new StagedTable<>(type, storage.apply(type));
      tables.add(table);
      byClass.put(type.type().getName(), table);
    }
  }

  /** Sets the lane's committed checkpoint and the tables that hold no row. */
  public void open(long committedCheckpoint, List<EntityType<?>> empty) {
    committed = committedCheckpoint;
    checkpoint = committedCheckpoint;
    for (EntityType<?> type : empty) {
      table(type).becomeComplete();
    }
  }

  /** Returns the definition of an entity class that a handler names. */
  public <E> EntityType<E> type(Class<E> type) {
    return table(type).type();
  }

  /** Begins a batch whose blocks follow the last checkpoint. */
  public void begin(boolean batchIsReversible) {
    reversible = batchIsReversible;
    changeBytes = 0;
    triggers = List.of();
    pages.clear();
    for (StagedTable<?> table : tables) {
      table.begin(checkpoint + 1, batchIsReversible);
    }
  }

  /** Moves on to the next block with events. */
  public void nextBlock() {
    checkpoint++;
  }

  /** Attributes the changes that follow to this event of the batch. */
  public void nextEvent(int indexInBatch) {
    event = indexInBatch;
  }

  public long checkpoint() {
    return checkpoint;
  }

  public <E> StagedState<E> find(EntityType<E> type, Object id) {
    return reading(type).find(id);
  }

  /** Saves an entity as it is after {@link EntityType#canonical}. */
  public <E> void save(@Nullable E entity) {
    if (entity == null) {
      throw new MillraceException(Remedy.FIX_HANDLER, "entity is null: call=save");
    }
    @SuppressWarnings("unchecked")
    StagedTable<E> table = (StagedTable<E>) table(entity.getClass());
    changeBytes += table.save(table.type().canonical(entity), checkpoint, event);
  }

  public void delete(EntityType<?> type, Object id) {
    changeBytes += table(type).delete(id, checkpoint, event);
  }

  /** Stages a run of a job, attributed to the current event. */
  public <I> void trigger(TriggerableJob<I> job, I input) {
    job.requireAmong(jobs);
    if (triggers.isEmpty()) {
      triggers = new ArrayList<>();
    }
    boolean again = !triggers.isEmpty() && triggers.getLast().event() == event;
    int ordinal = again ? triggers.getLast().ordinal() + 1 : 0;
    StagedTrigger staged =
        new StagedTrigger(event, ordinal, job.name(), job.moment(), job.inputText(input));
    triggers.add(staged);
    changeBytes += staged.bytes();
  }

  /** The parts of a query's filter that must be loaded before memory can answer it. */
  List<RowFilter> missing(Query<?> query) {
    return reading(query.type()).missing(query.filter());
  }

  <E> List<E> matching(Query<E> query) {
    return reading(query.type()).matching(query);
  }

  LimitedQueryPages pages() {
    return pages;
  }

  <E> boolean knows(EntityType<E> type, Object id) {
    return table(type).knows(id);
  }

  <E> void install(EntityType<E> type, E row) {
    table(type).install(type.id(row), row);
  }

  void installAbsent(EntityType<?> type, Object id) {
    table(type).install(id, null);
  }

  void markLoaded(EntityType<?> type, RowFilter filter) {
    table(type).markLoaded(filter);
  }

  /** Ends the batch: its changes are frozen and in transit from now on. */
  public ChangeSet freeze() {
    return freeze(0);
  }

  /** Ends the batch, with the heap that it takes beside its changes until it is durable. */
  public ChangeSet freeze(long otherBytes) {
    pages.clear();
    List<TableChanges<?>> changed = new ArrayList<>();
    for (StagedTable<?> table : tables) {
      TableChanges<?> changes = table.freeze();
      if (changes.size() > 0) {
        changed.add(changes);
      }
    }
    ChangeSet set =
        new ChangeSet(changed, triggers, checkpoint, reversible, changeBytes + otherBytes);
    transit.addLast(set);
    return set;
  }

  /** Between batches: marks everything up to this checkpoint as durable. */
  public void committed(long durable) {
    committed = durable;
    while (!transit.isEmpty() && transit.getFirst().lastCheckpoint() <= durable) {
      ChangeSet set = transit.removeFirst();
      for (TableChanges<?> changes : set.tables()) {
        table(changes.type()).leftTransit();
      }
    }
  }

  /** Between batches: evicts committed rows, from the largest table first, down to a limit. */
  public void evict(long limit) {
    long excess = bytes() - limit;
    if (excess <= 0) {
      return;
    }
    pages.clear();
    List<StagedTable<?>> largestFirst = new ArrayList<>(tables);
    largestFirst.sort(Comparator.comparingLong((StagedTable<?> table) -> table.bytes()).reversed());
    for (StagedTable<?> table : largestFirst) {
      long before = table.bytes();
      table.evict(committed, Math.max(0, before - excess));
      excess -= before - table.bytes();
      if (excess <= 0) {
        return;
      }
    }
  }

  /** Heap held by rows in memory, within a quarter. */
  public long bytes() {
    long total = 0;
    for (StagedTable<?> table : tables) {
      total += table.bytes();
    }
    return total;
  }

  /** Number of rows in memory, ids known to be absent included. */
  public int size() {
    return tables.stream().mapToInt(StagedTable::size).sum();
  }

  /**
   * Forgets everything that is not durable and everything that was read; the lane continues after
   * the surviving checkpoint.
   */
  public void rewind(long survivingCheckpoint) {
    transit.clear();
    pages.clear();
    tables.forEach(StagedTable::clear);
    checkpoint = survivingCheckpoint;
    committed = survivingCheckpoint;
  }

  private <E> StagedTable<E> reading(EntityType<E> type) {
    StagedTable<E> table = table(type);
    if (!table.isReadable()) {
      table.materialize(transit);
    }
    return table;
  }

  private <E> StagedTable<E> table(EntityType<E> type) {
    return table(type.type());
  }

  @SuppressWarnings("unchecked")
  private <E> StagedTable<E> table(Class<E> type) {
    StagedTable<?> table = byClass.get(type.getName());
    if (table == null) {
      throw new MillraceException(
          Remedy.FIX_HANDLER,
          "entity is not part of this indexer: entity=%s known=%s"
              .formatted(type.getSimpleName(), tables.stream().map(StagedTable::type).toList()));
    }
    return (StagedTable<E>) table;
  }
}
