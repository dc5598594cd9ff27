package dev.millrace.loaders;

import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Limits the length of an id, all its parts together. PostgreSQL accepts no more than 2,704 bytes
 * in an entry of its primary key, and reports it only when the row is committed.
 */
final class IndexKeyLimit {
  static final int MAX_BYTES = 2_000;

  private static final int MAX_BYTES_PER_CHAR = 3;

  private IndexKeyLimit() {}

  static boolean isOpen(ColumnType type) {
    return type == ColumnType.Scalar.TEXT || type == ColumnType.Scalar.BYTES;
  }

  /** An upper bound of a value's length in bytes; exact where it matters. */
  static int of(@Nullable Object value) {
    return switch (value) {
      case String text ->
          text.length() * MAX_BYTES_PER_CHAR <= MAX_BYTES / 8
              ? text.length() * MAX_BYTES_PER_CHAR
              : text.getBytes(StandardCharsets.UTF_8).length;
      case Bytes bytes -> bytes.length();
      case null, default -> 0;
    };
  }
}
