package dev.millrace.clickhouse.client;

import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes;
import dev.millrace.loaders.Bytes32;
import dev.millrace.loaders.ColumnType;
import dev.millrace.loaders.EntityColumn;
import dev.millrace.loaders.EventId;
import dev.millrace.loaders.Json;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Instant;
import java.util.List;

/** Names, values and placeholders of column types in ClickHouse. */
public final class ClickHouseTypes {
  private static final int MICROS = 1_000_000;
  private static final int MAX_BITS = 255;

  private ClickHouseTypes() {}

  /** Returns the type of a column; of a nullable list, the type of the list alone. */
  public static String name(EntityColumn column) {
    String plain = name(column.type(), column.isUnsigned());
    if (!column.isNullable() || column.type() instanceof ColumnType.ListOf) {
      return plain;
    }
    return column.type() instanceof ColumnType.Enumerated
        ? "LowCardinality(Nullable(String))"
        : "Nullable(" + plain + ")";
  }

  private static String name(ColumnType type, boolean unsigned) {
    return switch (type) {
      case ColumnType.Scalar scalar ->
          switch (scalar) {
            case BOOLEAN -> "Bool";
            case INT -> "Int32";
            case LONG, EVENT_ID -> "Int64";
            case DOUBLE -> "Float64";
            case TEXT, BYTES, JSON -> "String";
            case INSTANT -> "DateTime64(6, 'UTC')";
            case BIG_INTEGER -> unsigned ? "UInt256" : "Int256";
            case ADDRESS -> "FixedString(20)";
            case BYTES32 -> "FixedString(32)";
          };
      case ColumnType.Decimal(int scale) ->
          "Decimal(%d, %d)".formatted(ColumnType.DECIMAL_PRECISION, scale);
      case ColumnType.Enumerated _ -> "LowCardinality(String)";
      case ColumnType.ListOf(ColumnType element) -> "Array(" + name(element, unsigned) + ")";
    };
  }

  /** True if ClickHouse compresses the column well by the differences of neighbours. */
  public static boolean isCounting(EntityColumn column) {
    return !column.isNullable()
        && (column.type() == ColumnType.Scalar.LONG
            || column.type() == ColumnType.Scalar.EVENT_ID
            || column.type() == ColumnType.Scalar.INSTANT);
  }

  /** Writes the {@link EntityColumn#bits} of a primitive component. */
  public static void writeBits(ColumnType type, long bits, RowBinaryBuffer out) {
    if (type == ColumnType.Scalar.BOOLEAN) {
      out.putByte((int) bits);
    } else if (type == ColumnType.Scalar.INT) {
      out.putInt((int) bits);
    } else {
      out.putLong(bits);
    }
  }

  public static void write(ColumnType type, Object value, RowBinaryBuffer out) {
    switch (type) {
      case ColumnType.Scalar scalar -> writeScalar(scalar, value, out);
      case ColumnType.Decimal _ -> out.putWide(((BigDecimal) value).unscaledValue());
      case ColumnType.Enumerated _ -> out.putText(((Enum<?>) value).name());
      case ColumnType.ListOf(ColumnType element) -> {
        List<?> items = (List<?>) value;
        out.putSize(items.size());
        for (Object item : items) {
          write(element, item, out);
        }
      }
    }
  }

  private static void writeScalar(ColumnType.Scalar type, Object value, RowBinaryBuffer out) {
    switch (type) {
      case BOOLEAN -> out.putByte((boolean) value ? 1 : 0);
      case INT -> out.putInt((int) value);
      case LONG -> out.putLong((long) value);
      case DOUBLE -> out.putLong(Double.doubleToLongBits((double) value));
      case TEXT -> out.putText((String) value);
      case INSTANT -> out.putLong(micros((Instant) value));
      case BIG_INTEGER -> out.putWide((BigInteger) value);
      case ADDRESS -> out.putAddress((Address) value);
      case BYTES32 -> out.putWord((Bytes32) value);
      case BYTES -> out.putBytes((Bytes) value);
      case EVENT_ID -> out.putLong(((EventId) value).value());
      case JSON -> out.putText(((Json) value).text());
    }
  }

  public static long micros(Instant time) {
    return Math.addExact(Math.multiplyExact(time.getEpochSecond(), MICROS), time.getNano() / 1000);
  }

  public static Instant instant(long micros) {
    return Instant.ofEpochSecond(
        Math.floorDiv(micros, MICROS), Math.floorMod(micros, MICROS) * 1000L);
  }

  /** Writes the placeholder for the other columns of a deleted row. */
  public static void writeNothing(ColumnType type, RowBinaryBuffer out) {
    int zeros =
        switch (type) {
          case ColumnType.Scalar scalar ->
              switch (scalar) {
                case BOOLEAN, TEXT, BYTES, JSON -> 1;
                case INT -> 4;
                case LONG, DOUBLE, INSTANT, EVENT_ID -> 8;
                case BIG_INTEGER -> RowBinaryBuffer.WIDE;
                case ADDRESS -> Address.LENGTH;
                case BYTES32 -> Bytes32.LENGTH;
              };
          case ColumnType.Decimal _ -> RowBinaryBuffer.WIDE;
          case ColumnType.Enumerated _, ColumnType.ListOf _ -> 1;
        };
    for (int i = 0; i < zeros; i++) {
      out.putByte(0);
    }
  }

  /** True if a column can hold values that ClickHouse cannot. */
  public static boolean mayNotFit(EntityColumn column) {
    return !column.isUnsigned() && isInteger(column.type());
  }

  private static boolean isInteger(ColumnType type) {
    return type == ColumnType.Scalar.BIG_INTEGER
        || (type instanceof ColumnType.ListOf(ColumnType element) && isInteger(element));
  }

  /** True if a value of a narrow column fits. */
  public static boolean fits(Object value) {
    return switch (value) {
      case BigInteger number -> number.bitLength() <= MAX_BITS;
      case List<?> items -> items.stream().allMatch(ClickHouseTypes::fits);
      default -> true;
    };
  }
}
