package dev.millrace.postgres;

import dev.millrace.loaders.ColumnType;
import dev.millrace.loaders.EntityColumn;
import dev.millrace.loaders.EntityType;
import dev.millrace.postgres.client.EnumConstants;
import dev.millrace.postgres.client.SqlIdentifiers;
import dev.millrace.postgres.client.SqlTypeNames;
import java.util.ArrayList;
import java.util.List;
import org.jdbi.v3.core.Handle;

/**
 * Adapts one table to its entity without touching its rows. A nullable column can be added, and a
 * removed one is left alone; any other change has no answer for the existing rows.
 */
final class TableMigration {
  private final Handle handle;
  private final EntityTable<?> table;
  private final SchemaFingerprint before;
  private final List<String> impossible = new ArrayList<>();

  TableMigration(Handle handle, EntityTable<?> table, SchemaFingerprint before) {
    this.handle = handle;
    this.table = table;
    this.before = before;
  }

  /** Runs the migration. Returns the changes that are impossible. */
  List<String> run() {
    EntityType<?> type = table.type();
    String ids = String.join(", ", type.ids().stream().map(EntityColumn::sql).toList());
    String known = before.table(type.table());
    if (known != null && !known.substring(known.indexOf("id ") + 3).equals(ids)) {
      impossible.add("%s: its id has changed".formatted(type.table()));
    }
    type.columns().forEach(this::follow);
    leaveOthers();
    return impossible;
  }

  private void follow(EntityColumn column) {
    String known = before.column(table.type().table(), column.sql());
    String described = SqlTypeNames.describe(column.type());
    if (known != null && holdsAny(column, EnumConstants.gone(known, described))) {
      impossible.add(
          "%s.%s: rows hold a constant that is gone: gone=%s"
              .formatted(table.type().table(), column.sql(), EnumConstants.gone(known, described)));
      return;
    }
    if (known == null) {
      add(column);
    } else if (!EnumConstants.onlyConstantsDiffer(known.split(",", 2)[0], described)) {
      impossible.add(
          "%s.%s: %s -> %s".formatted(table.type().table(), column.sql(), known, described));
    } else if (column.isNullable() && !known.contains(",")) {
      dropNotNull(column.sql());
    } else if (!column.isNullable() && known.contains(",")) {
      impossible.add(
          "%s.%s: rows may hold null already".formatted(table.type().table(), column.sql()));
    }
  }

  private boolean holdsAny(EntityColumn column, List<String> constants) {
    if (constants.isEmpty() || SqlTypeNames.describe(column.type()).indexOf("enum") < 0) {
      return false;
    }
    String name = SqlIdentifiers.quoted(column.sql());
    String holds =
        column.type() instanceof ColumnType.ListOf
            ? name + " && :gone::text[]"
            : name + " = ANY (:gone)";
    return handle
        .createQuery(
            "SELECT EXISTS (SELECT FROM %s WHERE %s) OR EXISTS (SELECT FROM %s WHERE %s)"
                .formatted(table.name(), holds, table.undo(), holds))
        .bindArray("gone", String.class, constants)
        .mapTo(Boolean.class)
        .one();
  }

  private void add(EntityColumn column) {
    boolean left = existing().contains(column.sql());
    if (left || !column.isNullable()) {
      impossible.add(
          "%s.%s: %s"
              .formatted(
                  table.type().table(),
                  column.sql(),
                  left
                      ? "the column is there from an earlier definition"
                      : "a new column must be @Nullable (org.jspecify.annotations), for the rows that exist"));
      return;
    }
    for (String target : List.of(table.name(), table.undo())) {
      handle.execute(
          "ALTER TABLE %s ADD COLUMN %s".formatted(target, EntityTable.declaration(column)));
    }
  }

  private void leaveOthers() {
    for (String column : existing()) {
      boolean ours = table.type().columns().stream().anyMatch(known -> known.sql().equals(column));
      if (!ours && !column.equals("chain")) {
        dropNotNull(column);
      }
    }
  }

  private void dropNotNull(String column) {
    if (isInKey(column)) {
      return; // the change of the id is already refused
    }
    handle.execute(
        "ALTER TABLE %s ALTER COLUMN %s DROP NOT NULL"
            .formatted(table.name(), SqlIdentifiers.quoted(column)));
  }

  private boolean isInKey(String column) {
    String known = before.table(table.type().table());
    return known != null
        && List.of(known.substring(known.indexOf("id ") + 3).split(", ")).contains(column);
  }

  private List<String> existing() {
    return handle
        .createQuery(
            """
            SELECT attname FROM pg_attribute
             WHERE attrelid = :table::regclass AND attnum > 0 AND NOT attisdropped
            """)
        .bind("table", table.name())
        .mapTo(String.class)
        .list();
  }
}
