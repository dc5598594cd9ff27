package dev.millrace.loaders;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The filters that memory answers completely.
 *
 * <p>A loaded filter stays complete until a row that matches it now is evicted: every other way for
 * a row to enter or leave its result passes through memory. To forget a filter is always right, so
 * where an evicted row may match very many of them, all are forgotten unseen: eviction costs the
 * same per row, however many filters there are.
 */
final class LoadedFilters<E> {
  /** Filters that are held against an evicted row one by one. */
  private static final int MAX_CHECKED = 64;

  /** A filter of one condition, both its lists, and a node of a hash set. */
  private static final int FILTER_BYTES = 128;

  /** Each condition, its list of values, and its place in the filter's list. */
  private static final int CONDITION_BYTES = 52;

  /** What filters of several conditions are found again by. */
  private static final int GROUP_BYTES = 160;

  /** Filters that ask for one value of one field; by far the most. */
  private final Set<Filter> byValue = new HashSet<>();

  private final List<Column> filtered = new ArrayList<>();

  private final Set<Filter> others = new HashSet<>();

  /** The others by the columns whose one value they name, and by those values. */
  private final Map<List<Column>, Map<List<Object>, List<Filter>>> groups = new LinkedHashMap<>();

  private long bytes;

  /** Heap that this knowledge takes. */
  long bytes() {
    return bytes;
  }

  boolean contains(Filter filter) {
    return filter.isByValue() ? byValue.contains(filter) : others.contains(filter);
  }

  void add(Filter filter) {
    if (filter.isByValue()) {
      Column column = filter.conditions().getFirst().column();
      if (!filtered.contains(column)) {
        filtered.add(column);
      }
      bytes += byValue.add(filter) ? bytes(filter) : 0;
    } else if (others.add(filter)) {
      bytes += bytes(filter);
      group(filter).add(filter);
    }
  }

  private List<Filter> group(Filter filter) {
    List<Condition> named =
        filter.conditions().stream()
            .filter(condition -> condition.operator() == Condition.Operator.IS)
            .toList();
    return groups
        .computeIfAbsent(named.stream().map(Condition::column).toList(), _ -> new HashMap<>())
        .computeIfAbsent(
            named.stream().map(Condition::value).toList(),
            _ -> {
              bytes += GROUP_BYTES;
              return new ArrayList<>(1);
            });
  }

  /** A row leaves memory: filters it matches are no longer complete. */
  void forgetMatching(E evicted) {
    for (Column column : filtered) {
      Object value = column.value(evicted);
      if (value != null) {
        Filter filter = Filter.of(Condition.is(column, value));
        bytes -= byValue.remove(filter) ? bytes(filter) : 0;
      }
    }
    groups.forEach((columns, byValues) -> {
      List<Object> key = values(columns, evicted);
      List<Filter> group = key == null ? null : byValues.get(key);
      if (group != null && forget(group, evicted)) {
        byValues.remove(key);
        bytes -= GROUP_BYTES;
      }
    });
  }

  /** True if none of the group is left. */
  private boolean forget(List<Filter> group, E evicted) {
    boolean unseen = group.size() > MAX_CHECKED;
    for (Iterator<Filter> each = group.iterator(); each.hasNext(); ) {
      Filter filter = each.next();
      if (unseen || filter.matches(evicted)) {
        others.remove(filter);
        bytes -= bytes(filter);
        if (!unseen) {
          each.remove();
        }
      }
    }
    return unseen || group.isEmpty();
  }

  /** Null where a column has no value, which no condition matches. */
  private @Nullable List<Object> values(List<Column> columns, E row) {
    List<Object> values = new ArrayList<>(columns.size());
    for (Column column : columns) {
      Object value = column.value(row);
      if (value == null) {
        return null;
      }
      values.add(value);
    }
    return values;
  }

  /** Forgets all of it once it takes too much room itself. */
  void forgetAbove(long limit) {
    if (bytes > limit) {
      clear();
    }
  }

  void clear() {
    byValue.clear();
    filtered.clear();
    others.clear();
    groups.clear();
    bytes = 0;
  }

  private static long bytes(Filter filter) {
    long total = FILTER_BYTES;
    for (Condition condition : filter.conditions()) {
      total += CONDITION_BYTES;
      for (Object value : condition.values()) {
        total += 4 + Math.max(24, condition.column().type().bytes(value));
      }
    }
    return total;
  }
}
