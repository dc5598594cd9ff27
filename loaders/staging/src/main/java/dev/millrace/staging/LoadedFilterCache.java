package dev.millrace.staging;

import dev.millrace.loaders.EntityColumn;
import dev.millrace.loaders.FieldCondition;
import dev.millrace.loaders.RowFilter;
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
 * a row to enter or leave its result passes through memory. Forgetting a filter is always safe, so
 * where an evicted row may match very many filters, all of them are forgotten unchecked: eviction
 * costs the same per row, however many filters there are.
 */
final class LoadedFilterCache<E> {
  /** Maximum number of filters that are matched against an evicted row one by one. */
  private static final int MAX_CHECKED = 64;

  /** A filter of one condition, both its lists, and a node of a hash set. */
  private static final int FILTER_BYTES = 128;

  /** Each condition, its list of values, and its place in the filter's list. */
  private static final int CONDITION_BYTES = 52;

  /** Keys and list by which a group of filters with several conditions is found. */
  private static final int GROUP_BYTES = 160;

  /** Filters for one value of one field; by far the most frequent kind. */
  private final Set<RowFilter> byValue = new HashSet<>();

  private final List<EntityColumn> filtered = new ArrayList<>();

  private final Set<RowFilter> others = new HashSet<>();

  /** The other filters, by the columns that they compare with one value, then by those values. */
  private final Map<List<EntityColumn>, Map<List<Object>, List<RowFilter>>> groups =
      new LinkedHashMap<>();

  private long bytes;

  /** Heap that these filters take. */
  long bytes() {
    return bytes;
  }

  boolean contains(RowFilter filter) {
    return filter.isByValue() ? byValue.contains(filter) : others.contains(filter);
  }

  void add(RowFilter filter) {
    if (filter.isByValue()) {
      EntityColumn column = filter.conditions().getFirst().column();
      if (!filtered.contains(column)) {
        filtered.add(column);
      }
      bytes += byValue.add(filter) ? bytes(filter) : 0;
    } else if (others.add(filter)) {
      bytes += bytes(filter);
      group(filter).add(filter);
    }
  }

  private List<RowFilter> group(RowFilter filter) {
    List<FieldCondition> named =
        filter.conditions().stream()
            .filter(condition -> condition.operator() == FieldCondition.Operator.IS)
            .toList();
    return groups
        .computeIfAbsent(named.stream().map(FieldCondition::column).toList(), _ -> new HashMap<>())
        .computeIfAbsent(
            named.stream().map(FieldCondition::value).toList(),
            _ -> {
              bytes += GROUP_BYTES;
              return new ArrayList<>(1);
            });
  }

  /** Forgets the filters that a row leaving memory matches: they are no longer complete. */
  void forgetMatching(E evicted) {
    for (EntityColumn column : filtered) {
      Object value = column.value(evicted);
      if (value != null) {
        RowFilter filter = RowFilter.of(FieldCondition.is(column, value));
        bytes -= byValue.remove(filter) ? bytes(filter) : 0;
      }
    }
    groups.forEach((columns, byValues) -> {
      List<Object> key = values(columns, evicted);
      List<RowFilter> group = key == null ? null : byValues.get(key);
      if (group != null && forget(group, evicted)) {
        byValues.remove(key);
        bytes -= GROUP_BYTES;
      }
    });
  }

  /** Returns true if no filter of the group is left. */
  private boolean forget(List<RowFilter> group, E evicted) {
    boolean unseen = group.size() > MAX_CHECKED;
    for (Iterator<RowFilter> each = group.iterator(); each.hasNext(); ) {
      RowFilter filter = each.next();
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

  /** Returns null if a column has no value: no condition matches null. */
  private @Nullable List<Object> values(List<EntityColumn> columns, E row) {
    List<Object> values = new ArrayList<>(columns.size());
    for (EntityColumn column : columns) {
      Object value = column.value(row);
      if (value == null) {
        return null;
      }
      values.add(value);
    }
    return values;
  }

  /** Forgets all filters if they take more than {@code limit} bytes. */
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

  private static long bytes(RowFilter filter) {
    long total = FILTER_BYTES;
    for (FieldCondition condition : filter.conditions()) {
      total += CONDITION_BYTES;
      for (Object value : condition.values()) {
        total += 4 + Math.max(24, condition.column().type().bytes(value));
      }
    }
    return total;
  }
}
