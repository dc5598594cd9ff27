package dev.millrace.staging;

import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Query;
import dev.millrace.loaders.Remedy;
import dev.millrace.loaders.RowFilter;
import dev.millrace.loaders.Storage;
import dev.millrace.loaders.Versions;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The rows of one entity in memory: write buffer and read cache in one. One version per id.
 *
 * <p>Confined to the execute thread, or to the preload task that may move, like every part of the
 * store.
 */
final class StagedTable<E> {
  private final EntityType<E> type;
  private final boolean inPostgres;
  private final boolean everyVersion;
  private final StagedState<E> absent = new StagedState.Absent<>();
  private final StagedState<E> unknown = new StagedState.Unknown<>();
  private final StagedRowTable<E> rows = new StagedRowTable<>();
  private final MemoryFieldIndexes<E> indexes;
  private final LoadedFilterCache<E> loaded = new LoadedFilterCache<>();
  private final EvictionClock<E> clock = new EvictionClock<>();

  private TableChanges<E> changes;
  private long batchStart;
  private boolean versions;
  private long bytes;

  /** While true, a row that is not in memory does not exist. */
  private boolean complete;

  /** False while no handler has read an immutable type: its rows then are in change sets only. */
  private boolean kept;

  StagedTable(EntityType<E> type, Storage storage) {
    this.type = type;
    this.inPostgres = storage.isInPostgres();
    this.everyVersion =
        storage.isMirrored() && !type.isImmutable() && type.layout().versions() == Versions.ALL;
    this.indexes = new MemoryFieldIndexes<>(type);
    this.changes = new TableChanges<>(type, false);
    this.kept = !type.isImmutable();
  }

  EntityType<E> type() {
    return type;
  }

  boolean isReadable() {
    return kept && inPostgres;
  }

  boolean isComplete() {
    return complete;
  }

  void becomeComplete() {
    complete = true;
  }

  long bytes() {
    return bytes + indexes.bytes() + loaded.bytes();
  }

  void begin(long firstCheckpoint, boolean reversible) {
    batchStart = firstCheckpoint;
    versions = everyVersion || reversible;
    changes = new TableChanges<>(type, versions);
  }

  TableChanges<E> freeze() {
    return changes;
  }

  StagedState<E> find(Object id) {
    StagedRow<E> row = rows.find(id);
    if (row == null) {
      return complete ? absent : unknown;
    }
    row.used = true;
    E value = row.value;
    return value == null ? absent : new StagedState.Present<>(value);
  }

  /** Starts to keep the rows of an immutable type in memory, those in transit included. */
  void materialize(Collection<ChangeSet> transit) {
    if (!inPostgres) {
      throw new MillraceException(
          Remedy.FIX_HANDLER,
          "entity is kept in ClickHouse only and cannot be read: entity=%s".formatted(type));
    }
    kept = true;
    for (ChangeSet set : transit) {
      for (TableChanges<?> frozen : set.tables()) {
        if (frozen.type() == type) {
          adopt(frozen);
        }
      }
    }
    adopt(changes);
  }

  private void adopt(TableChanges<?> known) {
    for (int i = 0; i < known.size(); i++) {
      StagedRow<E> twice = rows.find(known.id(i)); // a duplicate: its commit will refuse it
      StagedRow<E> row = twice == null ? row(known.id(i)) : twice;
      assign(row, type.type().cast(known.after(i)));
      row.checkpoint = known.checkpoint(i);
      row.change = i;
    }
  }

  long save(E entity, long checkpoint, int event) {
    Object id = type.id(entity);
    if (!kept) {
      changes.add(id, 0, false, null, entity, checkpoint, event);
      return TableChanges.ENTRY_BYTES + (long) type.bytes(entity);
    }
    StagedRow<E> known = type.isImmutable() ? rows.find(id) : null;
    if (known != null && known.value != null) {
      throw new MillraceException(
          Remedy.FIX_HANDLER,
          "row is immutable and exists already: entity=%s table=%s id=%s"
              .formatted(type, type.table(), id));
    }
    return put(id, entity, checkpoint, event);
  }

