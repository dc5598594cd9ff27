package dev.millrace.postgres;

import dev.millrace.loaders.EntityColumn;
import dev.millrace.loaders.EntityType;
import dev.millrace.postgres.client.ArrayParameter;
import dev.millrace.postgres.client.SqlIdentifiers;
import dev.millrace.postgres.client.SqlTypeNames;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;

/** The table of an entity in one schema: its names and its statements. */
final class EntityTable<E> {
  /** Leaves room for new versions of a row on its page, so that an update touches no index. */
  private static final String MUTABLE = " WITH (fillfactor = 80)";

  private final EntityType<E> type;
  private final String schema;
  private final String name;
  private final String undo;

  EntityTable(String schema, EntityType<E> type) {
    this.type = type;
    this.schema = schema;
    this.name = qualified(type.table());
    this.undo = qualified(undoName(type));
  }

  EntityType<E> type() {
    return type;
  }

  /** The quoted name, with its schema. */
  String name() {
    return name;
  }

  String undo() {
    return undo;
  }

  static String undoName(EntityType<?> type) {
    return SqlIdentifiers.fitted("millrace_undo_" + type.table());
  }

  private String qualified(String table) {
    return SqlIdentifiers.quoted(schema) + "." + SqlIdentifiers.quoted(table);
  }

  String create() {
    return "CREATE TABLE %s (chain bigint NOT NULL, %s, PRIMARY KEY (chain, %s))%s"
        .formatted(
            name,
            columns(column -> declaration(column) + (column.isNullable() ? "" : " NOT NULL")),
            ids(""),
            type.isImmutable() ? "" : MUTABLE);
  }

  /** Creates the undo log: the previous row per id and checkpoint inside the reversible window. */
  String createUndo() {
    return """
    CREATE TABLE %s (
      chain bigint NOT NULL,
      millrace_checkpoint bigint NOT NULL,
      millrace_existed boolean NOT NULL,
      %s,
      PRIMARY KEY (chain, millrace_checkpoint, %s))
    """
        .formatted(undo, columns(EntityTable::declaration), ids(""));
  }

  static String declaration(EntityColumn column) {
    return SqlIdentifiers.quoted(column.sql()) + " " + SqlTypeNames.declaration(column.type());
  }

  String copy() {
    return copyInto(name, "chain");
  }

  String copyUndo() {
    return copyInto(undo, "chain, millrace_checkpoint, millrace_existed");
  }

  /** Creates a temporary table for rows that replace others. */
  String createStaging(String staging) {
    return "CREATE TEMPORARY TABLE %s (LIKE %s) ON COMMIT DELETE ROWS".formatted(staging, name);
  }

  String copyStaging(String staging) {
    return copyInto(staging, "chain");
  }

  private String copyInto(String target, String first) {
    return "COPY %s (%s, %s) FROM STDIN (FORMAT binary)"
        .formatted(target, first, columns(column -> SqlIdentifiers.quoted(column.sql())));
  }

  /** Replaces existing rows; the update count shows whether all of them existed. */
  String update(String source, long chain) {
    return "UPDATE %s AS t SET %s FROM %s WHERE t.chain = %d AND %s"
        .formatted(
            name,
            values(column -> "%1$s = s.%1$s".formatted(SqlIdentifiers.quoted(column.sql()))),
            source,
            chain,
            sameId("s"));
  }

  /** Inserts or replaces rows. */
  String upsert(String source, long chain) {
    String set =
        hasValues()
            ? "UPDATE SET "
                + values(
                    column -> "%1$s = EXCLUDED.%1$s".formatted(SqlIdentifiers.quoted(column.sql())))
            : "NOTHING";
    return "INSERT INTO %s (chain, %s) SELECT %d, %s FROM %s ON CONFLICT (chain, %s) DO %s"
        .formatted(
            name,
            columns(column -> SqlIdentifiers.quoted(column.sql())),
            chain,
            columns(column -> "s." + SqlIdentifiers.quoted(column.sql())),
            source,
            ids(""),
            set);
  }

  /** Passes rows as one array per column. */
  String arrays() {
    return "unnest(%s) AS s (%s)"
        .formatted(
            columns(column -> "?::" + SqlTypeNames.parameter(column.type()) + "[]"),
            columns(column -> SqlIdentifiers.quoted(column.sql())));
  }

  /** Deletes by arrays of id columns. */
  String delete(long chain) {
    return "DELETE FROM %s AS t USING %s WHERE t.chain = %d AND %s"
        .formatted(name, idArrays("k", List.of()), chain, sameId("k"));
  }

  /** Saves the rows that blind changes will replace; parameters: checkpoints, then id columns. */
  String rememberBlind(long chain) {
    String kept =
        columns(column -> (column.isId() ? "k." : "t.") + SqlIdentifiers.quoted(column.sql()));
    return """
    INSERT INTO %s (chain, millrace_checkpoint, millrace_existed, %s)
    SELECT %d, k.millrace_checkpoint, t.chain IS NOT NULL, %s
      FROM %s LEFT JOIN %s AS t ON t.chain = %d AND %s
    """
        .formatted(
            undo,
            columns(column -> SqlIdentifiers.quoted(column.sql())),
            chain,
            kept,
            idArrays("k", List.of("millrace_checkpoint")),
            name,
            chain,
            sameId("k"));
  }

