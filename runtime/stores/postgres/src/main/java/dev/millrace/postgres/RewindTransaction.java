package dev.millrace.postgres;

import dev.millrace.loaders.Bytes32;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.pipeline.Frontier;
import dev.millrace.pipeline.Source;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.OptionalLong;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.Update;
import org.jspecify.annotations.Nullable;

/**
 * The transaction that undoes everything above a block and opens a new epoch. Like a commit it
 * first locks the lane's row: another holder, or our own rewind whose reply was lost, is detected
 * there.
 *
 * <p>The number of statements does not depend on the number of blocks: a few for the lane, one per
 * table.
 */
final class RewindTransaction {
  private static final String LOCK =
      """
      SELECT epoch, commit, checkpoint, block, block_hash, final_block
        FROM millrace_lane WHERE lane = :lane FOR UPDATE
      """;

  private static final String SURVIVOR =
      """
      SELECT number, hash, time, checkpoint FROM millrace_block
       WHERE chain = :chain AND number <= :block ORDER BY number DESC LIMIT 1
      """;

  private static final String NEXT_EPOCH =
      "UPDATE millrace_lane SET epoch = :next WHERE lane = :lane AND epoch = :epoch";

  private static final String STEP_BACK =
      """
      UPDATE millrace_lane
         SET checkpoint = :checkpoint, block = :block, block_hash = :hash, block_time = :time,
             committed = clock_timestamp()
       WHERE lane = :lane
      """;

  // A stored end can only decrease; the current epoch has none yet.
  private static final String END_EPOCHS =
      """
      UPDATE millrace_epoch SET last_checkpoint = :checkpoint
       WHERE lane = :lane AND (last_checkpoint > :checkpoint OR epoch = :epoch)
      """;

  private static final String OPEN_EPOCH =
      """
      INSERT INTO millrace_epoch (epoch, lane, host, pid, opened, followed, mirrored)
      SELECT :next, lane, e.host, e.pid, clock_timestamp(), n.commit, e.mirrored
        FROM millrace_epoch e JOIN millrace_lane n USING (lane) WHERE e.epoch = :epoch
      """;

  private static final List<String> FORGET_ABOVE_BLOCK =
      List.of(
          "DELETE FROM millrace_block WHERE chain = ? AND number > ?",
          "DELETE FROM millrace_contract WHERE chain = ? AND block > ?");

  // In the order in which the relay locks them. A run that exists is recalled, in its turn.
  private static final String RECALL_TRIGGERS =
      """
      WITH locked AS MATERIALIZED (
        SELECT seq FROM millrace_trigger
         WHERE chain = ? AND block > ? AND NOT is_recall
         ORDER BY seq FOR UPDATE),
      undone AS (
        DELETE FROM millrace_trigger t USING locked l WHERE t.seq = l.seq RETURNING t.*)
      INSERT INTO millrace_trigger
             (chain, block, block_hash, log_index, ordinal, job, moment, input, run, is_recall)
      SELECT chain, block, block_hash, log_index, ordinal, job, moment, '', run, true
        FROM undone
       WHERE run IS NOT NULL
       ORDER BY seq
      """;

  private static final String FORGET_EFFECTS =
      "DELETE FROM millrace_effect WHERE chain = ? AND checkpoint > ?";

  private final Handle handle;
  private final LaneEpoch epochs;
  private final String lane;
  private final long chain;
  private final Failpoint failpoint;

  /** The lane's row at the start of the rewind. */
  private record LockedLane(long epoch, Frontier frontier, OptionalLong finalBlock) {}

  /** The position to which the lane goes back; its hash is null before the first block. */
  private record Target(
      long block, @Nullable Bytes32 hash, @Nullable OffsetDateTime time, long checkpoint) {
    static final Target NOWHERE = new Target(-1, null, null, 0);

    Source.@Nullable BlockRef place() {
      return hash == null ? null : new Source.BlockRef(block, hash);
    }
  }

  RewindTransaction(CommitSession session, LaneEpoch epochs, String lane, Failpoint failpoint) {
    this.handle = session.handle();
    this.epochs = epochs;
    this.lane = lane;
    this.chain = Takeover.chain(lane);
    this.failpoint = failpoint;
  }

  /** Undoes everything above a block, unless an earlier try has done so. */
  Frontier run(Source.@Nullable BlockRef to, List<EntityTable<?>> tables) throws SQLException {
    handle.begin();
    LockedLane found =
        handle.createQuery(LOCK).bind("lane", lane).map((row, _) -> found(row)).one();
    epochs.refuseIfTakenOver(lane, found.epoch);
    if (epochs.isRewinding() && found.epoch == epochs.next()) {
      handle.rollback();
      return found.frontier;
    }
    Frontier rewound = goBack(found, to, tables);
    openNextEpoch(rewound.checkpoint());
    failpoint.reached(Failpoint.Point.REWINDING, epochs.next());
    handle.commit();
    failpoint.reached(Failpoint.Point.AFTER_REWIND, epochs.next());
    return rewound;
  }

