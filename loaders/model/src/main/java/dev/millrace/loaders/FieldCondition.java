package dev.millrace.loaders;

import java.util.Collections;
import java.util.List;
import java.util.TreeSet;

/**
 * A condition on one field of a row. Values are canonical; several only for {@link Operator#IN},
 * and then in ascending order.
 */
public record FieldCondition(EntityColumn column, Operator operator, List<Object> values) {
  public enum Operator {
    IS,
    IN,
    ABOVE,
    AT_LEAST,
    BELOW,
    AT_MOST
  }

  public FieldCondition {
    values = List.copyOf(values);
  }

  public static FieldCondition is(EntityColumn column, Object value) {
    return new FieldCondition(column, Operator.IS, List.of(value));
  }

  /** Sorts the values and removes duplicates, so that equal conditions are equal records. */
  public static FieldCondition in(EntityColumn column, List<Object> values) {
    TreeSet<Object> sorted = new TreeSet<>(column.type()::compare);
    sorted.addAll(values);
    return sorted.size() == 1
        ? is(column, sorted.first())
        : new FieldCondition(column, Operator.IN, List.copyOf(sorted));
  }

  /** The value of every operator but {@link Operator#IN}. */
  public Object value() {
    return values.getFirst();
  }

  public boolean matches(Object entity) {
    Object found = column.value(entity);
    if (found == null) {
      return false; // as in SQL, nothing compares with null
    }
    return switch (operator) {
      case IS -> found.equals(value());
      case IN -> Collections.binarySearch(values, found, column.type()::compare) >= 0;
      case ABOVE -> column.type().compare(found, value()) > 0;
      case AT_LEAST -> column.type().compare(found, value()) >= 0;
      case BELOW -> column.type().compare(found, value()) < 0;
      case AT_MOST -> column.type().compare(found, value()) <= 0;
    };
  }

  public boolean namesValues() {
    return operator == Operator.IS || operator == Operator.IN;
  }
}
