package dev.millrace.jobs;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The queries about steps of a run, for others than its owner. */
final class StepQueries {
  private static final String STEPS =
      """
      SELECT number, name, kind,
             finished_at IS NOT NULL OR (kind = 'ITEMS' AND open_items = 0), output
        FROM step WHERE run = ? ORDER BY number
      """;

  private static final String ITEMS =
      """
      SELECT parent_step, state, count(*) FROM run WHERE parent = ? GROUP BY parent_step, state
      """;

  private StepQueries() {}

  static List<RunStep> steps(Connection connection, long run) throws SQLException {
    Map<String, Map<RunState, Long>> items = items(connection, run);
    List<RunStep> steps = new ArrayList<>();
    try (PreparedStatement statement = connection.prepareStatement(STEPS)) {
      statement.setLong(1, run);
      try (ResultSet row = statement.executeQuery()) {
        while (row.next()) {
          String name = row.getString(2);
          steps.add(
              new RunStep(
                  row.getInt(1),
                  name,
                  row.getString(3),
                  row.getBoolean(4),
                  Optional.ofNullable(row.getString(5)),
                  items.getOrDefault(name, Map.of())));
        }
      }
    }
    return steps;
  }

  private static Map<String, Map<RunState, Long>> items(Connection connection, long run)
      throws SQLException {
    Map<String, Map<RunState, Long>> items = new HashMap<>();
    try (PreparedStatement statement = connection.prepareStatement(ITEMS)) {
      statement.setLong(1, run);
      try (ResultSet row = statement.executeQuery()) {
        while (row.next()) {
          items
              .computeIfAbsent(row.getString(1), _ -> new EnumMap<>(RunState.class))
              .put(RunState.valueOf(row.getString(2)), row.getLong(3));
        }
      }
    }
    return items;
  }
}
