package dev.millrace.verify;

import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes;
import dev.millrace.loaders.Bytes32;
import dev.millrace.loaders.ColumnType;
import dev.millrace.loaders.EntityColumn;
import dev.millrace.loaders.EventId;
import dev.millrace.loaders.Json;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.DigestException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A 128-bit digest of a row, the same from either store: half of the SHA-256 of its values, each
 * with its length, so that no two rows are written alike. Confined to one thread.
 */
final class RowDigest {
  private static final int NOTHING = -1;

  private final List<EntityColumn> columns;
  private final MessageDigest sha;
  private final byte[] hash = new byte[32];
  private final ByteBuffer number = ByteBuffer.allocate(Long.BYTES);

  private long high;
  private long low;

  RowDigest(List<EntityColumn> columns) {
    this.columns = columns;
    try {
      this.sha = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException("every JDK has SHA-256", impossible);
    }
  }

  /** Digests a row; {@link #high} and {@link #low} then return the result. */
  void take(Object row) {
    for (EntityColumn column : columns) {
      put(column.type(), column.value(row));
    }
    try {
      sha.digest(hash, 0, hash.length);
    } catch (DigestException impossible) {
      throw new IllegalStateException("SHA-256 has 32 bytes", impossible);
    }
    ByteBuffer halves = ByteBuffer.wrap(hash);
    high = halves.getLong(0);
    low = halves.getLong(8);
  }

  long high() {
    return high;
  }

  long low() {
    return low;
  }

  private void put(ColumnType type, @Nullable Object value) {
    if (value == null) {
      putInt(NOTHING);
      return;
    }
    switch (type) {
      case ColumnType.Scalar scalar -> put(scalar, value);
      case ColumnType.Decimal _ -> put(((BigDecimal) value).unscaledValue().toByteArray());
      case ColumnType.Enumerated _ -> put(((Enum<?>) value).name());
      case ColumnType.ListOf list -> {
        List<?> items = (List<?>) value;
        putInt(items.size());
        items.forEach(item -> put(list.element(), item));
      }
    }
  }

  private void put(ColumnType.Scalar type, Object value) {
    switch (type) {
      case BOOLEAN -> putInt((boolean) value ? 1 : 0);
      case INT -> putInt((int) value);
      case LONG -> putLong((long) value);
      case DOUBLE -> putLong(Double.doubleToLongBits((double) value));
      case TEXT -> put((String) value);
      case INSTANT -> {
        Instant instant = (Instant) value;
        putLong(instant.getEpochSecond());
        putInt(instant.getNano());
      }
      case BIG_INTEGER -> put(((BigInteger) value).toByteArray());
      case ADDRESS -> put(((Address) value).bytes());
      case BYTES32 -> put(((Bytes32) value).bytes());
      case BYTES -> put(((Bytes) value).bytes());
      case EVENT_ID -> putLong(((EventId) value).value());
      case JSON -> put(((Json) value).text());
    }
  }

  private void put(String text) {
    put(text.getBytes(StandardCharsets.UTF_8));
  }

  private void put(byte[] value) {
    putInt(value.length);
    sha.update(value);
  }

  private void putInt(int value) {
    sha.update(number.putInt(0, value).array(), 0, Integer.BYTES);
  }

  private void putLong(long value) {
    sha.update(number.putLong(0, value).array(), 0, Long.BYTES);
  }
}
