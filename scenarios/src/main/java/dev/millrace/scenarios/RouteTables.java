package dev.millrace.scenarios;

import dev.millrace.clickhouse.client.MirrorSettings;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The tables of {@link VaultRoutes} in either store, one text per row, in the order of their ids.
 */
final class RouteTables {
  static final String DELIVERY = "delivery";
  static final String EMITTER = "emitter";
  static final String TAPE = "tape";

  private static final Duration PATIENCE = Duration.ofSeconds(30);

  /** The columns; {@code #x} is the hex of a column, {@code @x} its seconds since 1970. */
  private static final Map<String, List<String>> COLUMNS =
      Map.of(
          DELIVERY,
          List.of(
              "id",
              "contract",
              "#emitter",
              "#block_hash",
              "#transaction",
              "@time",
              "#subject",
              "amount"),
          EMITTER,
          List.of("#address", "contract", "events", "amount"),
          TAPE,
          List.of("name", "events", "#digest"));

  private RouteTables() {}

  static SortedMap<String, List<String>> inPostgres(Connection connection, String schema)
      throws SQLException {
    SortedMap<String, List<String>> tables = new TreeMap<>();
    for (String table : COLUMNS.keySet()) {
      String sql =
          select(
              table,
              TableDigests.quoted(schema),
              "encode(%s, 'hex')",
              "extract(epoch FROM %s)::bigint");
      List<String> rows = new ArrayList<>();
      try (Statement statement = connection.createStatement();
          ResultSet found = statement.executeQuery(sql)) {
        while (found.next()) {
          rows.add(found.getString(1));
        }
      }
      tables.put(table, rows);
    }
    return tables;
  }

  static SortedMap<String, List<String>> inClickHouse(MirrorSettings mirror)
      throws IOException, InterruptedException {
    SortedMap<String, List<String>> tables = new TreeMap<>();
    try (HttpClient client = HttpClient.newHttpClient()) {
      for (String table : COLUMNS.keySet()) {
        String sql =
            select(
                table,
                TableDigests.quoted(mirror.database()),
                "lower(hex(%s))",
                "toUnixTimestamp(%s)");
        tables.put(table, ask(client, mirror, sql + " FORMAT TSVRaw").lines().toList());
      }
    }
    return tables;
  }

  private static String select(String table, String schema, String hex, String seconds) {
    List<String> texts = new ArrayList<>();
    for (String column : COLUMNS.getOrDefault(table, List.of())) {
      String name = TableDigests.quoted(column.replaceFirst("^[#@]", ""));
      texts.add(
          switch (column.charAt(0)) {
            case '#' -> hex.formatted(name);
            case '@' -> seconds.formatted(name);
            default -> name;
          });
    }
    return "SELECT concat_ws(' ', %s) FROM %s.%s ORDER BY %s"
        .formatted(String.join(", ", texts), schema, TableDigests.quoted(table), texts.getFirst());
  }

  private static String ask(HttpClient client, MirrorSettings mirror, String sql)
      throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(mirror.url()))
            .timeout(PATIENCE)
            .header("X-ClickHouse-User", mirror.user())
            .header("X-ClickHouse-Key", mirror.password())
            .POST(HttpRequest.BodyPublishers.ofString(sql))
            .build();
    HttpResponse<String> answer =
        client.send(request, HttpResponse.BodyHandlers.ofString(StandardCharsets.UTF_8));
    if (answer.statusCode() != 200) {
      throw new IOException(
          "query failed: status=%d answer=%s".formatted(answer.statusCode(), answer.body()));
    }
    return answer.body();
  }

  /** Returns the first rows that differ, by table; empty if none does. */
  static String difference(
      SortedMap<String, List<String>> expected, SortedMap<String, List<String>> found) {
    StringBuilder text = new StringBuilder();
    expected.forEach((table, rows) -> {
      List<String> others = found.getOrDefault(table, List.of());
      if (!others.equals(rows)) {
        int at = 0;
        while (at < Math.min(rows.size(), others.size()) && rows.get(at).equals(others.get(at))) {
          at++;
        }
        text.append(
            "%n  %s: rows=%d expected=%d first difference at row %d%n    expected %s%n    found    %s"
                .formatted(
                    table,
                    others.size(),
                    rows.size(),
                    at,
                    at < rows.size() ? rows.get(at) : "nothing",
                    at < others.size() ? others.get(at) : "nothing"));
      }
    });
    return text.toString();
  }
}
