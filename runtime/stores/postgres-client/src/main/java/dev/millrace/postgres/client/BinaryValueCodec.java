package dev.millrace.postgres.client;

import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes;
import dev.millrace.loaders.Bytes32;
import dev.millrace.loaders.ColumnType;
import dev.millrace.loaders.EventId;
import dev.millrace.loaders.Json;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Encodes and decodes values of every column type in PostgreSQL's binary form. */
final class BinaryValueCodec {
  private static final int NULL = -1;
  private static final int JSONB_VERSION = 1;
  private static final long MICROS = 1_000_000L;

  /** PostgreSQL counts time from the year 2000. */
  private static final long EPOCH_SECONDS = Instant.parse("2000-01-01T00:00:00Z").getEpochSecond();

  private final BinaryNumericCodec numeric = new BinaryNumericCodec();

  /** Appends a field: its length, then its bytes. */
  void put(NetworkOrderBuffer out, ColumnType type, @Nullable Object value) {
    if (value == null) {
      out.putInt(NULL);
      return;
    }
    switch (type) {
      case ColumnType.Scalar scalar -> putScalar(out, scalar, value);
      case ColumnType.Decimal decimal ->
          numeric.put(out, ((BigDecimal) value).unscaledValue(), decimal.scale());
      case ColumnType.Enumerated _ -> putText(out, ((Enum<?>) value).name());
      case ColumnType.ListOf list -> putList(out, list.element(), (List<?>) value);
    }
  }

  private void putScalar(NetworkOrderBuffer out, ColumnType.Scalar type, Object value) {
    switch (type) {
      case BOOLEAN -> {
        out.putInt(1);
        out.putByte((boolean) value ? 1 : 0);
      }
      case INT -> out.putIntField((int) value);
      case LONG -> out.putLongField((long) value);
      case EVENT_ID -> out.putLongField(((EventId) value).value());
      case DOUBLE -> out.putLongField(Double.doubleToLongBits((double) value));
      case TEXT -> putText(out, (String) value);
      case INSTANT -> out.putLongField(micros((Instant) value));
      case BIG_INTEGER -> numeric.put(out, (BigInteger) value);
      case ADDRESS -> {
        out.putInt(Address.LENGTH);
        int at = out.reserve(Address.LENGTH);
        ((Address) value).write(out.bytes(), at);
      }
      case BYTES32 -> {
        out.putInt(Bytes32.LENGTH);
        int at = out.reserve(Bytes32.LENGTH);
        ((Bytes32) value).write(out.bytes(), at);
      }
      case BYTES -> {
        Bytes bytes = (Bytes) value;
        out.putInt(bytes.length());
        int at = out.reserve(bytes.length());
        bytes.write(out.bytes(), at);
      }
      case JSON -> {
        int began = out.beginField();
        out.putByte(JSONB_VERSION);
        out.putText(((Json) value).text());
        out.endField(began);
      }
    }
  }

  private static void putText(NetworkOrderBuffer out, String text) {
    int began = out.beginField();
    out.putText(text);
    out.endField(began);
  }

  /** Writes an array: dimensions, no nulls, the element type, and per dimension size and start. */
  private void putList(NetworkOrderBuffer out, ColumnType element, List<?> values) {
    int began = out.beginField();
    out.putInt(values.isEmpty() ? 0 : 1);
    out.putInt(0);
    out.putInt(SqlTypeNames.oid(element));
    if (!values.isEmpty()) {
      out.putInt(values.size());
      out.putInt(1);
      for (Object value : values) {
        put(out, element, value);
      }
    }
    out.endField(began);
  }

  static long micros(Instant value) {
    return (value.getEpochSecond() - EPOCH_SECONDS) * MICROS + value.getNano() / 1_000;
  }

  static Instant instant(long micros) {
    return Instant.ofEpochSecond(
        EPOCH_SECONDS + Math.floorDiv(micros, MICROS), Math.floorMod(micros, MICROS) * 1_000);
  }

  /** Reads a field, given the length that precedes it. */
  static Object read(ColumnType type, byte[] bytes, int at, int length) {
    return switch (type) {
      case ColumnType.Scalar scalar ->
          switch (scalar) {
            case BOOLEAN -> bytes[at] != 0;
            case INT -> NetworkOrderBuffer.intAt(bytes, at);
            case LONG -> NetworkOrderBuffer.longAt(bytes, at);
            case EVENT_ID -> new EventId(NetworkOrderBuffer.longAt(bytes, at));
            case DOUBLE -> Double.longBitsToDouble(NetworkOrderBuffer.longAt(bytes, at));
            case TEXT -> text(bytes, at, length);
            case INSTANT -> instant(NetworkOrderBuffer.longAt(bytes, at));
            case BIG_INTEGER -> BinaryNumericCodec.unscaled(bytes, at, 0);
            case ADDRESS -> Address.of(bytes, at);
            case BYTES32 -> Bytes32.of(bytes, at);
            case BYTES -> Bytes.of(bytes, at, at + length);
            case JSON -> Json.of(text(bytes, at + 1, length - 1));
          };
      case ColumnType.Decimal decimal -> BinaryNumericCodec.decimal(bytes, at, decimal.scale());
      case ColumnType.Enumerated constants -> constants.constant(text(bytes, at, length));
      case ColumnType.ListOf list -> readList(list.element(), bytes, at);
    };
  }

  private static List<Object> readList(ColumnType element, byte[] bytes, int at) {
    int dimensions = NetworkOrderBuffer.intAt(bytes, at);
    int count = dimensions == 0 ? 0 : NetworkOrderBuffer.intAt(bytes, at + 12);
    List<Object> values = new ArrayList<>(count);
    int next = at + 20;
    for (int i = 0; i < count; i++) {
      int length = NetworkOrderBuffer.intAt(bytes, next);
      values.add(read(element, bytes, next + 4, length));
      next += 4 + length;
    }
    return List.copyOf(values);
  }

  private static String text(byte[] bytes, int at, int length) {
    return new String(bytes, at, length, StandardCharsets.UTF_8);
  }
}
