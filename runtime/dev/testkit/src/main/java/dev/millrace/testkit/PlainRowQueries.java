package dev.millrace.testkit;

import dev.millrace.loaders.EntityColumn;
import dev.millrace.loaders.FieldCondition;
import dev.millrace.loaders.Query;
import dev.millrace.loaders.RowFilter;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;

/**
 * Answers queries from a plain collection: row by row, then a sort. Written independently of the
 * staged store, so that it does not repeat a mistake there; only the order of single values is
 * shared.
 */
public final class PlainRowQueries {
  private PlainRowQueries() {}

  public static <E> List<E> answer(Query<E> query, Collection<E> rows) {
    List<E> found = new ArrayList<>();
    for (E row : rows) {
      if (matches(row, query.filter())) {
        found.add(row);
      }
    }
    found.sort(order(query));
    return List.copyOf(found.subList(0, Math.min(found.size(), query.limit())));
  }

  public static boolean matches(Object row, RowFilter filter) {
    boolean all = true;
    for (FieldCondition condition : filter.conditions()) {
      all &= matches(row, condition);
    }
    return all;
  }

  private static boolean matches(Object row, FieldCondition condition) {
    Object found = condition.column().value(row);
    if (found == null) {
      return false;
    }
    boolean any = false;
    for (Object value : condition.values()) {
      int compared = condition.column().type().compare(found, value);
      any |=
          switch (condition.operator()) {
            case IS, IN -> compared == 0;
            case ABOVE -> compared > 0;
            case AT_LEAST -> compared >= 0;
            case BELOW -> compared < 0;
            case AT_MOST -> compared <= 0;
          };
    }
    return any;
  }

  /** Sorts as requested, then by id; rows without a value come last, or first if descending. */
  public static <E> Comparator<E> order(Query<E> query) {
    Comparator<E> order = (_, _) -> 0;
    for (Query.Order asked : query.orders()) {
      Comparator<E> one = by(asked.column());
      order = order.thenComparing(asked.descending() ? one.reversed() : one);
    }
    for (EntityColumn id : query.type().ids()) {
      order = order.thenComparing(by(id));
    }
    return order;
  }

  private static <E> Comparator<E> by(EntityColumn column) {
    return (left, right) -> {
      Object a = column.value(left);
      Object b = column.value(right);
      if (a == null && b == null) {
        return 0;
      }
      if (a == null) {
        return 1;
      }
      return b == null ? -1 : column.type().compare(a, b);
    };
  }
}