  long delete(Object id, long checkpoint, int event) {
    if (type.isImmutable()) {
      throw new MillraceException(
          Remedy.FIX_HANDLER,
          "row is immutable and cannot be deleted: entity=%s id=%s".formatted(type, id));
    }
    return put(id, null, checkpoint, event);
  }

  /** Returns the number of bytes by which the change set has grown. */
  private long put(Object id, @Nullable E after, long checkpoint, int event) {
    StagedRow<E> row = rows.find(id);
    boolean blind = row == null && !complete && !type.isImmutable();
    if (row == null) {
      row = row(id);
    }
    long grown = 0;
    if (row.checkpoint >= batchStart && (row.checkpoint == checkpoint || !versions)) {
      changes.replace(row.change, after, checkpoint, event);
    } else {
      row.change = changes.add(row.id, row.hash, blind, row.value, after, checkpoint, event);
      grown = TableChanges.ENTRY_BYTES;
    }
    int before = row.bytes;
    assign(row, after);
    row.checkpoint = checkpoint;
    row.used = true;
    return grown == 0 ? Math.max(0, row.bytes - before) : grown + row.bytes;
  }

  /**
   * Called when changes of this table are durable: rows that memory does not keep are in the
   * database only.
   */
  void leftTransit() {
    complete &= kept;
  }

  /** Adds a row read from the database, or its absence; never replaces what memory knows. */
  void install(Object id, @Nullable E read) {
    if (rows.find(id) != null) {
      return;
    }
    StagedRow<E> row = row(id);
    assign(row, read);
    row.used = true;
  }

  private StagedRow<E> row(Object id) {
    StagedRow<E> row = rows.add(id);
    clock.add(row);
    row.bytes = StagedRow.FIXED_BYTES;
    bytes += row.bytes;
    return row;
  }

  private void assign(StagedRow<E> row, @Nullable E value) {
    indexes.move(row, row.value, value);
    row.value = value;
    int now = StagedRow.FIXED_BYTES + (value == null ? type.idBytes(row.id) : type.bytes(value));
    bytes += now - row.bytes;
    row.bytes = now;
  }

  /** Returns the parts of a filter that memory cannot answer. */
  List<RowFilter> missing(RowFilter filter) {
    return complete
        ? List.of()
        : filter.apart().stream().filter(part -> !loaded.contains(part)).toList();
  }

  /** Marks a filter as answered by memory: all its rows have been installed. */
  void markLoaded(RowFilter filter) {
    loaded.add(filter);
  }

  /** Returns the matching rows in memory, in the query's order, up to its limit. */
  List<E> matching(Query<E> query) {
    Comparator<E> order = query.comparator();
    if (query.isLimited()) {
      TopRowsCollector<E> first = new TopRowsCollector<>(order, query.limit());
      collect(query.filter(), first::add);
      return first.list();
    }
    List<E> found = new ArrayList<>();
    collect(query.filter(), found::add);
    found.sort(order);
    return Collections.unmodifiableList(found);
  }

  private void collect(RowFilter filter, Consumer<E> to) {
    for (StagedRow<E> row : indexes.candidates(filter, clock.rows())) {
      E value = row.value;
      if (value != null && filter.matches(value)) {
        row.used = true;
        to.accept(value);
      }
    }
  }

  boolean knows(Object id) {
    return rows.find(id) != null;
  }

  /**
   * Evicts committed rows, least recently used first, until {@code target} bytes are left or no row
   * can be evicted.
   */
  void evict(long committed, long target) {
    if (bytes() > target) {
      loaded.forgetAbove(target / 4);
    }
    while (bytes() > target) {
      StagedRow<E> victim = clock.next(committed);
      if (victim == null) {
        return;
      }
      E value = victim.value;
      if (value != null) {
        complete = false;
        loaded.forgetMatching(value);
      }
      indexes.move(victim, value, null);
      rows.remove(victim);
      bytes -= victim.bytes;
    }
  }

  /** Forgets everything, as after a rewind: a row in memory does not know which branch wrote it. */
  void clear() {
    rows.clear();
    clock.clear();
    indexes.clear();
    loaded.clear();
    bytes = 0;
    complete = false;
    changes = new TableChanges<>(type, versions);
  }

  int size() {
    return rows.size();
  }
}
