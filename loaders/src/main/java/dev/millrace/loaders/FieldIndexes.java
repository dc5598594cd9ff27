package dev.millrace.loaders;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Finds rows in memory by the values of their fields, and knows which filters memory answers
 * completely.
 *
 * <p>A loaded filter stays complete until a row that matches it now is evicted: every other way for
 * a row to enter or leave its result passes through memory.
 */
final class FieldIndexes<E> {
  private static final int FILTER_BYTES = 160;

  /** A row under its value: a node of a linked hash set and its share of the buckets. */
  private static final int ENTRY_BYTES = 50;

  /** A value: a node of the tree, the value itself where the row holds a primitive, and a set. */
  private static final int VALUE_BYTES = 166;

  private final EntityType<E> type;
  private final @Nullable NavigableMap<Object, Set<Row<E>>>[] byColumn;
  private final Set<Filter> byValue = new HashSet<>();
  private final Set<Filter> others = new LinkedHashSet<>();
  private final List<Column> filtered = new ArrayList<>();
  private boolean any;
  private long entries;
  private long values;

  @SuppressWarnings("unchecked")
  FieldIndexes(EntityType<E> type) {
    this.type = type;
    this.byColumn =
        (NavigableMap<Object, Set<Row<E>>>[]) new NavigableMap<?, ?>[type.columns().size()];
  }

  long bytes() {
    return entries * ENTRY_BYTES
        + values * VALUE_BYTES
        + (long) FILTER_BYTES * (byValue.size() + others.size());
  }

  boolean isLoaded(Filter filter) {
    return filter.isByValue() ? byValue.contains(filter) : others.contains(filter);
  }

  void markLoaded(Filter filter) {
    if (!filter.isByValue()) {
      others.add(filter);
      return;
    }
    Column column = filter.conditions().getFirst().column();
    if (!filtered.contains(column)) {
      filtered.add(column);
    }
    byValue.add(filter);
  }

  void move(Row<E> row, @Nullable E before, @Nullable E after) {
    if (!any) {
      return;
    }
    for (int i = 0; i < byColumn.length; i++) {
      NavigableMap<Object, Set<Row<E>>> index = byColumn[i];
      if (index != null) {
        Column column = type.columns().get(i);
        Object from = before == null ? null : column.value(before);
        Object to = after == null ? null : column.value(after);
        if (from == null || !from.equals(to)) {
          remove(index, from, row);
          add(index, to, row);
        }
      }
    }
  }

  private void add(NavigableMap<Object, Set<Row<E>>> index, @Nullable Object value, Row<E> row) {
    if (value != null && index.computeIfAbsent(value, _ -> newValue()).add(row)) {
      entries++;
    }
  }

  private Set<Row<E>> newValue() {
    values++;
    return new LinkedHashSet<>(4);
  }

  private void remove(NavigableMap<Object, Set<Row<E>>> index, @Nullable Object value, Row<E> row) {
    Set<Row<E>> same = value == null ? null : index.get(value);
    if (same != null && same.remove(row)) {
      entries--;
      if (same.isEmpty()) {
        index.remove(value);
        values--;
      }
    }
  }

  /**
   * Rows among which all matches are: by a field whose values are given, else by a range, else all.
   */
  Iterable<Row<E>> candidates(Filter filter, Collection<Row<E>> rows) {
    Condition chosen = null;
    for (Condition condition : filter.conditions()) {
      if (chosen == null || (condition.namesValues() && !chosen.namesValues())) {
        chosen = condition;
      }
    }
    return chosen == null ? rows : candidates(chosen, index(chosen.column(), rows));
  }

  private Iterable<Row<E>> candidates(
      Condition condition, NavigableMap<Object, Set<Row<E>>> index) {
    return switch (condition.operator()) {
      case IS -> index.getOrDefault(condition.value(), Set.of());
      case IN ->
          flat(
              condition.values().stream()
                  .map(value -> index.getOrDefault(value, Set.of()))
                  .toList());
      case ABOVE -> flat(index.tailMap(condition.value(), false).values());
      case AT_LEAST -> flat(index.tailMap(condition.value(), true).values());
      case BELOW -> flat(index.headMap(condition.value(), false).values());
      case AT_MOST -> flat(index.headMap(condition.value(), true).values());
    };
  }

  private List<Row<E>> flat(Collection<Set<Row<E>>> sets) {
    List<Row<E>> all = new ArrayList<>();
    sets.forEach(all::addAll);
    return all;
  }

  private NavigableMap<Object, Set<Row<E>>> index(Column column, Collection<Row<E>> rows) {
    NavigableMap<Object, Set<Row<E>>> index = byColumn[column.position()];
    if (index == null) {
      index = new TreeMap<>(column.type()::compare);
      for (Row<E> row : rows) {
        E value = row.value;
        if (value != null) {
          add(index, column.value(value), row);
        }
      }
      byColumn[column.position()] = index;
      any = true;
    }
    return index;
  }

  /** A row leaves memory: filters it matches are no longer complete. */
  void forgetFiltersOf(E evicted) {
    for (Column column : filtered) {
      Object value = column.value(evicted);
      if (value != null) {
        byValue.remove(Filter.of(Condition.is(column, value)));
      }
    }
    others.removeIf(filter -> filter.matches(evicted));
  }

  /** Forgets what is complete once the knowledge itself takes too much room. */
  void forgetFiltersAbove(long limit) {
    if ((long) FILTER_BYTES * (byValue.size() + others.size()) > limit) {
      byValue.clear();
      others.clear();
    }
  }

  void clear() {
    byValue.clear();
    others.clear();
    java.util.Arrays.fill(byColumn, null);
    any = false;
    entries = 0;
    values = 0;
  }
}
