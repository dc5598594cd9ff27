package dev.millrace.postgres;

import dev.millrace.pipeline.EpochHistory;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Reads the epoch history of a lane in one statement, and so at one moment. */
final class EpochHistoryQuery {
  // Nothing below the final block is kept, so the checkpoint at that block is the final one.
  private static final String READ =
      """
      SELECT s.id, n.epoch, n.commit, n.checkpoint,
             coalesce((SELECT b.checkpoint FROM millrace_block b
                        WHERE b.chain = n.chain AND b.number = n.final_block), 0) AS finalized,
             e.epoch AS number, coalesce(e.last_checkpoint, n.checkpoint) AS last, e.opened,
             e.followed, e.mirrored
        FROM millrace_schema s CROSS JOIN millrace_lane n JOIN millrace_epoch e USING (lane)
       WHERE lane = ?
       ORDER BY e.epoch
      """;

  private final Connection connection;

  EpochHistoryQuery(Connection connection) {
    this.connection = connection;
  }

  /** Returns the epoch history; empty if no process has taken the lane over yet. */
  Optional<EpochHistory> read(String lane) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(READ)) {
      statement.setString(1, lane);
      try (ResultSet rows = statement.executeQuery()) {
        List<EpochHistory.Epoch> epochs = new ArrayList<>();
        while (rows.next()) {
          epochs.add(epoch(rows));
          if (rows.isLast()) {
            return Optional.of(epochHistory(rows, epochs));
          }
        }
        return Optional.empty();
      }
    }
  }

  private static EpochHistory epochHistory(ResultSet row, List<EpochHistory.Epoch> epochs)
      throws SQLException {
    return new EpochHistory(
        row.getString("id"),
        row.getLong("epoch"),
        row.getLong("commit"),
        row.getLong("checkpoint"),
        row.getLong("finalized"),
        epochs);
  }

  private static EpochHistory.Epoch epoch(ResultSet row) throws SQLException {
    return new EpochHistory.Epoch(
        row.getLong("number"),
        row.getLong("last"),
        row.getObject("opened", OffsetDateTime.class).toInstant(),
        row.getLong("followed"),
        row.getBoolean("mirrored"));
  }
}
