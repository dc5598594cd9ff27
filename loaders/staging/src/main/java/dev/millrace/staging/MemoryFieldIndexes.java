package dev.millrace.staging;

import dev.millrace.loaders.EntityColumn;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.FieldCondition;
import dev.millrace.loaders.RowFilter;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Finds rows in memory by the values of their fields.
 *
 * <p>A column is indexed when a query needs it, and only where no existing index finds about as few
 * rows: each index costs memory, and time with every save.
 */
final class MemoryFieldIndexes<E> {
  /** One row in an index: a node of a linked hash set and its share of the buckets. */
  private static final int ENTRY_BYTES = 50;

  /** One value: a tree node, the value itself where the row holds a primitive, and a set. */
  private static final int VALUE_BYTES = 166;

  /** Up to this many rows are scanned rather than building another index. */
  private static final int FEW = 1_000;

  /** Rows sampled to estimate how many satisfy a condition. */
  private static final int SAMPLE = 200;

  private final EntityType<E> type;
  private final @Nullable NavigableMap<Object, Set<StagedRow<E>>>[] byColumn;
  private boolean any;
  private long entries;
  private long values;

  @SuppressWarnings("unchecked")
  MemoryFieldIndexes(EntityType<E> type) {
    this.type = type;
    this.byColumn =
        (NavigableMap<Object, Set<StagedRow<E>>>[]) new NavigableMap<?, ?>[type.columns().size()];
  }

  long bytes() {
    return entries * ENTRY_BYTES + values * VALUE_BYTES;
  }

  void move(StagedRow<E> row, @Nullable E before, @Nullable E after) {
    if (!any) {
      return;
    }
    for (int i = 0; i < byColumn.length; i++) {
      NavigableMap<Object, Set<StagedRow<E>>> index = byColumn[i];
      if (index != null) {
        EntityColumn column = type.columns().get(i);
        Object from = before == null ? null : column.value(before);
        Object to = after == null ? null : column.value(after);
        if (from == null || !from.equals(to)) {
          remove(index, from, row);
          add(index, to, row);
        }
      }
    }
  }

  private void add(
      NavigableMap<Object, Set<StagedRow<E>>> index, @Nullable Object value, StagedRow<E> row) {
    if (value != null && index.computeIfAbsent(value, _ -> newValue()).add(row)) {
      entries++;
    }
  }

  private Set<StagedRow<E>> newValue() {
    values++;
    return new LinkedHashSet<>(4);
  }

  private void remove(
      NavigableMap<Object, Set<StagedRow<E>>> index, @Nullable Object value, StagedRow<E> row) {
    Set<StagedRow<E>> same = value == null ? null : index.get(value);
    if (same != null && same.remove(row)) {
      entries--;
      if (same.isEmpty()) {
        index.remove(value);
        values--;
      }
    }
  }

  /** Returns a superset of the matches: the rows of the condition that the fewest rows satisfy. */
  Iterable<StagedRow<E>> candidates(RowFilter filter, List<StagedRow<E>> rows) {
    List<FieldCondition> conditions = filter.conditions();
    if (conditions.isEmpty()) {
      return rows;
    }
    FieldCondition chosen =
        conditions.size() == 1 ? conditions.getFirst() : rarest(conditions, rows);
    return candidates(chosen, index(chosen.column(), rows));
  }

  private FieldCondition rarest(List<FieldCondition> conditions, List<StagedRow<E>> rows) {
    FieldCondition rarest = null;
    long fewest = Long.MAX_VALUE;
    for (boolean named : new boolean[] {true, false}) { // conditions on values before ranges
      for (FieldCondition condition : conditions) {
        var index = byColumn[condition.column().position()];
        long count =
            index == null || condition.namesValues() != named
                ? Long.MAX_VALUE
                : count(condition, index, fewest);
        if (count < fewest) {
          rarest = condition;
          fewest = count;
        }
      }
    }
    if (rarest != null && fewest <= FEW) {
      return rarest;
    }
    List<FieldCondition> others =
        conditions.stream()
            .filter(condition -> byColumn[condition.column().position()] == null)
            .toList();
    if (rarest != null && others.isEmpty()) {
      return rarest;
    }
    FieldCondition likely = rarestInSample(others, rows);
    return rarest == null || 4 * estimate(likely, rows) < fewest ? likely : rarest;
  }

  /** Counts the rows that an index finds; not exact once the count reaches {@code most}. */
  private long count(
      FieldCondition condition, NavigableMap<Object, Set<StagedRow<E>>> index, long max) {
    long count = 0;
    for (Set<StagedRow<E>> same : sets(condition, index)) {
      count += same.size();
      if (count >= max) {
        break;
      }
    }
    return count;
  }

  private FieldCondition rarestInSample(List<FieldCondition> conditions, List<StagedRow<E>> rows) {
    FieldCondition rarest = conditions.getFirst();
    long fewest = Long.MAX_VALUE;
    for (FieldCondition condition : conditions) {
      long estimate = 2 * estimate(condition, rows) + (condition.namesValues() ? 0 : 1);
      if (estimate < fewest) {
        rarest = condition;
        fewest = estimate;
      }
    }
    return rarest;
  }

  /** Estimates how many rows satisfy a condition. */
  private long estimate(FieldCondition condition, List<StagedRow<E>> rows) {
    int step = Math.max(1, rows.size() / SAMPLE);
    long found = 0;
    for (int i = 0; i < rows.size(); i += step) {
      E value = rows.get(i).value;
      found += value != null && condition.matches(value) ? step : 0;
    }
    return found;
  }

  private Iterable<StagedRow<E>> candidates(
      FieldCondition condition, NavigableMap<Object, Set<StagedRow<E>>> index) {
    return condition.operator() == FieldCondition.Operator.IS
        ? index.getOrDefault(condition.value(), Set.of())
        : flat(sets(condition, index));
  }

  private Collection<Set<StagedRow<E>>> sets(
      FieldCondition condition, NavigableMap<Object, Set<StagedRow<E>>> index) {
    return switch (condition.operator()) {
      case IS, IN ->
          condition.values().stream().map(value -> index.getOrDefault(value, Set.of())).toList();
      case ABOVE -> index.tailMap(condition.value(), false).values();
      case AT_LEAST -> index.tailMap(condition.value(), true).values();
      case BELOW -> index.headMap(condition.value(), false).values();
      case AT_MOST -> index.headMap(condition.value(), true).values();
    };
  }

  private List<StagedRow<E>> flat(Collection<Set<StagedRow<E>>> sets) {
    List<StagedRow<E>> all = new ArrayList<>();
    sets.forEach(all::addAll);
    return all;
  }

  private NavigableMap<Object, Set<StagedRow<E>>> index(
      EntityColumn column, Collection<StagedRow<E>> rows) {
    NavigableMap<Object, Set<StagedRow<E>>> index = byColumn[column.position()];
    if (index == null) {
      index = new TreeMap<>(column.type()::compare);
      for (StagedRow<E> row : rows) {
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

  void clear() {
    java.util.Arrays.fill(byColumn, null);
    any = false;
    entries = 0;
    values = 0;
  }
}
