package dev.millrace.postgres;

import dev.millrace.loaders.ColumnType;
import dev.millrace.loaders.EntityColumn;
import dev.millrace.loaders.FieldCondition;
import dev.millrace.loaders.Query;
import dev.millrace.loaders.RowFilter;
import dev.millrace.postgres.client.ArrayParameter;
import dev.millrace.postgres.client.JdbcParameters;
import dev.millrace.postgres.client.SqlIdentifiers;
import dev.millrace.postgres.client.SqlTypeNames;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Builds conditions on the rows of {@code t}, and collects their parameters. */
final class PredicateBuilder {
  private static final int MAX_ALTERNATIVES = 100;

  private final List<Object> values = new ArrayList<>();

  void bind(PreparedStatement statement) throws SQLException {
    for (int i = 0; i < values.size(); i++) {
      statement.setObject(i + 1, values.get(i));
    }
  }

  String one(Object value) {
    values.add(JdbcParameters.of(value));
    return "?";
  }

  String many(ColumnType type, List<?> many) {
    values.add(ArrayParameter.of(type, many));
    return "?::" + SqlTypeNames.parameter(type) + "[]";
  }

  static String name(EntityColumn column) {
    return "t." + SqlIdentifiers.quoted(column.sql());
  }

  /**
   * Groups filters into statements. Any number of values of one field become one condition, but
   * every other filter is a condition of its own, and PostgreSQL's planner slows down with their
   * number.
   */
  static List<List<RowFilter>> statements(Collection<RowFilter> filters) {
    List<List<RowFilter>> statements = new ArrayList<>();
    List<RowFilter> current = new ArrayList<>();
    int others = 0;
    for (RowFilter filter : filters) {
      current.add(filter);
      others += isByValue(filter) ? 0 : 1;
      if (others == MAX_ALTERNATIVES) {
        statements.add(current);
        current = new ArrayList<>();
        others = 0;
      }
    }
    if (!current.isEmpty()) {
      statements.add(current);
    }
    return statements;
  }

  /** Returns the conditions of which a row must satisfy one to match any of several filters. */
  List<String> anyOf(Iterable<RowFilter> filters) {
    Map<EntityColumn, TreeSet<Object>> wanted = new LinkedHashMap<>();
    List<String> parts = new ArrayList<>();
    for (RowFilter filter : filters) {
      if (isByValue(filter)) {
        FieldCondition only = filter.conditions().getFirst();
        EntityColumn column = only.column();
        wanted
            .computeIfAbsent(column, _ -> new TreeSet<>(column.type()::compare))
            .addAll(only.values());
      } else {
        parts.add(all(filter));
      }
    }
    wanted.forEach((column, found) -> parts.add(in(column, List.copyOf(found))));
    return parts;
  }

  private static boolean isByValue(RowFilter filter) {
    return filter.conditions().size() == 1
        && switch (filter.conditions().getFirst().operator()) {
          case IS, IN -> true;
          case ABOVE, AT_LEAST, BELOW, AT_MOST -> false;
        };
  }

  /** Returns the conjunction of a filter's conditions. */
  String all(RowFilter filter) {
    if (filter.conditions().isEmpty()) {
      return "true";
    }
    List<String> conditions = new ArrayList<>();
    for (FieldCondition condition : filter.conditions()) {
      conditions.add(condition(condition));
    }
    return "(" + String.join(" AND ", conditions) + ")";
  }

  private String condition(FieldCondition condition) {
    EntityColumn column = condition.column();
    return switch (condition.operator()) {
      case IN -> in(column, condition.values());
      case IS -> compare(column, "=", condition.value());
      case ABOVE -> compare(column, ">", condition.value());
      case AT_LEAST -> compare(column, ">=", condition.value());
      case BELOW -> compare(column, "<", condition.value());
      case AT_MOST -> compare(column, "<=", condition.value());
    };
  }

  private String in(EntityColumn column, Collection<?> values) {
    String whole =
        "%s = ANY (%s)".formatted(name(column), many(column.type(), List.copyOf(values)));
    return IndexKeyExpression.beginning(column, name(column))
        .map(beginning -> {
          List<Object> beginnings =
              values.stream().map(IndexKeyExpression::beginning).distinct().toList();
          return "(%s AND %s = ANY (%s))"
              .formatted(whole, beginning, many(column.type(), beginnings));
        })
        .orElse(whole);
  }

