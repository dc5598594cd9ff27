package dev.millrace.loaders;

import java.util.function.Function;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/** A component of an entity and the column that stores it. Equal only to itself. */
public final class EntityColumn {
  private final String name;
  private final String sql;
  private final ColumnType type;
  private final int position;
  private final Attributes marks;
  private final Accessor accessor;

  /**
   * Reads a component.
   *
   * @param bits of a primitive component, without boxing; not to be called for others
   */
  record Accessor(Function<Object, @Nullable Object> value, ToLongFunction<Object> bits) {}

  /**
   * Properties of a component beside its name and type.
   *
   * @param codec the compression codec in ClickHouse; empty for ClickHouse's default
   */
  record Attributes(
      boolean nullable,
      boolean id,
      boolean indexed,
      boolean primitive,
      boolean unsigned,
      String codec) {}

  EntityColumn(String name, ColumnType type, int position, Attributes marks, Accessor accessor) {
    this.name = name;
    this.sql = SnakeCaseNames.of(name);
    this.type = type;
    this.position = position;
    this.marks = marks;
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
    return marks.nullable;
  }

  public boolean isId() {
    return marks.id;
  }

  public boolean isIndexed() {
    return marks.indexed;
  }

  /** True if an integer in this column is never negative. */
  public boolean isUnsigned() {
    return marks.unsigned;
  }

  /** The compression codec in ClickHouse; empty for ClickHouse's default. */
  public String codec() {
    return marks.codec;
  }

  /** True if the component is primitive, so that {@link #bits} can be called. */
  public boolean isPrimitive() {
    return marks.primitive;
  }

  public @Nullable Object value(Object entity) {
    try {
      return accessor.value.apply(entity);
    } catch (Throwable thrown) {
      throw failed(entity, thrown);
    }
  }

  /**
   * Returns the value of a primitive component without boxing: an integer as it is, a boolean as 0
   * or 1, a {@code double} as its bits.
   */
  public long bits(Object entity) {
    try {
      return accessor.bits.applyAsLong(entity);
    } catch (Throwable thrown) {
      if (!isPrimitive() && thrown instanceof IllegalStateException misuse) {
        throw misuse; // our own: no accessor has run
      }
      throw failed(entity, thrown);
    }
  }

  private RuntimeException failed(Object entity, Throwable thrown) {
    if (thrown instanceof VirtualMachineError broken && !(broken instanceof StackOverflowError)) {
      throw broken;
    }
    return new AccessorException(entity, this, thrown);
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
