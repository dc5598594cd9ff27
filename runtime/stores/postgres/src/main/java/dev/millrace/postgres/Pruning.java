package dev.millrace.postgres;

import dev.millrace.pipeline.CommitGroup;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.List;

/**
 * Deletes, within a commit, data that no rewind can need any more: history at or below the last
 * final block, and the blocks below it. The final block itself stays, because a rewind may go back
 * to it, and the lane's row says that no rewind goes further.
 *
 * <p>One statement, and only when finality has moved. Each part of it starts at the low end of a
 * primary key and stops where there is nothing to delete. Confined to the commit thread.
 */
final class Pruning {
  private final String lane;
  private final long chain;
  private final String ofBlocks;
  private final String ofEverything;

  /** The durable state of pruning, and the state after the transaction under way. */
  private State durable = new State(Long.MIN_VALUE, true);

  private State pending = durable;

  /**
   * @param finalBlock the final block up to which nothing is left to delete
   * @param hasHistory true if the undo log may hold rows; those of an earlier process are unknown
   */
  private record State(long finalBlock, boolean hasHistory) {}

  Pruning(List<EntityTable<?>> tables, String lane, long chain) {
    this.lane = lane;
    this.chain = chain;
    this.ofBlocks = statement(List.of());
    this.ofEverything =
        statement(
            tables.stream()
                .map(table -> table.pruneUndo(chain, "(SELECT checkpoint FROM anchor)"))
                .toList());
  }

  private static String statement(List<String> deletes) {
    StringBuilder parts = new StringBuilder();
    for (int i = 0; i < deletes.size(); i++) {
      parts.append("undo_%d AS (%s),\n".formatted(i, deletes.get(i)));
    }
    return """
    WITH anchor AS MATERIALIZED (
      SELECT number, checkpoint FROM millrace_block
       WHERE chain = ? AND number <= ? ORDER BY number DESC LIMIT 1),
    %s
    blocks AS (
      DELETE FROM millrace_block WHERE chain = ? AND number < (SELECT number FROM anchor))
    UPDATE millrace_lane SET final_block = anchor.number FROM anchor
     WHERE lane = ? AND final_block IS DISTINCT FROM anchor.number
    """
        .formatted(parts);
  }

  /** Runs inside the transaction of a group, after everything that the group writes. */
  void run(Connection connection, CommitGroup group) throws SQLException {
    long finality =
        group.batches().stream().mapToLong(batch -> batch.batch().finalBlock()).max().orElseThrow();
    boolean hasHistory = durable.hasHistory || group.isReversible();
    pending = new State(durable.finalBlock, hasHistory);
    if (group.isReversible() && finality <= durable.finalBlock) {
      return;
    }
    try (PreparedStatement statement =
        connection.prepareStatement(hasHistory ? ofEverything : ofBlocks)) {
      statement.setLong(1, chain);
      statement.setLong(2, finality);
      statement.setLong(3, chain);
      statement.setString(4, lane);
      statement.executeUpdate();
    }
    // Nothing lies above the last block of a final group, so no history is left.
    long reached = Math.min(finality, group.last().batch().last().number());
    pending = new State(Math.max(reached, durable.finalBlock), hasHistory && group.isReversible());
  }

  /** Records that the transaction is durable. */
  void committed() {
    durable = pending;
  }
}
