package dev.millrace.loaders;

import java.util.Comparator;
import java.util.List;

/** Conditions that a row must all satisfy. Two filters with the same conditions are equal. */
public record Filter(List<Condition> conditions) {
  private static final Comparator<Condition> ORDER =
      Comparator.<Condition>comparingInt(condition -> condition.column().position())
          .thenComparing(Condition::operator)
          .thenComparing(Filter::byFirstValue);

  public Filter {
    conditions = conditions.stream().distinct().sorted(ORDER).toList();
  }

  public static Filter of(Condition condition) {
    return new Filter(List.of(condition));
  }

  public boolean matches(Object entity) {
    for (Condition condition : conditions) {
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
  public List<Filter> apart() {
    if (!isByValue()) {
      return List.of(this);
    }
    Condition only = conditions.getFirst();
    return only.values().stream().map(value -> of(Condition.is(only.column(), value))).toList();
  }

  private static int byFirstValue(Condition left, Condition right) {
    if (left.values().isEmpty() || right.values().isEmpty()) {
      return Boolean.compare(left.values().isEmpty(), right.values().isEmpty());
    }
    return left.column().type().compare(left.value(), right.value());
  }
}
