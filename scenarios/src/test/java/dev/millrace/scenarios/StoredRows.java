package dev.millrace.scenarios;

import dev.millrace.loaders.Address;
import dev.millrace.loaders.ColumnType;
import dev.millrace.loaders.EntityColumn;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.EventId;
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Timestamp;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Reads entity tables by plain JDBC, so that Millrace is not the only reader of its rows. */
final class StoredRows {
  private StoredRows() {}

  /** Returns all rows of all tables, by entity and in id order. */
  static Map<String, List<?>> of(Connection connection, String schema, List<EntityType<?>> types)
      throws SQLException {
    Map<String, List<?>> rows = new TreeMap<>();
    for (EntityType<?> type : types) {
      rows.put(type.name(), of(connection, schema, type));
    }
    return rows;
  }

  private static <E> List<E> of(Connection connection, String schema, EntityType<E> type)
      throws SQLException {
    String sql =
        "SELECT %s FROM %s.%s ORDER BY %s"
            .formatted(
                names(type.columns()),
                TableDigests.quoted(schema),
                TableDigests.quoted(type.table()),
                names(type.ids()));
    List<E> rows = new ArrayList<>();
    try (Statement statement = connection.createStatement();
        ResultSet found = statement.executeQuery(sql)) {
      while (found.next()) {
        @Nullable Object[] values = new @Nullable Object[type.columns().size()];
        for (EntityColumn column : type.columns()) {
          values[column.position()] = value(found.getObject(column.position() + 1), column.type());
        }
        rows.add(type.create(values));
      }
    }
    return rows;
  }

  private static String names(List<EntityColumn> columns) {
    return columns.stream()
        .map(column -> TableDigests.quoted(column.sql()))
        .collect(Collectors.joining(", "));
  }

  private static @Nullable Object value(@Nullable Object stored, ColumnType type) {
    return switch (stored) {
      case null -> null;
      case BigDecimal number when type == ColumnType.Scalar.BIG_INTEGER ->
          number.toBigIntegerExact();
      case byte[] bytes when type == ColumnType.Scalar.ADDRESS -> Address.of(bytes);
      case Timestamp time when type == ColumnType.Scalar.INSTANT -> time.toInstant();
      case Long number when type == ColumnType.Scalar.EVENT_ID -> new EventId(number);
      default -> {
        if (!type.boxed().isInstance(stored)) {
          throw new IllegalStateException(
              "scenarios use no such column: type=%s stored=%s".formatted(type, stored.getClass()));
        }
        yield stored;
      }
    };
  }
}
