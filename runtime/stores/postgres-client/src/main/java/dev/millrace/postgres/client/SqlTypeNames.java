package dev.millrace.postgres.client;

import dev.millrace.loaders.ColumnType;

/** The names of column types in SQL, in definitions and on the wire. */
public final class SqlTypeNames {
  private SqlTypeNames() {}

  /** The type of a column, with the collation that makes the server's order equal to ours. */
  public static String declaration(ColumnType type) {
    return switch (type) {
      case ColumnType.ListOf list -> name(list.element()) + "[]" + collation(list.element());
      case ColumnType.Scalar _, ColumnType.Decimal _, ColumnType.Enumerated _ ->
          name(type) + collation(type);
    };
  }

  static String name(ColumnType type) {
    return switch (type) {
      case ColumnType.Scalar scalar ->
          switch (scalar) {
            case BOOLEAN -> "boolean";
            case INT -> "integer";
            case LONG, EVENT_ID -> "bigint";
            case DOUBLE -> "double precision";
            case TEXT -> "text";
            case INSTANT -> "timestamptz";
            case BIG_INTEGER -> "numeric";
            case ADDRESS, BYTES32, BYTES -> "bytea";
            case JSON -> "jsonb";
          };
      case ColumnType.Decimal decimal ->
          "numeric(%d,%d)".formatted(ColumnType.DECIMAL_PRECISION, decimal.scale());
      case ColumnType.Enumerated _ -> "text";
      case ColumnType.ListOf list -> name(list.element()) + "[]";
    };
  }

  /** The type without modifiers, which a parameter must not carry. */
  public static String parameter(ColumnType type) {
    return type instanceof ColumnType.Decimal ? "numeric" : name(type);
  }

  static boolean isText(ColumnType type) {
    return type == ColumnType.Scalar.TEXT || type instanceof ColumnType.Enumerated;
  }

  private static String collation(ColumnType type) {
    return isText(type) ? " COLLATE \"C\"" : "";
  }

  /** PostgreSQL's OID of the type; these never change. */
  static int oid(ColumnType type) {
    return switch (type) {
      case ColumnType.Scalar scalar ->
          switch (scalar) {
            case BOOLEAN -> 16;
            case INT -> 23;
            case LONG, EVENT_ID -> 20;
            case DOUBLE -> 701;
            case TEXT -> 25;
            case INSTANT -> 1184;
            case BIG_INTEGER -> 1700;
            case ADDRESS, BYTES32, BYTES -> 17;
            case JSON -> 3802;
          };
      case ColumnType.Decimal _ -> 1700;
      case ColumnType.Enumerated _ -> 25;
      case ColumnType.ListOf _ -> throw new IllegalArgumentException("list has no element type");
    };
  }

  /** Describes the type in the words of the record, for people. */
  public static String describe(ColumnType type) {
    return switch (type) {
      case ColumnType.Scalar scalar -> scalar.boxed().getSimpleName();
      case ColumnType.Decimal decimal -> "BigDecimal(%d)".formatted(decimal.scale());
      case ColumnType.Enumerated constants -> EnumConstants.of(constants).describe();
      case ColumnType.ListOf list -> "List<%s>".formatted(describe(list.element()));
    };
  }
}
