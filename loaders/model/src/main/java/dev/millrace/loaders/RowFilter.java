package dev.millrace.loaders;

import java.util.Comparator;
import java.util.List;

/** Conditions that a row must all satisfy. Two filters with the same conditions are equal. */
public record RowFilter(List<FieldCondition> conditions) {
  private static final Comparator<FieldCondition> ORDER =
      Comparator.<FieldCondition>comparingInt(condition -> condition.column().position())
          .thenComparing(FieldCondition::operator)
          .thenComparing(RowFilter::byFirstValue);

  public RowFilter {
    conditions = conditions.stream().distinct().sorted(ORDER).toList();
  }

  public static RowFilter of(FieldCondition condition) {
    return new RowFilter(List.of(condition));
  }

  public boolean matches(Object entity) {
    for (FieldCondition condition : conditions) {
      if (!condition.matches(entity)) {
        return false;
      }
    }
    return true;
  }

  /**
   * True if this filter asks for values of one field only, so that similar filters can share a
   * query.
   */
  public boolean isByValue() {
    return conditions.size() == 1 && conditions.getFirst().namesValues();
  }

  /** Splits a filter that lists values of one field by value; returns others as they are. */
  public List<RowFilter> apart() {
    if (!isByValue()) {
      return List.of(this);
    }
    FieldCondition only = conditions.getFirst();
    return only.values().stream()
        .map(value -> of(FieldCondition.is(only.column(), value)))
        .toList();
  }

  private static int byFirstValue(FieldCondition left, FieldCondition right) {
    if (left.values().isEmpty() || right.values().isEmpty()) {
      return Boolean.compare(left.values().isEmpty(), right.values().isEmpty());
    }
    return left.column().type().compare(left.value(), right.value());
  }
}
