package dev.millrace.postgres;

import dev.millrace.loaders.Bytes32;
import dev.millrace.loaders.EventId;
import dev.millrace.loaders.TriggerMoment;
import dev.millrace.pipeline.EventTrigger;
import dev.millrace.postgres.client.SqlIdentifiers;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/**
 * The triggers of one lane that are durable and have no run yet, and the recalls of those that a
 * rewind has undone. Commits and rewinds write them; a relay takes them out, in the transaction
 * that makes the runs.
 *
 * <p>Names the schema in every statement: the connection is the relay's.
 */
public final class TriggerOutbox {
  /** Bytes of inputs that are read at once, but for a single larger one. */
  private static final long MAX_BYTES = 4 << 20;

  private static final String SERIALIZATION_FAILURE = "40001";

  private final String lane;
  private final long chain;
  private final String schema;
  private final String lock;
  private final String due;
  private final String recalls;
  private final String hold;
  private final String relayed;
  private final String delete;
  private final String deleteFinal;

  /**
   * A row of the outbox.
   *
   * @param seq rises in the order of commits and rewinds of the lane
   * @param run the run to recall; empty for a trigger
   */
  public record Entry(long seq, EventTrigger trigger, OptionalLong run) {}

  public TriggerOutbox(String schema, String lane) {
    this.schema = schema;
    this.lane = lane;
    this.chain = Takeover.chain(lane);
    String in = SqlIdentifiers.quoted(schema) + ".";
    lock = "SELECT pg_advisory_xact_lock(hashtextextended(?, 0))";
    // No rewind goes below the final block of the lane's row, so what lies there stays.
    due =
        """
        SELECT seq, block, block_hash, log_index, ordinal, job, moment, input, run
          FROM (SELECT *, sum(octet_length(input)) OVER (ORDER BY seq) - octet_length(input) AS before
                  FROM (SELECT t.*
                          FROM @millrace_trigger t
                         WHERE t.chain = ? AND t.moment = ? AND t.run IS NULL
                           AND (t.moment = 'COMMITTED'
                                OR t.block <= (SELECT final_block FROM @millrace_lane WHERE lane = ?))
                         ORDER BY t.seq
                         LIMIT ?) AS first) AS sized
         WHERE before < ?
         ORDER BY seq
        """
            .replace("@", in);
    recalls =
        """
        SELECT seq, block, block_hash, log_index, ordinal, job, moment, input, run
          FROM @millrace_trigger
         WHERE chain = ? AND moment = 'COMMITTED' AND is_recall
         ORDER BY seq
         LIMIT ?
        """
            .replace("@", in);
    hold =
        "SELECT seq FROM @millrace_trigger WHERE seq = ANY (?::bigint[]) ORDER BY seq FOR UPDATE"
            .replace("@", in);
    relayed =
        """
        UPDATE @millrace_trigger t SET run = r.run
          FROM unnest(?::bigint[], ?::bigint[]) AS r (seq, run)
         WHERE t.seq = r.seq
        """
            .replace("@", in);
    delete = "DELETE FROM @millrace_trigger WHERE seq = ANY (?::bigint[])".replace("@", in);
    deleteFinal =
        """
        DELETE FROM @millrace_trigger
         WHERE chain = ? AND moment = 'COMMITTED' AND run IS NOT NULL AND NOT is_recall
           AND block <= (SELECT final_block FROM @millrace_lane WHERE lane = ?)
        """
            .replace("@", in);
  }

  /**
   * Keeps other relays of this lane out until the transaction ends. One that is stuck, or a rewind
   * that takes long, ends the wait with an error.
   */
  public void lock(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("SET LOCAL lock_timeout = '5s'");
    }
    try (PreparedStatement statement = connection.prepareStatement(lock)) {
      statement.setString(1, "millrace relay %s %s".formatted(schema, lane));
      statement.executeQuery().close();
    }
  }

  /** Returns the first recalls, in order. */
  public List<Entry> recalls(Connection connection, int most) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(recalls)) {
      statement.setLong(1, chain);
      statement.setInt(2, most);
      return entries(statement);
    }
  }

  /**
   * Returns the first triggers of a moment that are due, in the order of their events: one at
   * least, however large it is. Locks none of them, so that a reader that hangs holds up no rewind.
   */
  public List<Entry> due(Connection connection, TriggerMoment moment, int most)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(due)) {
      statement.setLong(1, chain);
      statement.setString(2, moment.name());
      statement.setString(3, lane);
      statement.setInt(4, most);
      statement.setLong(5, MAX_BYTES);
      return entries(statement);
    }
  }

  private static List<Entry> entries(PreparedStatement statement) throws SQLException {
    List<Entry> entries = new ArrayList<>();
    try (ResultSet rows = statement.executeQuery()) {
      while (rows.next()) {
        EventTrigger trigger =
            new EventTrigger(
                EventId.of(rows.getLong(2), rows.getInt(4)),
                Bytes32.of(rows.getBytes(3)),
                rows.getInt(5),
                rows.getString(6),
                TriggerMoment.valueOf(rows.getString(7)),
                rows.getString(8));
        long run = rows.getLong(9);
        entries.add(
            new Entry(
                rows.getLong(1),
                trigger,
                rows.wasNull() ? OptionalLong.empty() : OptionalLong.of(run)));
      }
    }
    return entries;
  }

  /** Deletes rows whose runs exist, or whose recalls are done. */
  public void delete(Connection connection, List<Entry> entries) throws SQLException {
    if (entries.isEmpty()) {
      return;
    }
    try (PreparedStatement statement = connection.prepareStatement(delete)) {
      statement.setArray(1, numbers(connection, entries.stream().map(Entry::seq).toList()));
      statement.executeUpdate();
    }
  }

  /**
   * Locks triggers until the transaction ends, as the last thing before it changes them.
   *
   * @throws SQLException of the class of those that are tried again, if a rewind has undone one
   */
  public void hold(Connection connection, List<Entry> entries) throws SQLException {
    if (entries.isEmpty()) {
      return;
    }
    int held = 0;
    try (PreparedStatement statement = connection.prepareStatement(hold)) {
      statement.setArray(1, numbers(connection, entries.stream().map(Entry::seq).toList()));
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          held++;
        }
      }
    }
    if (held < entries.size()) {
      throw new SQLException("a rewind has undone triggers meanwhile", SERIALIZATION_FAILURE);
    }
  }

  /** Names the run of each trigger, for a recall before the block is final. */
  public void relayed(Connection connection, List<Entry> entries, List<Long> runs)
      throws SQLException {
    if (entries.isEmpty()) {
      return;
    }
    try (PreparedStatement statement = connection.prepareStatement(relayed)) {
      statement.setArray(1, numbers(connection, entries.stream().map(Entry::seq).toList()));
      statement.setArray(2, numbers(connection, runs));
      statement.executeUpdate();
    }
  }

  /** Deletes triggers that have runs and cannot be recalled any more. */
  public void deleteFinal(Connection connection) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(deleteFinal)) {
      statement.setLong(1, chain);
      statement.setString(2, lane);
      statement.executeUpdate();
    }
  }

  private static java.sql.Array numbers(Connection connection, List<Long> numbers)
      throws SQLException {
    return connection.createArrayOf("bigint", numbers.toArray());
  }
}
