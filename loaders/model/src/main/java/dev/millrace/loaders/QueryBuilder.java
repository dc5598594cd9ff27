package dev.millrace.loaders;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/** A query that a handler builds; it is not sent before {@link #list} or {@link #first}. */
public final class QueryBuilder<E> {
  private final EntityType<E> type;
  private final Function<Query<E>, List<E>> answer;
  private final UnaryOperator<RuntimeException> failed;
  private final List<FieldCondition> conditions = new ArrayList<>();
  private final List<Query.Order> orders = new ArrayList<>();
  private int limit = Query.NO_LIMIT;

  public QueryBuilder(EntityType<E> type, Function<Query<E>, List<E>> answer) {
    this(type, answer, UnaryOperator.identity());
  }

  /** Passes errors in the query's construction through {@code failed}, too. */
  public QueryBuilder(
      EntityType<E> type,
      Function<Query<E>, List<E>> answer,
      UnaryOperator<RuntimeException> failed) {
    this.type = type;
    this.answer = answer;
    this.failed = failed;
  }

  public <V> Where<E, V> where(Field<E, V> field) {
    return new Where<>(this, column(field));
  }

  /** Adds another condition; rows must satisfy all of them. */
  public <V> Where<E, V> and(Field<E, V> field) {
    return where(field);
  }

  public QueryBuilder<E> orderBy(Field<E, ?> field) {
    orders.add(new Query.Order(column(field), false));
    return this;
  }

  public QueryBuilder<E> orderByDescending(Field<E, ?> field) {
    orders.add(new Query.Order(column(field), true));
    return this;
  }

  public QueryBuilder<E> limit(int rows) {
    if (rows < 1) {
      throw failed.apply(
          new MillraceException(Remedy.FIX_HANDLER, "limit must be positive: limit=" + rows));
    }
    limit = rows;
    return this;
  }

  /** Returns the rows in an unmodifiable list, however many there are. */
  public List<E> list() {
    return Collections.unmodifiableList(answer.apply(query(limit)));
  }

  public Optional<E> first() {
    return answer.apply(query(1)).stream().findFirst();
  }

  private EntityColumn column(Field<E, ?> field) {
    return guarded(() -> AccessorResolver.column(type, field));
  }

  private <T> T guarded(Supplier<T> call) {
    try {
      return call.get();
    } catch (RuntimeException wrong) {
      throw failed.apply(wrong);
    }
  }

  public RowFilter filter() {
    return new RowFilter(conditions);
  }

  private Query<E> query(int rows) {
    return new Query<>(type, filter(), orders, rows);
  }

  /** The condition on one field. */
  public static final class Where<E, V> {
    private final QueryBuilder<E> selection;
    private final EntityColumn column;

    private Where(QueryBuilder<E> selection, EntityColumn column) {
      this.selection = selection;
      this.column = column;
    }

    public QueryBuilder<E> is(V value) {
      return add(FieldCondition.is(column, operand(value)));
    }

    @SafeVarargs
    public final QueryBuilder<E> in(V... values) {
      List<Object> operands = new ArrayList<>();
      for (V value : values) {
        operands.add(operand(value));
      }
      return add(FieldCondition.in(column, operands));
    }

    public QueryBuilder<E> in(Iterable<? extends V> values) {
      List<Object> operands = new ArrayList<>();
      values.forEach(value -> operands.add(operand(value)));
      return add(FieldCondition.in(column, operands));
    }

    public QueryBuilder<E> above(V value) {
      return compare(FieldCondition.Operator.ABOVE, value);
    }

    public QueryBuilder<E> atLeast(V value) {
      return compare(FieldCondition.Operator.AT_LEAST, value);
    }

    public QueryBuilder<E> below(V value) {
      return compare(FieldCondition.Operator.BELOW, value);
    }

    public QueryBuilder<E> atMost(V value) {
      return compare(FieldCondition.Operator.AT_MOST, value);
    }

    private QueryBuilder<E> compare(FieldCondition.Operator operator, V value) {
      return add(new FieldCondition(column, operator, List.of(operand(value))));
    }

    private Object operand(V value) {
      return selection.guarded(() -> selection.type.operand(column, value));
    }

    private QueryBuilder<E> add(FieldCondition condition) {
      selection.conditions.add(condition);
      return selection;
    }
  }
}
