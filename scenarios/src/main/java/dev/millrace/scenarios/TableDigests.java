package dev.millrace.scenarios;

import dev.millrace.postgres.client.DatabaseSettings;
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/** Digests of an indexer's tables, in a form that two runs can be compared by. */
final class TableDigests {
  private TableDigests() {}

  static Connection connect(DatabaseSettings database) throws SQLException {
    return DriverManager.getConnection(database.url(), database.user(), database.password());
  }

  /**
   * A table in two numbers. Rows are hashed one by one and the hashes added up, so their order does
   * not matter and no table is too large.
   */
  record Content(long rows, BigDecimal hash) {}

  /** Reads the content of each entity table of a schema; Millrace's own tables are left out. */
  static SortedMap<String, Content> contents(Connection connection, String schema)
      throws SQLException {
    SortedMap<String, Content> contents = new TreeMap<>();
    for (String table : names(connection, schema)) {
      contents.put(table, content(connection, quoted(schema) + "." + quoted(table)));
    }
    return contents;
  }

  private static List<String> names(Connection connection, String schema) throws SQLException {
    String sql =
        """
        SELECT tablename FROM pg_tables
         WHERE schemaname = ? AND NOT starts_with(tablename, 'millrace_')
        """;
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      statement.setString(1, schema);
      try (ResultSet found = statement.executeQuery()) {
        return texts(found);
      }
    }
  }

  private static Content content(Connection connection, String table) throws SQLException {
    String sql =
        "SELECT count(*), coalesce(sum(hashtextextended(each::text, 0)::numeric), 0) FROM %s AS each"
            .formatted(table);
    try (Statement statement = connection.createStatement();
        ResultSet found = statement.executeQuery(sql)) {
      found.next();
      return new Content(found.getLong(1), found.getBigDecimal(2));
    }
  }

  private static List<String> texts(ResultSet found) throws SQLException {
    List<String> texts = new ArrayList<>();
    while (found.next()) {
      texts.add(found.getString(1));
    }
    return texts;
  }

  static String quoted(String name) {
    return '"' + name.replace("\"", "\"\"") + '"';
  }
}
