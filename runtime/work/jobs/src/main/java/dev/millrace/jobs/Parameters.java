package dev.millrace.jobs;

import static dev.millrace.loaders.ColumnType.Scalar.BOOLEAN;
import static dev.millrace.loaders.ColumnType.Scalar.INT;
import static dev.millrace.loaders.ColumnType.Scalar.LONG;
import static dev.millrace.loaders.ColumnType.Scalar.TEXT;

import dev.millrace.postgres.client.ArrayParameter;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.List;
import java.util.function.Function;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/** Binds columns of a list of items as arrays, in the order of the statement's parameters. */
final class Parameters<T> {
  private final PreparedStatement statement;
  private final List<T> items;
  private int index;

  private Parameters(PreparedStatement statement, List<T> items, int first) {
    this.statement = statement;
    this.items = items;
    this.index = first;
  }

  static <T> Parameters<T> of(PreparedStatement statement, List<T> items) {
    return new Parameters<>(statement, items, 1);
  }

  static <T> Parameters<T> from(int first, PreparedStatement statement, List<T> items) {
    return new Parameters<>(statement, items, first);
  }

  Parameters<T> longs(ToLongFunction<? super T> value) throws SQLException {
    statement.setObject(index++, ArrayParameter.of(LONG, items, value::applyAsLong));
    return this;
  }

  Parameters<T> nullableLongs(Function<? super T, @Nullable Long> value) throws SQLException {
    statement.setObject(index++, ArrayParameter.of(LONG, items, value));
    return this;
  }

  Parameters<T> ints(Function<? super T, @Nullable Integer> value) throws SQLException {
    statement.setObject(index++, ArrayParameter.of(INT, items, value));
    return this;
  }

  Parameters<T> booleans(Function<? super T, Boolean> value) throws SQLException {
    statement.setObject(index++, ArrayParameter.of(BOOLEAN, items, value));
    return this;
  }

  Parameters<T> texts(Function<? super T, @Nullable String> value) throws SQLException {
    statement.setObject(index++, ArrayParameter.of(TEXT, items, value));
    return this;
  }
}
