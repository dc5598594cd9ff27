package dev.millrace.clickhouse;

import java.util.Collection;
import java.util.stream.Collectors;

/** Quotes names and texts of any content for ClickHouse. */
final class Sql {
  private Sql() {}

  static String name(String name) {
    return '`' + name.replace("\\", "\\\\").replace("`", "\\`") + '`';
  }

  static String text(String text) {
    return '\'' + text.replace("\\", "\\\\").replace("'", "\\'") + '\'';
  }

  static String names(Collection<String> names) {
    return names.stream().map(Sql::name).collect(Collectors.joining(", "));
  }
}