  /**
   * Restores each id to its state before its first change above a checkpoint, and deletes those
   * changes from the undo log. Takes the checkpoint twice. All parts see the tables as they were at
   * the start, and no two of them touch the same row.
   */
  String restore(long chain) {
    return """
    WITH oldest AS MATERIALIZED (
      SELECT DISTINCT ON (%1$s) * FROM %2$s
       WHERE chain = %3$d AND millrace_checkpoint > ?
       ORDER BY %1$s, millrace_checkpoint),
    gone AS (
      DELETE FROM %4$s AS t USING oldest AS k
       WHERE t.chain = %3$d AND %5$s AND NOT k.millrace_existed),
    forgotten AS (
      DELETE FROM %2$s WHERE chain = %3$d AND millrace_checkpoint > ?)
    %6$s
    """
        .formatted(
            ids(""),
            undo,
            chain,
            name,
            sameId("k"),
            upsert("oldest AS s WHERE s.millrace_existed", chain));
  }

  /** The part of a statement that deletes history that no rewind needs any more. */
  String pruneUndo(long chain, String finalCheckpoint) {
    return "DELETE FROM %s WHERE chain = %d AND millrace_checkpoint <= %s"
        .formatted(undo, chain, finalCheckpoint);
  }

  /** All columns of a row in one value, in the order of the record. */
  String row(String alias) {
    return "record_send(ROW(%s))"
        .formatted(columns(column -> alias + "." + SqlIdentifiers.quoted(column.sql())));
  }

  /** The id columns of a row in one value. */
  String id(String alias) {
    return "record_send(ROW(%s))".formatted(ids(alias + "."));
  }

  /** Selects rows that no block above a checkpoint has touched; parameters: chain, checkpoint. */
  String untouched() {
    return """
    SELECT %s FROM %s AS t
     WHERE t.chain = ?
       AND NOT EXISTS (
         SELECT FROM %s AS u
          WHERE u.chain = t.chain AND u.millrace_checkpoint > ? AND %s)
    """
        .formatted(row("t"), name, undo, sameId("u"));
  }

  /**
   * Selects the undo rows of blocks above a checkpoint, ordered by id and checkpoint, each with the
   * current row; parameters: chain, checkpoint.
   */
  String touched() {
    return """
    SELECT u.millrace_checkpoint, %s,
           CASE WHEN u.millrace_existed THEN %s END,
           CASE WHEN t.chain IS NOT NULL THEN %s END
      FROM %s AS u LEFT JOIN %s AS t ON t.chain = u.chain AND %s
     WHERE u.chain = ? AND u.millrace_checkpoint > ?
     ORDER BY %s, u.millrace_checkpoint
    """
        .formatted(id("u"), row("u"), row("t"), undo, name, sameId("u"), ids("u."));
  }

  boolean hasValues() {
    return type.columns().size() > type.ids().size();
  }

  /** {@code unnest} of one array per id column, after bigint arrays named by {@code before}. */
  String idArrays(String alias, List<String> before) {
    List<String> arrays = new ArrayList<>();
    List<String> names = new ArrayList<>();
    for (String first : before) {
      arrays.add("?::bigint[]");
      names.add(first);
    }
    for (EntityColumn id : type.ids()) {
      arrays.add("?::" + SqlTypeNames.parameter(id.type()) + "[]");
      names.add(SqlIdentifiers.quoted(id.sql()));
    }
    return "unnest(%s) AS %s (%s)"
        .formatted(String.join(", ", arrays), alias, String.join(", ", names));
  }

  /** Binds one array per id column. */
  void bindIds(PreparedStatement statement, int first, List<Object> ids) throws SQLException {
    for (int i = 0; i < type.ids().size(); i++) {
      int part = i;
      statement.setObject(
          first + i,
          ArrayParameter.of(type.ids().get(i).type(), ids, id -> type.parts(id).get(part)));
    }
  }

  String sameId(String alias) {
    return type.ids().stream()
        .map(EntityColumn::sql)
        .map(SqlIdentifiers::quoted)
        .map(id -> "t.%s = %s.%s".formatted(id, alias, id))
        .collect(Collectors.joining(" AND "));
  }

  String ids(String prefix) {
    return join(type.ids(), column -> prefix + SqlIdentifiers.quoted(column.sql()));
  }

  String columns(Function<EntityColumn, String> form) {
    return join(type.columns(), form);
  }

  private String values(Function<EntityColumn, String> form) {
    return join(type.columns().stream().filter(column -> !column.isId()).toList(), form);
  }

  private static String join(
      Collection<EntityColumn> columns, Function<EntityColumn, String> form) {
    return columns.stream().map(form).collect(Collectors.joining(", "));
  }

  @Override
  public String toString() {
    return name;
  }
}
