package dev.millrace.postgres;

import dev.millrace.loaders.Bytes;
import dev.millrace.loaders.ColumnType;
import dev.millrace.loaders.EntityColumn;
import dev.millrace.postgres.client.SqlIdentifiers;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The expression that an index has for a column. PostgreSQL accepts at most 2,704 bytes per index
 * entry and refuses a row with a longer one, and any user of a chain can write text into it. So an
 * index contains only the beginning of text and bytes, and every condition on such a column is
 * accompanied by the same condition on the beginning, which follows from it: equal values have
 * equal beginnings, and in the order of the collation "C" a beginning is never above that of a
 * greater value.
 */
final class IndexKeyExpression {
  /** Length of a beginning in characters, of four bytes at most, or in bytes. */
  static final int LENGTH = 200;

  private static final int MAX_ENTRY = 2_600;
  private static final int BYTES_PER_CHARACTER = 4;

  /** Maximum size of an id that may be saved. */
  private static final int MAX_ID = 2_000;

  /** The chain and the header of an entry. */
  private static final int FIXED = 40;

  private IndexKeyExpression() {}

  /** Returns the expressions of an index over these columns: as many as are sure to fit. */
  static List<String> of(List<EntityColumn> columns) {
    List<String> expressions = new ArrayList<>();
    int room = MAX_ENTRY - FIXED;
    for (EntityColumn column : columns) {
      room -= size(column);
      if (room < 0) {
        break;
      }
      String name = SqlIdentifiers.quoted(column.sql());
      expressions.add(beginning(column, name).orElse(name));
    }
    return expressions;
  }

  private static int size(EntityColumn column) {
    ColumnType type = column.type();
    if (column.isId() && (type == ColumnType.Scalar.TEXT || type == ColumnType.Scalar.BYTES)) {
      return MAX_ID;
    }
    if (type instanceof ColumnType.Scalar scalar) {
      return switch (scalar) {
        case TEXT -> LENGTH * BYTES_PER_CHARACTER + 4;
        case BYTES -> LENGTH + 4;
        case BOOLEAN, INT, LONG, DOUBLE, INSTANT, EVENT_ID -> 8;
        case ADDRESS -> 24;
        case BYTES32 -> 40;
        case BIG_INTEGER -> 64;
        case JSON -> MAX_ENTRY;
      };
    }
    return type instanceof ColumnType.ListOf ? MAX_ENTRY : 64;
  }

  /**
   * The beginning of a column, in SQL; empty for a type whose values always fit. The parts of an id
   * are limited when saved, and their primary key has them whole.
   */
  static Optional<String> beginning(EntityColumn column, String name) {
    if (column.isId()) {
      return Optional.empty();
    }
    if (column.type() == ColumnType.Scalar.TEXT) {
      return Optional.of("left(%s, %d)".formatted(name, LENGTH));
    }
    return column.type() == ColumnType.Scalar.BYTES
        ? Optional.of("substr(%s, 1, %d)".formatted(name, LENGTH))
        : Optional.empty();
  }

  /** The beginning of a value of such a column. */
  static Object beginning(Object value) {
    return switch (value) {
      case String text when text.codePointCount(0, text.length()) > LENGTH ->
          text.substring(0, text.offsetByCodePoints(0, LENGTH));
      case Bytes bytes when bytes.length() > LENGTH -> Bytes.of(bytes.bytes(), 0, LENGTH);
      default -> value;
    };
  }
}
