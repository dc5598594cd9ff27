package dev.millrace.loaders;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;

/**
 * The type of a column, with one definition of equality and order for memory and both stores.
 *
 * <p>Every value is brought into canonical form before it is staged, so that the result of a read
 * does not depend on whether the row has been to the database and back. In canonical form {@code
 * equals} is the store's equality.
 */
public sealed interface ColumnType {
  enum Scalar implements ColumnType {
    BOOLEAN(Boolean.class),
    INT(Integer.class),
    LONG(Long.class),
    DOUBLE(Double.class),
    TEXT(String.class),
    INSTANT(Instant.class),
    BIG_INTEGER(BigInteger.class),
    ADDRESS(Address.class),
    BYTES32(Bytes32.class),
    BYTES(Bytes.class),
    EVENT_ID(EventId.class),
    JSON(Json.class);

    private final Class<?> boxed;

    Scalar(Class<?> boxed) {
      this.boxed = boxed;
    }

    @Override
    public Class<?> boxed() {
      return boxed;
    }
  }

  /** A decimal that keeps {@code scale} places; a value with more is refused, not rounded. */
  record Decimal(int scale) implements ColumnType {
    @Override
    public Class<?> boxed() {
      return BigDecimal.class;
    }
  }

  /** An enum, stored and ordered by the name of its constant. */
  record Enumerated(Class<? extends Enum<?>> type) implements ColumnType {
    @Override
    public Class<?> boxed() {
      return type;
    }

    public Object constant(String name) {
      for (Enum<?> constant : type.getEnumConstants()) {
        if (constant.name().equals(name)) {
          return constant;
        }
      }
      throw new IllegalArgumentException(
          "enum has no such constant: enum=%s constant=%s".formatted(type.getSimpleName(), name));
    }
  }

  record ListOf(ColumnType element) implements ColumnType {
    @Override
    public Class<?> boxed() {
      return List.class;
    }
  }

  /** The bounds of 256-bit integers, signed or not. */
  BigInteger MIN_INTEGER = BigInteger.TWO.pow(255).negate();

  BigInteger MAX_INTEGER = BigInteger.TWO.pow(256).subtract(BigInteger.ONE);

  /**
   * PostgreSQL's own range of years is wider; these bounds also hold in ClickHouse's neighbours.
   */
  Instant MIN_INSTANT = Instant.parse("0001-01-01T00:00:00Z");

  Instant MAX_INSTANT = Instant.parse("9999-12-31T23:59:59.999999Z");

  /** Maximum number of digits of a decimal, places included. */
  int DECIMAL_PRECISION = 76;

  Class<?> boxed();

  /** True if conditions and orders may name a column of this type. */
  default boolean isComparable() {
    return this != Scalar.JSON && !(this instanceof ListOf);
  }

  /**
   * Brings a value into the form in which it is staged, compared and stored.
   *
   * @throws IllegalArgumentException if no store could hold it
   */
  default Object canonical(Object value) {
    return switch (this) {
      case Scalar scalar ->
          switch (scalar) {
            case BOOLEAN, INT, LONG, ADDRESS, BYTES32, BYTES, EVENT_ID, JSON -> value;
            case DOUBLE ->
                (double) value == 0.0 ? (Object) 0.0 : value; // −0.0 equals 0.0 in PostgreSQL
            case TEXT -> Utf8TextOrder.canonical((String) value);
            case INSTANT -> instant((Instant) value);
            case BIG_INTEGER -> integer((BigInteger) value);
          };
      case Decimal decimal -> decimal((BigDecimal) value, decimal.scale());
      case Enumerated _ -> value;
      case ListOf list -> list((List<?>) value, list.element());
    };
  }

