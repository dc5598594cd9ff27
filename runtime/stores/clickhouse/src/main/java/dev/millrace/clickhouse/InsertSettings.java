package dev.millrace.clickhouse;

import dev.millrace.clickhouse.client.ClickHouseDatabase;
import dev.millrace.clickhouse.client.ClickHouseErrors;
import dev.millrace.loaders.MillraceException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * Settings that make each insert one block: the unit that ClickHouse adds wholly or not at all, and
 * recognizes by its token. Shared by the lanes of a process. Any thread.
 */
final class InsertSettings {
  /** Below the default block size of inserts, independent of the server's settings. */
  static final int MAX_ROWS = 1_000_000;

  static final int MAX_BYTES = 32 << 20;

  private static final Map<String, String> ONE_BLOCK =
      Map.of(
          "async_insert", "0",
          "insert_deduplicate", "1",
          "wait_end_of_query", "1",
          "input_format_parallel_parsing", "0",
          "max_insert_block_size", "2000000",
          "min_insert_block_size_rows", "2000000",
          "min_insert_block_size_bytes", "4000000000");

  /** Settings of later servers that could undo those above. */
  private static final Map<String, String> NOVELTIES =
      Map.of("deduplicate_insert", "enable", "max_insert_block_size_bytes", "0");

  private final Map<String, InsertDedupWindow> windows;
  private final Map<String, String> settings;

  InsertSettings(Map<String, InsertDedupWindow> windows, Set<String> novelties) {
    this.windows = Map.copyOf(windows);
    Map<String, String> known = new HashMap<>(ONE_BLOCK);
    NOVELTIES.forEach((name, value) -> {
      if (novelties.contains(name)) {
        known.put(name, value);
      }
    });
    this.settings = Map.copyOf(known);
  }

  /** Returns the settings that this server knows; a server refuses unknown ones. */
  static Set<String> novelties(ClickHouseDatabase server) {
    try {
      return server.query(
          "mirror",
          "SELECT name FROM system.settings WHERE name IN (%s)"
              .formatted("'" + String.join("', '", NOVELTIES.keySet()) + "'"),
          rows -> {
            Set<String> names = new HashSet<>();
            while (rows.hasNext()) {
              names.add(rows.readText());
            }
            return names;
          });
    } catch (MillraceException failed) {
      if (ClickHouseErrors.code(failed) != ClickHouseErrors.ACCESS_DENIED) {
        throw failed;
      }
      return Set.of();
    }
  }

  InsertDedupWindow window(String table) {
    InsertDedupWindow window = windows.get(table);
    if (window == null) {
      throw new IllegalStateException("table is not of this mirror: table=" + table);
    }
    return window;
  }

  /** Returns the settings for rows that do no harm when inserted twice. */
  Map<String, String> settings() {
    return settings;
  }

  Map<String, String> settings(String token, boolean partitioned) {
    Map<String, String> all = new HashMap<>(settings);
    all.put("insert_deduplication_token", token);
    if (partitioned) {
      all.put(
          "max_partitions_per_insert_block", Integer.toString(InsertDedupWindow.MAX_PARTITIONS));
    }
    return all;
  }
}
