package dev.millrace.postgres;

import dev.millrace.loaders.EntityColumn;
import dev.millrace.loaders.EntityType;
import dev.millrace.pipeline.Indexer;
import dev.millrace.postgres.client.EnumConstants;
import dev.millrace.postgres.client.SqlTypeNames;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The definition for which a schema was made, key by key: its entities, and the data requested of
 * each chain. Excludes the code of handlers, and indexes, which may be added at any time.
 */
record SchemaFingerprint(SortedMap<String, String> entries) {
  private static final String ENTITY = "entity ";
  private static final String ASK = "ask ";

  /** Marks an entity that has no table in PostgreSQL. */
  private static final String ELSEWHERE = "in ClickHouse only, ";

  static SchemaFingerprint of(Indexer indexer) {
    SortedMap<String, String> entries = new TreeMap<>();
    for (EntityType<?> type : indexer.entities()) {
      entries.put(
          ENTITY + type.table(),
          "%s%s, id %s"
              .formatted(
                  indexer.storage(type).isInPostgres() ? "" : ELSEWHERE,
                  type.isImmutable() ? "immutable" : "mutable",
                  String.join(", ", type.ids().stream().map(EntityColumn::sql).toList())));
      for (EntityColumn column : type.columns()) {
        entries.put(ENTITY + type.table() + "." + column.sql(), describe(column));
      }
    }
    indexer.sourceRequirements().forEach((key, value) -> entries.put(ASK + key, value));
    return new SchemaFingerprint(entries);
  }

  private static String describe(EntityColumn column) {
    return SqlTypeNames.describe(column.type()) + (column.isNullable() ? ", may be null" : "");
  }

  /** Lists the changes, line by line, for people. */
  List<String> changesTo(SchemaFingerprint wanted) {
    List<String> lines = new ArrayList<>();
    TreeSet<String> keys = new TreeSet<>(entries.keySet());
    keys.addAll(wanted.entries.keySet());
    for (String key : keys) {
      String before = entries.get(key);
      String after = wanted.entries.get(key);
      if (before == null) {
        lines.add("+ %s: %s".formatted(key, after));
      } else if (after == null) {
        lines.add("- %s: %s".formatted(key, before));
      } else if (!(key.startsWith(ENTITY)
          ? EnumConstants.allow(before, after)
          : before.equals(after))) {
        lines.add("~ %s: %s -> %s".formatted(key, before, after));
      }
    }
    return lines;
  }

  /** True if an entity has this table name, in any store. */
  boolean knows(String table) {
    return entries.containsKey(ENTITY + table);
  }

  boolean hasTable(String table) {
    String described = entries.get(ENTITY + table);
    return described != null && !described.startsWith(ELSEWHERE);
  }

  /** Returns the description of a column, or null if there is none. */
  @Nullable String column(String table, String column) {
    return entries.get(ENTITY + table + "." + column);
  }

  @Nullable String table(String table) {
    return entries.get(ENTITY + table);
  }
}
