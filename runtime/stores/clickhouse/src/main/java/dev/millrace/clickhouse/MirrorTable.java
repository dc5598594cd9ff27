package dev.millrace.clickhouse;

import dev.millrace.clickhouse.client.ClickHouseSql;
import dev.millrace.clickhouse.client.ClickHouseTypes;
import dev.millrace.loaders.ColumnType;
import dev.millrace.loaders.EntityColumn;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.MirrorLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The table of one entity: every version of every row, each with the epoch and checkpoint of its
 * writing. Rows are added and never changed.
 */
final class MirrorTable<E> {
  static final String ROWS = "millrace_rows_";

  /** PostgreSQL relies on these rows: they must survive a power failure. */
  static final String DURABLE = "fsync_after_insert = 1, fsync_part_directory = 1";

  /** Marks a list that is null: an array in ClickHouse cannot be null. */
  private static final String NULL = "_null_";

  private static final String NUMBERS = " CODEC(Delta, ZSTD(1))";
  private static final String PLAIN = " CODEC(ZSTD(1))";

  private final EntityType<E> type;
  private final RowBinaryEncoder<E> encoder;

  MirrorTable(EntityType<E> type) {
    this.type = type;
    this.encoder = new RowBinaryEncoder<>(type);
  }

  EntityType<E> type() {
    return type;
  }

  RowBinaryEncoder<E> encoder() {
    return encoder;
  }

  String name() {
    return ROWS + type.table();
  }

  static boolean isNullableList(EntityColumn column) {
    return column.isNullable() && column.type() instanceof ColumnType.ListOf;
  }

  static String nullMark(EntityColumn column) {
    return NULL + column.sql();
  }

  /** Names the columns that users see, in order; a nullable list follows its mark. */
  List<String> visible() {
    List<String> names = new ArrayList<>(List.of("chain"));
    for (EntityColumn column : type.columns()) {
      if (isNullableList(column)) {
        names.add(nullMark(column));
      }
      names.add(column.sql());
    }
    return names;
  }

  /** Names all columns, in the order in which rows are written. */
  List<String> all() {
    List<String> names = new ArrayList<>(visible());
    names.addAll(List.of("_epoch", "_checkpoint", "_op"));
    return names;
  }

  /** Returns the definition, line by line; it must not change while there are rows. */
  List<String> definition() {
    MirrorLayout layout = type.layout();
    List<String> lines = new ArrayList<>(List.of("chain UInt64" + PLAIN));
    for (EntityColumn column : type.columns()) {
      if (isNullableList(column)) {
        lines.add(ClickHouseSql.name(nullMark(column)) + " Bool" + PLAIN);
      }
      lines.add(
          ClickHouseSql.name(column.sql()) + " " + ClickHouseTypes.name(column) + codec(column));
    }
    lines.add("_epoch UInt64" + NUMBERS);
    lines.add("_checkpoint UInt64" + NUMBERS);
    lines.add("_op Enum8('save' = 1, 'delete' = 2)" + PLAIN);
    lines.add("ORDER BY (" + ClickHouseSql.names(order()) + ")");
    if (!layout.partition().isEmpty()) {
      lines.add("PARTITION BY " + layout.partition());
    }
    if (!layout.ttl().isEmpty()) {
      lines.add("TTL " + layout.ttl());
    }
    return lines;
  }

  private List<String> order() {
    List<String> names = new ArrayList<>(List.of("chain"));
    type.layout().order().forEach(column -> names.add(column.sql()));
    ids().stream().filter(id -> !names.contains(id)).forEach(names::add);
    names.add("_checkpoint");
    return names;
  }

  List<String> ids() {
    return type.ids().stream().map(EntityColumn::sql).toList();
  }

  private static String codec(EntityColumn column) {
    if (!column.codec().isEmpty()) {
      return " CODEC(" + column.codec() + ")";
    }
    return ClickHouseTypes.isCounting(column) ? NUMBERS : PLAIN;
  }

  /**
   * True if the table is partitioned: an insert then makes a part of each partition, and the table
   * remembers each.
   */
  boolean isPartitioned() {
    return !type.layout().partition().isEmpty();
  }

  String create() {
    List<String> lines = definition();
    String columns =
        lines.stream()
            .filter(line -> !isClause(line))
            .collect(Collectors.joining(",\n  ", "(\n  ", "\n)"));
    String clauses = lines.stream().filter(MirrorTable::isClause).collect(Collectors.joining("\n"));
    return ("CREATE TABLE IF NOT EXISTS %s %s\nENGINE = MergeTree\n%s\n"
            + "SETTINGS %s, %s = %d\nCOMMENT %s")
        .formatted(
            ClickHouseSql.name(name()),
            columns,
            clauses,
            DURABLE,
            "non_replicated_deduplication_window",
            InsertDedupWindow.of(isPartitioned()),
            ClickHouseSql.text(comment()));
  }

  /** Returns the comment of the table, so that a change of the definition is noticed. */
  String comment() {
    return "millrace 1\n" + String.join("\n", definition());
  }

  private static boolean isClause(String line) {
    return line.startsWith("ORDER BY ")
        || line.startsWith("PARTITION BY ")
        || line.startsWith("TTL ");
  }
}
