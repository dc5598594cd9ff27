package dev.millrace.postgres;

import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes32;
import dev.millrace.loaders.EventId;
import dev.millrace.pipeline.Source;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/** Reads the stored position of a lane in its stream. */
final class ResumePointQuery {
  private static final String LAST =
      "SELECT block, block_hash FROM millrace_lane WHERE chain = ? AND block_hash IS NOT NULL";

  private static final String FINAL_BLOCK =
      "SELECT final_block IS NOT NULL FROM millrace_lane WHERE chain = ?";

  private static final String WINDOW =
      "SELECT number, hash FROM millrace_block WHERE chain = ? ORDER BY number";

  private static final String FOUND =
      """
      SELECT contract, address, block, log_index FROM millrace_contract
       WHERE chain = ? ORDER BY block, log_index, nth
      """;

  private final Connection connection;
  private final long chain;

  ResumePointQuery(Connection connection, long chain) {
    this.connection = connection;
    this.chain = chain;
  }

  /** Converts a row. */
  @FunctionalInterface
  private interface RowReader<T> {
    T of(ResultSet row) throws SQLException;
  }

  Source.ResumePoint read() throws SQLException {
    List<Source.BlockRef> last = all(LAST, ResumePointQuery::place);
    List<Source.BlockRef> window = all(WINDOW, ResumePointQuery::place);
    List<Source.DiscoveredContract> found = all(FOUND, ResumePointQuery::found);
    if (last.isEmpty()) {
      return Source.ResumePoint.START;
    }
    if (window.isEmpty() || !window.getLast().equals(last.getFirst())) {
      window.add(last.getFirst());
    }
    // The final block is the lowest that is kept: those below it have been pruned.
    boolean isFinal = all(FINAL_BLOCK, row -> row.getBoolean(1)).contains(true);
    return new Source.ResumePoint(last.getFirst(), window, found, isFinal);
  }

  private static Source.BlockRef place(ResultSet row) throws SQLException {
    return new Source.BlockRef(row.getLong(1), Bytes32.of(row.getBytes(2)));
  }

  private static Source.DiscoveredContract found(ResultSet row) throws SQLException {
    return new Source.DiscoveredContract(
        row.getString(1), Address.of(row.getBytes(2)), EventId.of(row.getLong(3), row.getInt(4)));
  }

  private <T> List<T> all(String sql, RowReader<T> reading) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      statement.setLong(1, chain);
      try (ResultSet rows = statement.executeQuery()) {
        List<T> all = new ArrayList<>();
        while (rows.next()) {
          all.add(reading.of(rows));
        }
        return all;
      }
    }
  }
}
