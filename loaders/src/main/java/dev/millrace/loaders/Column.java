package dev.millrace.loaders;

import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** One component of an entity and the column that keeps it. Equal only to itself. */
public final class Column {
  private final String name;
  private final String sql;
  private final ColumnType type;
  private final int position;
  private final boolean nullable;
  private final boolean id;
  private final boolean indexed;
  private final boolean primitive;
  private final Function<Object, @Nullable Object> accessor;

  Column(
      String name,
      ColumnType type,
      int position,
      boolean nullable,
      boolean id,
      boolean indexed,
      boolean primitive,
      Function<Object, @Nullable Object> accessor) {
    this.name = name;
    this.sql = SnakeCase.of(name);
    this.type = type;
    this.position = position;
    this.nullable = nullable;
    this.id = id;
    this.indexed = indexed;
    this.primitive = primitive;
    this.accessor = accessor;
  }

  /** The name of the record component. */
  public String name() {
    return name;
  }

  /** The column's name in the stores, not quoted. */
  public String sql() {
    return sql;
  }

  public ColumnType type() {
    return type;
  }

  public int position() {
    return position;
  }

  public boolean isNullable() {
    return nullable;
  }

  public boolean isId() {
    return id;
  }

  public boolean isIndexed() {
    return indexed;
  }

  boolean isPrimitive() {
    return primitive;
  }

  public @Nullable Object value(Object entity) {
    return accessor.apply(entity);
  }

  /** Orders rows by this column; rows without a value come last, as in PostgreSQL. */
  int compareRows(Object left, Object right) {
    Object a = value(left);
    Object b = value(right);
    if (a == null || b == null) {
      return Boolean.compare(a == null, b == null);
    }
    return type.compare(a, b);
  }

  @Override
  public String toString() {
    return name;
  }
}