  private static LockedLane found(ResultSet row) throws SQLException {
    long last = row.getLong("final_block");
    OptionalLong finalBlock = row.wasNull() ? OptionalLong.empty() : OptionalLong.of(last);
    long epoch = row.getLong("epoch");
    return new LockedLane(epoch, Takeover.frontier(epoch, row), finalBlock);
  }

  private Frontier goBack(
      LockedLane found, Source.@Nullable BlockRef to, List<EntityTable<?>> tables)
      throws SQLException {
    Frontier frontier = found.frontier;
    Source.BlockRef place = frontier.place();
    if (place == null || place.equals(to) || (to != null && place.block() < to.block())) {
      return new Frontier(epochs.next(), frontier.commit(), frontier.checkpoint(), place);
    }
    Target target = target(found, to);
    stepBack(target);
    for (EntityTable<?> table : tables) {
      update(table.restore(chain), target.checkpoint, target.checkpoint);
    }
    for (String sql : FORGET_ABOVE_BLOCK) {
      update(sql, chain, target.block);
    }
    update(RECALL_TRIGGERS, chain, target.block);
    update(FORGET_EFFECTS, chain, target.checkpoint);
    return new Frontier(epochs.next(), frontier.commit(), target.checkpoint, target.place());
  }

  private Target target(LockedLane found, Source.@Nullable BlockRef to) {
    long block = to == null ? -1 : to.block();
    if (found.finalBlock.isPresent() && block < found.finalBlock.getAsLong()) {
      throw tooDeep(found, to);
    }
    if (to == null) {
      return Target.NOWHERE;
    }
    Target kept =
        handle
            .createQuery(SURVIVOR)
            .bind("chain", chain)
            .bind("block", block)
            .map((row, _) -> target(row))
            .findOne()
            .orElseThrow(() -> tooDeep(found, to));
    if (kept.block == block && !to.equals(kept.place())) {
      throw new MillraceException(
          Remedy.REPORT_BUG,
          "block to go back to is on another branch than the lane: lane=%s block=%d hash=%s"
              .formatted(lane, block, to.hash()));
    }
    return new Target(block, to.hash(), kept.time, kept.checkpoint);
  }

  private static Target target(ResultSet row) throws SQLException {
    return new Target(
        row.getLong("number"),
        Bytes32.of(row.getBytes("hash")),
        row.getObject("time", OffsetDateTime.class),
        row.getLong("checkpoint"));
  }

  private MillraceException tooDeep(LockedLane found, Source.@Nullable BlockRef to) {
    Source.BlockRef place = found.frontier.place();
    return new MillraceException(
        Remedy.FIX_SETUP,
        """
        reorg goes deeper than what can be undone: lane=%s to=%s final=%s standing=%s
        Nothing was touched. If the endpoints are on the wrong chain or behind, put that right and \
        start again: the lane goes on where it stands. If the chain has indeed replaced blocks \
        that were final, `reset` deletes the schema and indexes anew.\
        """
            .formatted(
                lane,
                to == null ? "before the first block" : to.block(),
                found.finalBlock.isPresent() ? found.finalBlock.getAsLong() : "none",
                place == null ? "nowhere" : place.block()));
  }

  private void stepBack(Target target) {
    Bytes32 hash = target.hash;
    handle
        .createUpdate(STEP_BACK)
        .bind("checkpoint", target.checkpoint)
        .bind("block", hash == null ? null : target.block)
        .bind("hash", hash == null ? null : hash.bytes())
        .bind("time", target.time)
        .bind("lane", lane)
        .execute();
  }

  private void openNextEpoch(long checkpoint) {
    bound(NEXT_EPOCH).execute();
    bound(END_EPOCHS).bind("checkpoint", checkpoint).execute();
    bound(OPEN_EPOCH).execute();
  }

  private Update bound(String sql) {
    return handle
        .createUpdate(sql)
        .bind("lane", lane)
        .bind("epoch", epochs.current())
        .bind("next", epochs.next());
  }

  private void update(String sql, long first, long second) throws SQLException {
    try (PreparedStatement statement = handle.getConnection().prepareStatement(sql)) {
      statement.setLong(1, first);
      statement.setLong(2, second);
      statement.executeUpdate();
    }
  }
}
