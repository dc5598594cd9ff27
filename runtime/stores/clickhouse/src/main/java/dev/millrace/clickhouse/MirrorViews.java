package dev.millrace.clickhouse;

import dev.millrace.clickhouse.client.ClickHouseSql;
import dev.millrace.loaders.EntityColumn;
import dev.millrace.loaders.Versions;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/**
 * The views that users query: the rows that count, and nothing else.
 *
 * <p>A query must learn the ends of the epochs before it fixes which parts of a table it reads: in
 * the other order, it would see the end of a commit without the rows of it. ClickHouse fixes the
 * parts of a table when it resolves its name, which in one query comes before any scalar subquery.
 * The parts behind a view are fixed later, when the query is planned. So nothing here reads a table
 * of rows but through a view that is nothing else ({@code millrace_all_…}).
 *
 * <p>The subquery for the ends is spelled the same everywhere: ClickHouse then evaluates it once
 * per query, however many views it joins, and all of them show one cut.
 */
final class MirrorViews {
  static final String ALL = "millrace_all_";

  /** The last checkpoint that counts, by the number of the epoch. */
  static final String ENDS_BY_EPOCH =
      """
      (SELECT groupArrayInsertAt(`end`, toUInt32(epoch - 1))
         FROM (SELECT epoch, argMax(`end`, (`by`, commit)) AS `end`
                 FROM millrace_ends GROUP BY epoch))\
      """;

  /** The last final checkpoint of each chain. */
  private static final String FINAL_BY_CHAIN =
      """
      (SELECT mapFromArrays(groupArray(chain), groupArray(settled))
         FROM (SELECT chain, argMax(settled, (`by`, commit)) AS settled
                 FROM millrace_ends GROUP BY chain))\
      """;

  static final String IS_VISIBLE = "_checkpoint <= _ends[_epoch]";

  static final String MAX_TEXT = "100000000";

  /** For queries that name many ends. */
  static final Map<String, String> LONG_QUERY = Map.of("max_query_size", MAX_TEXT);

  private MirrorViews() {}

  /** Returns ends that the caller knows, in place of {@link #ENDS_BY_EPOCH}. */
  static String ends(SortedMap<Long, Long> ends) {
    return LongStream.rangeClosed(1, ends.isEmpty() ? 0 : ends.lastKey())
        .mapToObj(epoch -> Long.toString(ends.getOrDefault(epoch, 0L)))
        .collect(Collectors.joining(",", "CAST([", "], 'Array(UInt64)')"));
  }

  /** Returns every view of an entity by its name: the statement behind {@code AS}. */
  static Map<String, String> of(MirrorTable<?> table) {
    Map<String, String> views = new LinkedHashMap<>();
    String name = table.type().table();
    views.put(ALL + name, "SELECT * FROM " + ClickHouseSql.name(table.name()) + " AS r");
    views.put(name, with() + (table.type().isImmutable() ? filter(table, "") : last(table, "")));
    views.put(name + "_history", history(table));
    views.putAll(AsOfViews.of(table));
    return views;
  }

  static String with() {
    return "WITH " + ENDS_BY_EPOCH + " AS _ends\n";
  }

  private static String from(MirrorTable<?> table) {
    return "FROM %s AS _r\nWHERE %s"
        .formatted(ClickHouseSql.name(ALL + table.type().table()), IS_VISIBLE);
  }

  /** Selects the rows that count, given the ends in scope. */
  static String filter(MirrorTable<?> table, String condition) {
    return "SELECT %s\n".formatted(ClickHouseSql.names(table.visible())) + from(table) + condition;
  }

  /** Selects the last version of each row, unless that is a deletion. */
  static String last(MirrorTable<?> table, String condition) {
    List<String> ids = new ArrayList<>(List.of("chain"));
    ids.addAll(table.ids());
    String columns =
        ids.stream()
            .map(id -> "_r.%1$s AS %1$s".formatted(ClickHouseSql.name(id)))
            .collect(Collectors.joining(",\n  "));
    StringBuilder values = new StringBuilder();
    for (EntityColumn column : table.type().columns()) {
      if (MirrorTable.isNullableList(column)) {
        values.append(",\n  ").append(lastOf(MirrorTable.nullMark(column), false));
      }
      if (!column.isId()) {
        boolean wrapped = column.isNullable() && !MirrorTable.isNullableList(column);
        values.append(",\n  ").append(lastOf(column.sql(), wrapped));
      }
    }
    String keys =
        ids.stream().map(id -> "_r." + ClickHouseSql.name(id)).collect(Collectors.joining(", "));
    return "SELECT\n  "
        + columns
        + values
        + "\n"
        + from(table)
        + condition
        + "\nGROUP BY %s\nHAVING argMax(_r._op, _r._checkpoint) = 'save'".formatted(keys);
  }

  /** argMax skips nulls, so a nullable column travels in a tuple. */
  private static String lastOf(String column, boolean wrapped) {
    String name = ClickHouseSql.name(column);
    return wrapped
        ? "argMax(tuple(_r.%1$s), _r._checkpoint).1 AS %1$s".formatted(name)
        : "argMax(_r.%1$s, _r._checkpoint) AS %1$s".formatted(name);
  }

  /**
   * Shows every version that counts; where only the latest are kept, those that {@link
   * Housekeeping} never deletes: the last final version of each id, and all after it.
   */
  private static String history(MirrorTable<?> table) {
    String all = "SELECT %s, _checkpoint, _op\n".formatted(ClickHouseSql.names(table.visible()));
    if (table.type().isImmutable() || table.type().layout().versions() == Versions.ALL) {
      return with() + all + from(table);
    }
    String ids =
        Stream.concat(Stream.of("chain"), table.ids().stream())
            .map(id -> "_r." + ClickHouseSql.name(id))
            .collect(Collectors.joining(", "));
    return "WITH %s AS _ends, %s AS _final\n".formatted(ENDS_BY_EPOCH, FINAL_BY_CHAIN)
        + all
        + from(table)
        + "\n  AND (_checkpoint > _final[chain] OR (%1$s, _checkpoint) IN (\n".formatted(ids)
        + "SELECT %1$s, max(_checkpoint)\n".formatted(ids)
        + from(table)
        + "\n  AND _checkpoint <= _final[chain]\nGROUP BY %s))".formatted(ids);
  }
}
