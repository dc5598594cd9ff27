package dev.millrace.loaders;

import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Limits the length of an id, all its parts together. PostgreSQL accepts no more than 2,704 bytes
 * in an entry of its primary key, and reports it only when the row is committed.
 */
final class IndexKeyLimit {
  static final int MAX_BYTES = 2_000;

  private static final int MAX_ENTRY_BYTES = 2_704;

  /** The header of an index entry, the chain, and their padding. */
  private static final int ENTRY_OVERHEAD = 48;

  /** A number of 78 digits, the longest value of fixed length, with its header and padding. */
  private static final int MAX_FIXED_BYTES = 48;

  private static final int MAX_BYTES_PER_CHAR = 3;

  private IndexKeyLimit() {}

  static boolean isOpen(ColumnType type) {
    return type == ColumnType.Scalar.TEXT || type == ColumnType.Scalar.BYTES;
  }

  /** Limits the parts of open length beside parts of fixed length. */
  static int most(int fixedParts) {
    return Math.min(MAX_BYTES, MAX_ENTRY_BYTES - ENTRY_OVERHEAD - fixedParts * MAX_FIXED_BYTES);
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
