package dev.millrace.postgres;

import dev.millrace.loaders.Bytes;
import dev.millrace.loaders.ColumnType;
import dev.millrace.loaders.EntityColumn;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.Json;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.postgres.client.ArrayParameter;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Replaces rows. Few rows are sent as one array per column, in one statement; many by COPY through
 * a temporary table, which costs more to begin and less per row. Decision 0003 has the numbers.
 */
final class RowReplacer<E> {
  private static final int MAX_IN_ARRAYS = 5_000;
  private static final long MAX_LENGTH_IN_ARRAYS = 16 << 20;

  private static final List<ColumnType> UNBOUNDED =
      List.of(ColumnType.Scalar.TEXT, ColumnType.Scalar.BYTES, ColumnType.Scalar.JSON);

  private final EntityTable<E> table;
  private final long chain;
  private final boolean hasLists;
  private final List<EntityColumn> unbounded;
  private final CopyRows<E> copy;

  RowReplacer(EntityTable<E> table, long chain, CopyRows<E> copy) {
    this.table = table;
    this.chain = chain;
    this.copy = copy;
    // unnest would flatten an array of arrays.
    this.hasLists =
        table.type().columns().stream().anyMatch(c -> c.type() instanceof ColumnType.ListOf);
    this.unbounded =
        table.type().columns().stream()
            .filter(column -> UNBOUNDED.contains(column.type()))
            .toList();
  }

  /** Sends rows of one entity by COPY. */
  @FunctionalInterface
  interface CopyRows<E> {
    void send(CommitSession session, String sql, List<E> rows) throws SQLException;
  }

  /** True if rows need the temporary table, which is created before the transaction. */
  boolean stages(List<E> rows) {
    return !rows.isEmpty() && (hasLists || rows.size() > MAX_IN_ARRAYS || areLarge(rows));
  }

  /** A parameter is built in memory as a whole, and the protocol limits it to a gigabyte. */
  private boolean areLarge(List<E> rows) {
    long length = 0;
    for (EntityColumn column : unbounded) {
      for (E row : rows) {
        length += length(column.value(row));
      }
    }
    return length > MAX_LENGTH_IN_ARRAYS;
  }

  private static long length(@Nullable Object value) {
    return switch (value) {
      case String text -> text.length();
      case Bytes bytes -> bytes.length();
      case Json json -> json.text().length();
      case null, default -> 0;
    };
  }

  /** Updates rows that must exist. */
  void update(CommitSession session, List<E> rows) throws SQLException {
    if (rows.isEmpty()) {
      return;
    }
    int updated =
        stages(rows)
            ? staged(session, rows, table.update(source(session), chain))
            : inArrays(session, rows, table.update(table.arrays(), chain));
    if (updated != rows.size()) {
      throw new MillraceException(
          Remedy.FIX_SETUP,
          "rows that Millrace wrote are gone, so somebody else writes: table=%s expected=%d found=%d"
              .formatted(table, rows.size(), updated));
    }
  }

  /** Inserts or replaces rows. */
  void upsert(CommitSession session, List<E> rows) throws SQLException {
    if (rows.isEmpty()) {
      return;
    }
    if (stages(rows)) {
      staged(session, rows, table.upsert(source(session), chain));
    } else {
      inArrays(session, rows, table.upsert(table.arrays(), chain));
    }
  }

  private String source(CommitSession session) {
    return session.staging(table) + " AS s";
  }

  private int staged(CommitSession session, List<E> rows, String sql) throws SQLException {
    String staging = session.staging(table);
    copy.send(session, table.copyStaging(staging), rows);
    int count;
    try (PreparedStatement statement = session.connection().prepareStatement(sql)) {
      count = statement.executeUpdate();
    }
    return count;
  }

  private int inArrays(CommitSession session, List<E> rows, String sql) throws SQLException {
    EntityType<E> type = table.type();
    try (PreparedStatement statement = session.connection().prepareStatement(sql)) {
      for (EntityColumn column : type.columns()) {
        statement.setObject(
            column.position() + 1, ArrayParameter.of(column.type(), rows, column::value));
      }
      return statement.executeUpdate();
    }
  }
}