  private String compare(EntityColumn column, String operator, Object value) {
    String whole = "%s %s %s".formatted(name(column), operator, one(value));
    return beginsWithin(column, operator, value)
        .map(beginning -> "(%s AND %s)".formatted(whole, beginning))
        .orElse(whole);
  }

  /** Returns the condition on the indexed beginning of a column that a comparison implies. */
  private Optional<String> beginsWithin(EntityColumn column, String operator, Object value) {
    return IndexKeyExpression.beginning(column, name(column))
        .map(beginning ->
            "%s %s %s"
                .formatted(beginning, implied(operator), one(IndexKeyExpression.beginning(value))));
  }

  /** The comparison of beginnings that a comparison of whole values implies. */
  static String implied(String operator) {
    return switch (operator) {
      case "<" -> "<=";
      case ">" -> ">=";
      default -> operator;
    };
  }

  /**
   * Selects rows that come after a row in a total order. Rows without a value come last in
   * ascending order and first in descending order.
   */
  String after(List<Query.Order> orders, Object row) {
    String place = afterInOrder(orders, row);
    Query.Order first = orders.getFirst();
    Object value = first.column().value(row);
    if (value == null || (first.column().isNullable() && !first.descending())) {
      return place;
    }
    return beginsWithin(first.column(), first.descending() ? "<" : ">", value)
        .map(beginning -> "%s AND %s".formatted(place, beginning))
        .orElse(place);
  }

  private String afterInOrder(List<Query.Order> orders, Object row) {
    if (orders.stream().noneMatch(order -> order.descending() || order.column().isNullable())) {
      return afterInKey(orders, row);
    }
    List<String> alternatives = new ArrayList<>();
    for (int i = 0; i < orders.size(); i++) {
      String beyond = beyond(orders.get(i), orders.get(i).column().value(row), i, orders, row);
      if (!beyond.isEmpty()) {
        alternatives.add(beyond);
      }
    }
    return "(" + String.join(" OR ", alternatives) + ")";
  }

  /** Compares whole keys, which an index answers with a range scan. */
  private String afterInKey(List<Query.Order> orders, Object row) {
    List<String> names = new ArrayList<>();
    List<String> places = new ArrayList<>();
    for (Query.Order order : orders) {
      names.add(name(order.column()));
      places.add(one(present(order.column().value(row))));
    }
    return "(%s) > (%s)".formatted(String.join(", ", names), String.join(", ", places));
  }

  /** Requires equality in earlier orders and a later place in this one; empty if impossible. */
  private String beyond(
      Query.Order order, @Nullable Object value, int at, List<Query.Order> orders, Object row) {
    if (value == null && !order.descending()) {
      return "";
    }
    List<String> conditions = new ArrayList<>();
    for (Query.Order before : orders.subList(0, at)) {
      Object same = before.column().value(row);
      conditions.add(
          same == null ? name(before.column()) + " IS NULL" : compare(before.column(), "=", same));
    }
    String name = name(order.column());
    if (value == null) {
      conditions.add(name + " IS NOT NULL");
    } else if (order.descending()) {
      conditions.add(compare(order.column(), "<", value));
    } else if (order.column().isNullable()) {
      conditions.add("(%s OR %s IS NULL)".formatted(compare(order.column(), ">", value), name));
    } else {
      conditions.add(compare(order.column(), ">", value));
    }
    return "(" + String.join(" AND ", conditions) + ")";
  }

  static String order(List<Query.Order> orders) {
    List<String> columns = new ArrayList<>();
    for (Query.Order order : orders) {
      String direction = order.descending() ? " DESC NULLS FIRST" : " ASC NULLS LAST";
      String name = name(order.column());
      // Sorted by the indexed beginnings first, so that only few rows at a time remain to be
      // sorted.
      IndexKeyExpression.beginning(order.column(), name)
          .ifPresent(beginning -> columns.add(beginning + direction));
      columns.add(name + direction);
    }
    return String.join(", ", columns);
  }

  private static Object present(@Nullable Object value) {
    if (value == null) {
      throw new IllegalStateException("column that must not be null is null");
    }
    return value;
  }
}
