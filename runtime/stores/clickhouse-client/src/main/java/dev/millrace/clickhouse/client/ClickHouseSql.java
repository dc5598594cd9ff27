package dev.millrace.clickhouse.client;

import java.util.Collection;
import java.util.stream.Collectors;

/** Quotes names and texts of any content for ClickHouse. */
public final class ClickHouseSql {
  private ClickHouseSql() {}

  public static String name(String name) {
    return '`' + name.replace("\\", "\\\\").replace("`", "\\`") + '`';
  }

  public static String text(String text) {
    return '\'' + text.replace("\\", "\\\\").replace("'", "\\'") + '\'';
  }

  public static String names(Collection<String> names) {
    return names.stream().map(ClickHouseSql::name).collect(Collectors.joining(", "));
  }
}
