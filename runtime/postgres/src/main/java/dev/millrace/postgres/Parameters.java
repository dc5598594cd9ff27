package dev.millrace.postgres;

import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes;
import dev.millrace.loaders.Bytes32;
import dev.millrace.loaders.ColumnType;
import dev.millrace.loaders.EventId;
import dev.millrace.loaders.Json;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.sql.Array;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import org.postgresql.PGConnection;

/** Values as parameters of statements: one alone, or many of a column in an array. */
final class Parameters {
  private Parameters() {}

  /** What the driver takes for a single value. */
  static Object one(Object value) {
    return switch (value) {
      case EventId id -> id.value();
      case Instant instant -> instant.atOffset(ZoneOffset.UTC);
      case BigInteger integer -> new BigDecimal(integer);
      case Address address -> address.bytes();
      case Bytes32 word -> word.bytes();
      case Bytes bytes -> bytes.bytes();
      case Enum<?> constant -> constant.name();
      case Json json -> json.text();
      case Object other -> other;
    };
  }

  /** Arrays that the driver knows how to send in binary wherever it can. */
  static Array many(Connection connection, ColumnType type, List<?> values) throws SQLException {
    if (type instanceof ColumnType.Enumerated) {
      return connection.createArrayOf("text", texts(values));
    }
    if (type instanceof ColumnType.Decimal) {
      return connection.createArrayOf("numeric", plain(values));
    }
    if (!(type instanceof ColumnType.Scalar scalar)) {
      throw new IllegalArgumentException("a list cannot be a parameter: type=" + type);
    }
    return switch (scalar) {
      case BOOLEAN -> connection.createArrayOf("bool", values.toArray(Boolean[]::new));
      case INT -> connection.createArrayOf("int4", values.toArray(Integer[]::new));
      case LONG -> longs(connection, values.stream().mapToLong(Long.class::cast).toArray());
      case EVENT_ID ->
          longs(
              connection, values.stream().mapToLong(value -> ((EventId) value).value()).toArray());
      case DOUBLE -> connection.createArrayOf("float8", values.toArray(Double[]::new));
      case TEXT, JSON -> connection.createArrayOf("text", texts(values));
      case INSTANT -> connection.createArrayOf("timestamptz", plain(values));
      case BIG_INTEGER -> connection.createArrayOf("numeric", plain(values));
      case ADDRESS, BYTES32, BYTES ->
          connection.createArrayOf(
              "bytea", values.stream().map(Parameters::one).toArray(byte[][]::new));
    };
  }

  static Array longs(Connection connection, long[] values) throws SQLException {
    return connection.unwrap(PGConnection.class).createArrayOf("int8", values);
  }

  private static String[] texts(List<?> values) {
    return values.stream()
        .map(value -> value instanceof Enum<?> constant ? constant.name() : value.toString())
        .toArray(String[]::new);
  }

  private static Object[] plain(List<?> values) {
    return values.stream().map(Object::toString).toArray();
  }
}
