package dev.millrace.loaders;

import java.util.Comparator;
import java.util.List;

/** Which rows a handler asks for, in which order, and how many at most. */
public record Query<E>(EntityType<E> type, Filter filter, List<Order> orders, int limit) {
  public static final int NO_LIMIT = Integer.MAX_VALUE;

  /** One field to sort by. Ties are decided by the id, ascending. */
  public record Order(Column column, boolean descending) {
    int compare(Object left, Object right) {
      int order = column.compareRows(left, right);
      return descending ? -order : order;
    }
  }

  public Query {
    orders = List.copyOf(orders);
  }

  public boolean isLimited() {
    return limit != NO_LIMIT;
  }

  /** The same without a limit. */
  public Query<E> unlimited() {
    return new Query<>(type, filter, orders, NO_LIMIT);
  }

  /** Compares this query with another: true if they differ in the values they compare with only. */
  public boolean isAlike(Query<?> other) {
    return shape().equals(other.shape());
  }

  /** What a statement of it depends on, beside the values it compares with. */
  Shape shape() {
    return new Shape(
        type,
        filter.conditions().stream()
            .map(condition -> new Shape.Comparison(condition.column(), condition.operator()))
            .toList(),
        orders,
        limit);
  }

  /** A query without the values it compares with. */
  record Shape(EntityType<?> type, List<Comparison> comparisons, List<Order> orders, int limit) {
    record Comparison(Column column, Condition.Operator operator) {}

    /** False where a condition lists values: then the values of many queries are no table. */
    boolean isFlat() {
      return comparisons.stream()
          .noneMatch(comparison -> comparison.operator() == Condition.Operator.IN);
    }
  }

  /** The whole order, ids included: no two rows are equal in it. */
  public List<Order> totalOrder() {
    List<Order> ids = type.ids().stream().map(column -> new Order(column, false)).toList();
    return java.util.stream.Stream.concat(orders.stream(), ids.stream()).toList();
  }

  public Comparator<E> comparator() {
    List<Order> total = totalOrder();
    return (left, right) -> {
      for (Order order : total) {
        int compared = order.compare(left, right);
        if (compared != 0) {
          return compared;
        }
      }
      return 0;
    };
  }
}
