package dev.millrace.jobs;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Passes on, in the transaction that ends runs, what they have held: their keys go to the next runs
 * behind them, and their parents wait for fewer items. Every transaction that ends runs (of an
 * owner, a cancel, a sweep) finishes with {@link #passOn}.
 */
final class EndedRuns {
  // Parents before their counters: a parent that begins to wait holds its own lock while it looks.
  private static final String LOCK_PARENTS =
      "SELECT id FROM run WHERE id = ANY (?) ORDER BY id FOR NO KEY UPDATE";

  private static final String COUNT_DOWN =
      """
      UPDATE step s SET open_items = s.open_items - w.ended
        FROM unnest(?::bigint[], ?::text[], ?::bigint[]) AS w (run, name, ended)
       WHERE s.run = w.run AND s.name = w.name
      """;

  // The next run takes the key in the transaction that frees it.
  private static final String PROMOTE =
      """
      UPDATE run r
         SET gate = (CASE WHEN r.due_at > clock_timestamp() THEN 'TIME' ELSE 'READY' END)::run_gate,
             wake_at = CASE WHEN r.due_at > clock_timestamp() THEN r.due_at END,
             holds_key = true
       WHERE r.id = ANY (SELECT (SELECT n.id
                                   FROM run n
                                  WHERE n.gate = 'KEY' AND n.exclusive_key = k.key
                                  ORDER BY n.exclusive_key,
                                           CASE WHEN n.serial THEN 0 ELSE -n.priority END,
                                           CASE WHEN n.serial THEN n.created_at ELSE n.due_at END,
                                           n.id
                                  LIMIT 1)
                           FROM unnest(?::text[]) AS k (key))
         AND r.gate = 'KEY'
      """;

  // No run waits any more for the items of a run that has ended.
  private static final String CANCEL_ITEMS =
      """
      UPDATE run
         SET cancel_at = clock_timestamp(),
             state = (CASE WHEN state = 'PENDING' THEN 'CANCELED' ELSE 'RUNNING' END)::run_state,
             finished_at = CASE WHEN state = 'PENDING' THEN clock_timestamp() END,
             gate = NULL, wake_at = NULL,
             holds_key = holds_key AND state = 'RUNNING'
       WHERE parent = ANY (?) AND finished_at IS NULL AND cancel_at IS NULL
      RETURNING id, state, parent, parent_step,
                CASE WHEN exclusive_key IS NOT NULL AND NOT holds_key THEN exclusive_key END
      """;

  private final Map<Item, Long> items = new TreeMap<>();
  private final TreeSet<String> keys = new TreeSet<>();
  private final List<Long> parents = new ArrayList<>();

  private record Item(long parent, String step) implements Comparable<Item> {
    @Override
    public int compareTo(Item other) {
      int first = Long.compare(parent, other.parent);
      return first != 0 ? first : step.compareTo(other.step);
    }
  }

  /** Adds a run from the columns 3 to 5: parent, step of the parent, and the key that is free. */
  void add(long run, RunState state, ResultSet row) throws SQLException {
    long parent = row.getLong(3);
    boolean isItem = !row.wasNull();
    String step = row.getString(4);
    @Nullable String key = row.getString(5);
    if (state.isFinal()) {
      parents.add(run);
      if (isItem && step != null) {
        items.merge(new Item(parent, step), 1L, Long::sum);
      }
    }
    if (key != null) {
      keys.add(key);
    }
  }

  void passOn(Connection connection) throws SQLException {
    cancelItems(connection);
    if (!items.isEmpty()) {
      countDown(connection);
    }
    promote(connection, keys);
  }

  private void cancelItems(Connection connection) throws SQLException {
    List<Long> ended = List.copyOf(parents);
    while (!ended.isEmpty()) {
      parents.clear();
      try (PreparedStatement statement = connection.prepareStatement(CANCEL_ITEMS)) {
        Parameters.of(statement, ended).longs(run -> run);
        try (ResultSet rows = statement.executeQuery()) {
          while (rows.next()) {
            add(rows.getLong(1), RunState.valueOf(rows.getString(2)), rows);
          }
        }
      }
      ended = List.copyOf(parents);
    }
  }

  private void countDown(Connection connection) throws SQLException {
    List<Long> waiting = items.keySet().stream().map(Item::parent).distinct().toList();
    try (PreparedStatement statement = connection.prepareStatement(LOCK_PARENTS)) {
      Parameters.of(statement, waiting).longs(run -> run);
      statement.executeQuery().close();
    }
    List<Map.Entry<Item, Long>> counts = List.copyOf(items.entrySet());
    try (PreparedStatement statement = connection.prepareStatement(COUNT_DOWN)) {
      Parameters.of(statement, counts)
          .longs(count -> count.getKey().parent())
          .texts(count -> count.getKey().step())
          .longs(Map.Entry::getValue);
      statement.executeUpdate();
    }
    RunEndStatements.wake(connection, waiting);
  }

  /** Gives free keys to the first runs behind them. */
  static void promote(Connection connection, Set<String> keys) throws SQLException {
    if (keys.isEmpty()) {
      return;
    }
    try (PreparedStatement statement = connection.prepareStatement(PROMOTE)) {
      Parameters.of(statement, List.copyOf(keys)).texts(key -> key);
      statement.executeUpdate();
    }
  }
}
