package dev.millrace.staging;

import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.Query;
import dev.millrace.loaders.RowFilter;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** A database made of maps that records its queries and the number of rows returned. */
final class MapReads implements CommittedReads {
  final List<String> queries = new ArrayList<>();
  long rowsRead;

  private final Map<EntityType<?>, Map<Object, Object>> tables = new HashMap<>();
  private Runnable before = () -> {};
  private Runnable during = () -> {};

  /** Runs {@code action} once, when the next query has arrived and before it reads rows. */
  void beforeNextQuery(Runnable action) {
    before = action;
  }

  /** Runs {@code action} once, when the next query has chosen its rows, before they arrive. */
  void duringNextQuery(Runnable action) {
    during = action;
  }

  <E> void put(EntityType<E> type, E row) {
    table(type).put(type.id(row), row);
  }

  Map<Object, Object> table(EntityType<?> type) {
    return tables.computeIfAbsent(type, _ -> new HashMap<>());
  }

  /** Commits one transaction, as strict as a primary key and a row count make it. */
  void commit(List<ChangeSet> group, List<EntityType<?>> types) {
    types.forEach(type -> commit(type, group));
  }

  private <E> void commit(EntityType<E> type, List<ChangeSet> group) {
    NetTableChanges<E> net = NetTableChanges.of(type, parts(type, group));
    Map<Object, Object> table = table(type);
    for (E row : net.inserts()) {
      must(table.put(type.id(row), row) == null, "insert over a row", row);
    }
    for (E row : net.updates()) {
      must(table.put(type.id(row), row) != null, "update of no row", row);
    }
    for (E row : net.upserts()) {
      table.put(type.id(row), row);
    }
    net.deletes().forEach(table::remove);
  }

  @SuppressWarnings("unchecked")
  static <E> List<TableChanges<E>> parts(EntityType<E> type, List<ChangeSet> group) {
    List<TableChanges<E>> parts = new ArrayList<>();
    for (ChangeSet set : group) {
      for (TableChanges<?> changes : set.tables()) {
        if (changes.type() == type) {
          parts.add((TableChanges<E>) changes);
        }
      }
    }
    return parts;
  }

  private static void must(boolean holds, String rule, Object row) {
    if (!holds) {
      throw new AssertionError(rule + ": row=" + row);
    }
  }

  @Override
  public <E> List<E> byIds(EntityType<E> type, Collection<Object> ids) {
    queries.add(type.name() + " ids " + ids.stream().map(String::valueOf).sorted().toList());
    Set<Object> wanted = Set.copyOf(ids);
    return answer(type, row -> wanted.contains(type.id(row)));
  }

  @Override
  public <E> List<E> matching(EntityType<E> type, Collection<RowFilter> filters) {
    queries.add(type.name() + " " + filters.stream().map(MapReads::describe).toList());
    List<RowFilter> asked = List.copyOf(filters);
    return answer(type, row -> asked.stream().anyMatch(filter -> filter.matches(row)));
  }

  @Override
  public <E> List<E> page(Query<E> query, @Nullable E after, int size) {
    queries.add(query.type().name() + " page " + size);
    return rows(query, after, size);
  }

  @Override
  public <E> List<List<E>> pages(List<Query<E>> alike, int size) {
    queries.add("%s %d pages of %d".formatted(alike.getFirst().type(), alike.size(), size));
    return alike.stream().map(query -> rows(query, null, size)).toList();
  }

  private <E> List<E> rows(Query<E> query, @Nullable E after, int size) {
    List<E> rows =
        answer(
            query.type(),
            row ->
                query.filter().matches(row)
                    && (after == null || query.comparator().compare(row, after) > 0));
    List<E> page = rows.stream().sorted(query.comparator()).limit(size).toList();
    rowsRead += page.size() - rows.size();
    return page;
  }

  @Override
  public boolean isEmpty(EntityType<?> type) {
    return table(type).isEmpty();
  }

  private <E> List<E> answer(EntityType<E> type, Predicate<E> wanted) {
    Runnable first = before;
    before = () -> {};
    first.run();
    List<E> rows =
        new ArrayList<>(
            table(type).values().stream().map(type.type()::cast).filter(wanted).toList());
    rowsRead += rows.size();
    Runnable then = during;
    during = () -> {};
    then.run();
    return rows;
  }

  private static String describe(RowFilter filter) {
    return filter.conditions().stream()
        .map(condition -> condition.column() + " " + condition.operator() + condition.values())
        .toList()
        .toString();
  }
}
