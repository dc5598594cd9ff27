package dev.millrace.loaders;

import java.util.Comparator;
import java.util.List;

/** The rows that a handler asks for, their order, and their maximum number. */
public record Query<E>(EntityType<E> type, RowFilter filter, List<Order> orders, int limit) {
  public static final int NO_LIMIT = Integer.MAX_VALUE;

  /** A field to sort by. Ties are decided by the id, ascending. */
  public record Order(EntityColumn column, boolean descending) {
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

  /** Returns this query without a limit. */
  public Query<E> unlimited() {
    return new Query<>(type, filter, orders, NO_LIMIT);
  }

  /**
   * The query without the values it compares with, on which its SQL statement depends. Queries of
   * one shape are alike.
   */
  public Shape shape() {
    return new Shape(
        type,
        filter.conditions().stream()
            .map(condition -> new Shape.Comparison(condition.column(), condition.operator()))
            .toList(),
        orders,
        limit);
  }

  /** A query without the values it compares with. */
  public record Shape(
      EntityType<?> type, List<Comparison> comparisons, List<Order> orders, int limit) {
    record Comparison(EntityColumn column, FieldCondition.Operator operator) {}

    /** False if a condition lists values: the values of many queries then form no table. */
    public boolean isFlat() {
      return comparisons.stream()
          .noneMatch(comparison -> comparison.operator() == FieldCondition.Operator.IN);
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
