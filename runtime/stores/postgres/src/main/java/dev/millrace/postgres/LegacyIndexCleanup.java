package dev.millrace.postgres;

import dev.millrace.loaders.EntityColumn;
import dev.millrace.loaders.EntityType;
import dev.millrace.postgres.client.SqlIdentifiers;
import java.util.List;
import org.jdbi.v3.core.Handle;

/**
 * Drops indexes of earlier versions, which contain text and bytes of any length: one long value,
 * and PostgreSQL refuses the row. They are rebuilt over the beginnings of columns; see {@link
 * IndexKeyExpression}.
 */
final class LegacyIndexCleanup {
  private static final String FIND =
      """
      SELECT c.relname AS name,
             (SELECT string_agg(a.attname, '.' ORDER BY k.n)
                FROM unnest(i.indkey) WITH ORDINALITY AS k (attnum, n)
                JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
               WHERE a.attname <> 'chain') AS columns
        FROM pg_index i
        JOIN pg_class t ON t.oid = i.indrelid
        JOIN pg_class c ON c.oid = i.indexrelid
       WHERE t.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = :schema)
         AND t.relname = :table
         AND NOT i.indisprimary
         AND EXISTS (SELECT FROM pg_attribute a
                      WHERE a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
                        AND a.attname IN (<columns>))
      """;

  private final Handle handle;
  private final String schema;

  LegacyIndexCleanup(Handle handle, String schema) {
    this.handle = handle;
    this.schema = schema;
  }

  void drop(EntityType<?> type) {
    List<String> columns =
        type.columns().stream()
            .filter(column -> IndexKeyExpression.beginning(column, "").isPresent())
            .map(EntityColumn::sql)
            .toList();
    if (columns.isEmpty()) {
      return;
    }
    handle
        .createQuery(FIND)
        .bind("schema", schema)
        .bind("table", type.table())
        .bindList("columns", columns)
        .map((row, _) -> new LegacyIndex(row.getString("name"), row.getString("columns")))
        .filter(found -> found.isOurs(type))
        .forEach(found ->
            handle.execute(
                "DROP INDEX %s.%s"
                    .formatted(SqlIdentifiers.quoted(schema), SqlIdentifiers.quoted(found.name))));
  }

  /** An index over columns of a table, perhaps one that Millrace has not made. */
  private record LegacyIndex(String name, String columns) {
    boolean isOurs(EntityType<?> type) {
      return name.equals(SqlIdentifiers.fitted(type.table() + "." + columns));
    }
  }
}