  /** Orders two canonical values as the stores do. */
  default int compare(Object left, Object right) {
    return switch (this) {
      case Scalar scalar ->
          switch (scalar) {
            case BOOLEAN -> ((Boolean) left).compareTo((Boolean) right);
            case INT -> ((Integer) left).compareTo((Integer) right);
            case LONG -> ((Long) left).compareTo((Long) right);
            case DOUBLE -> ((Double) left).compareTo((Double) right);
            case TEXT -> Utf8TextOrder.compare((String) left, (String) right);
            case INSTANT -> ((Instant) left).compareTo((Instant) right);
            case BIG_INTEGER -> ((BigInteger) left).compareTo((BigInteger) right);
            case ADDRESS -> ((Address) left).compareTo((Address) right);
            case BYTES32 -> ((Bytes32) left).compareTo((Bytes32) right);
            case BYTES -> ((Bytes) left).compareTo((Bytes) right);
            case EVENT_ID -> ((EventId) left).compareTo((EventId) right);
            case JSON -> throw new IllegalArgumentException("json has no order");
          };
      case Decimal _ -> ((BigDecimal) left).compareTo((BigDecimal) right);
      case Enumerated _ -> Utf8TextOrder.compare(((Enum<?>) left).name(), ((Enum<?>) right).name());
      case ListOf _ -> throw new IllegalArgumentException("a list has no order");
    };
  }

  /** Heap that a value of this type takes beside its reference, in bytes. */
  default int bytes(Object value) {
    return switch (this) {
      case Scalar scalar ->
          switch (scalar) {
            case BOOLEAN, INT, LONG, DOUBLE -> 0;
            case TEXT -> textBytes((String) value);
            case INSTANT, EVENT_ID -> 24;
            case BIG_INTEGER -> integerBytes((BigInteger) value);
            case ADDRESS -> 32;
            case BYTES32 -> 48;
            case BYTES -> 32 + aligned(((Bytes) value).length());
            case JSON -> 16 + textBytes(((Json) value).text());
          };
      case Decimal _ -> 40 + integerBytes(((BigDecimal) value).unscaledValue());
      case Enumerated _ -> 0;
      case ListOf list -> {
        int total = 48;
        for (Object item : (List<?>) value) {
          total += 4 + Math.max(16, list.element().bytes(item));
        }
        yield total;
      }
    };
  }

  /** A string and its bytes; empty strings are mostly one shared literal. */
  private static int textBytes(String text) {
    if (text.isEmpty()) {
      return 0;
    }
    for (int i = 0; i < text.length(); i++) {
      if (text.charAt(i) > 0xFF) {
        return 40 + aligned(2 * text.length());
      }
    }
    return 40 + aligned(text.length());
  }

  private static int integerBytes(BigInteger value) {
    return 40 + 16 + aligned(value.bitLength() / 8);
  }

  private static int aligned(int length) {
    return (length + 7) & ~7;
  }

  private static Instant instant(Instant value) {
    Instant micros = value.truncatedTo(ChronoUnit.MICROS);
    if (micros.isBefore(MIN_INSTANT) || micros.isAfter(MAX_INSTANT)) {
      throw new IllegalArgumentException("instant must lie in the years 1 to 9999: value=" + value);
    }
    return micros;
  }

  private static BigInteger integer(BigInteger value) {
    if (value.bitLength() >= 255
        && (value.compareTo(MIN_INTEGER) < 0 || value.compareTo(MAX_INTEGER) > 0)) {
      throw new IllegalArgumentException(
          "integer must lie between -2^255 and 2^256-1: bits=" + value.bitLength());
    }
    return value;
  }

  private static BigDecimal decimal(BigDecimal value, int scale) {
    BigDecimal scaled;
    try {
      scaled = ColumnTextCodec.bounded(value).setScale(scale, RoundingMode.UNNECESSARY);
    } catch (ArithmeticException _) {
      throw new IllegalArgumentException(
          "decimal has more places than its column keeps: places=%d kept=%d"
              .formatted(value.stripTrailingZeros().scale(), scale));
    }
    if (scaled.precision() > DECIMAL_PRECISION) {
      throw new IllegalArgumentException(
          "decimal has more than %d digits: digits=%d"
              .formatted(DECIMAL_PRECISION, scaled.precision()));
    }
    return scaled;
  }

  private static List<Object> list(List<?> value, ColumnType element) {
    List<Object> items = new ArrayList<>(value.size());
    for (Object item : value) {
      if (item == null) {
        throw new IllegalArgumentException("list must not hold null: at=" + items.size());
      }
      if (!element.boxed().isInstance(item)) {
        throw new IllegalArgumentException(
            "list holds a value of another type: expected=%s found=%s"
                .formatted(element.boxed().getSimpleName(), item.getClass().getSimpleName()));
      }
      items.add(element.canonical(item));
    }
    return List.copyOf(items);
  }
}
