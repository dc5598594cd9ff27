package dev.millrace.simulation;

import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Query;
import dev.millrace.loaders.Remedy;
import dev.millrace.loaders.RowFilter;
import dev.millrace.pipeline.CommitGroup;
import dev.millrace.pipeline.EpochHistory;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.pipeline.Frontier;
import dev.millrace.pipeline.LaneStore;
import dev.millrace.pipeline.Source;
import dev.millrace.staging.CommittedReads;
import dev.millrace.testkit.PlainRowQueries;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The hold of one process on a lane of a {@link MemoryStore}. */
final class MemoryLane implements LaneStore, CommittedReads {
  private final MemoryStore store;
  private final MemoryLaneTables tables;
  private final Frontier opened;
  private final Failpoint failpoint;

  /** The epoch of this process's writes; a rewind opens the next. Written by the commit thread. */
  private volatile long epoch;

  /** The epoch opened by the rewind under way, the same at every try; 0 without a rewind. */
  private long successor;

  private volatile boolean closed;

  MemoryLane(MemoryStore store, MemoryLaneTables tables, Frontier opened, Failpoint failpoint) {
    this.store = store;
    this.tables = tables;
    this.opened = opened;
    this.epoch = opened.epoch();
    this.failpoint = failpoint;
  }

  @Override
  public Frontier opened() {
    return opened;
  }

  @Override
  public Source.ResumePoint resumePoint() {
    return store.locked(tables::resumePoint);
  }

  @Override
  public EpochHistory epochHistory() {
    checkOpen();
    return store.locked(() -> tables.epochHistory(store.identity(), epoch));
  }

  @Override
  public Frontier rewind(Source.@Nullable BlockRef to) {
    checkOpen();
    if (successor == 0) {
      successor = store.locked(store::nextEpoch);
    }
    try {
      failpoint.reached(Failpoint.Point.REWINDING, successor);
      checkOpen();
    } catch (RuntimeException broken) {
      failpoint.reached(Failpoint.Point.ROLLING_BACK, successor);
      throw broken;
    }
    Frontier rewound = store.locked(() -> tables.rewind(to, epoch, successor));
    failpoint.reached(Failpoint.Point.AFTER_REWIND, successor);
    epoch = successor;
    successor = 0;
    return rewound;
  }

  @Override
  public CommittedReads reads() {
    return this;
  }

  /** Holds no lock while the failpoint is passed, so a held commit blocks no reader. */
  @Override
  public void commit(CommitGroup group) {
    long number = group.number();
    failpoint.reached(Failpoint.Point.BEFORE_BEGIN, number);
    checkOpen();
    if (store.locked(() -> tables.isDone(epoch, number))) {
      return;
    }
    try {
      failpoint.reached(Failpoint.Point.DURING_COPY, number);
      failpoint.reached(Failpoint.Point.AFTER_WRITES, number);
      failpoint.reached(Failpoint.Point.BEFORE_COMMIT, number);
      checkOpen();
    } catch (RuntimeException broken) {
      failpoint.reached(Failpoint.Point.ROLLING_BACK, number);
      throw broken;
    }
    store.locked(() -> {
      if (!tables.isDone(epoch, number)) {
        tables.commit(group);
      }
      return true;
    });
    failpoint.reached(Failpoint.Point.AFTER_COMMIT, number);
  }

  private void checkOpen() {
    if (closed) {
      throw new MillraceException(
          Remedy.RESTART, "store was closed: epoch=%d".formatted(opened.epoch()));
    }
  }

  @Override
  public Map<String, String> effects(String effect, Collection<String> inputs) {
    store.query("effect " + effect + " " + inputs.stream().sorted().toList());
    return store.locked(() -> tables.effects(effect, inputs));
  }

  @Override
  public void index(EntityType<?> type, Collection<String> columns) {
    failpoint.reached(Failpoint.Point.BUILDING_INDEX, 0);
    String description = type.table() + "(" + String.join(",", columns) + ")";
    store.locked(() -> {
      tables.index(description);
      return true;
    });
  }

  @Override
  public void buildDeferredIndexes() {
    failpoint.reached(Failpoint.Point.BUILDING_INDEX, 0);
  }

  @Override
  public void close() {
    closed = true;
  }

  @Override
  public <E> List<E> byIds(EntityType<E> type, Collection<Object> ids) {
    return read(
        type,
        type.table() + " ids " + ids.stream().map(String::valueOf).sorted().toList(),
        rows -> {
          List<Object> found = new ArrayList<>();
          for (Object id : ids) {
            Object row = rows.get(id);
            if (row != null) {
              found.add(row);
            }
          }
          return found;
        });
  }

  @Override
  public <E> List<E> matching(EntityType<E> type, Collection<RowFilter> filters) {
    return read(
        type,
        type.table() + " " + describe(filters),
        rows ->
            rows.values().stream()
                .filter(row ->
                    filters.stream().anyMatch(filter -> PlainRowQueries.matches(row, filter)))
                .toList());
  }

  @Override
  public <E> List<E> page(Query<E> query, @Nullable E after, int size) {
    return read(
        query.type(), describe(List.of(query), size), rows -> page(rows, query, after, size));
  }

  @Override
  public <E> List<List<E>> pages(List<Query<E>> queries, int size) {
    List<List<E>> pages = new ArrayList<>();
    read(
        queries.getFirst().type(),
        describe(queries, size),
        rows -> {
          for (Query<E> query : queries) {
            List<E> page = new ArrayList<>();
            for (Object row : page(rows, query, null, size)) {
              page.add(query.type().type().cast(RowValues.copy(query.type(), row)));
            }
            pages.add(page);
          }
          return List.of();
        });
    return pages;
  }

  private static <E> List<E> page(
      Map<Object, Object> rows, Query<E> query, @Nullable E after, int size) {
    List<E> typed = rows.values().stream().map(query.type().type()::cast).toList();
    return PlainRowQueries.answer(query.unlimited(), typed).stream()
        .filter(row -> after == null || PlainRowQueries.order(query).compare(row, after) > 0)
        .limit(size)
        .toList();
  }

  private static <E> String describe(List<Query<E>> queries, int size) {
    return "%s page %d %s"
        .formatted(
            queries.getFirst().type().table(),
            size,
            describe(queries.stream().map(Query::filter).toList()));
  }

  @Override
  public boolean isEmpty(EntityType<?> type) {
    return store.locked(() -> tables.rows(type).isEmpty());
  }

  private <E> List<E> read(
      EntityType<E> type,
      String description,
      Function<Map<Object, Object>, List<? extends Object>> chosen) {
    store.query(description);
    List<E> rows =
        store.locked(() ->
            chosen.apply(tables.rows(type)).stream()
                .map(row -> type.type().cast(RowValues.copy(type, row)))
                .collect(Collectors.toCollection(ArrayList::new)));
    store.answered(description);
    return rows;
  }

  private static String describe(Collection<RowFilter> filters) {
    return filters.stream()
        .map(filter ->
            filter.conditions().stream()
                .map(one -> one.column() + " " + one.operator() + " " + one.values())
                .collect(Collectors.joining(" and ")))
        .collect(Collectors.joining(" or "));
  }
}
