package dev.millrace.postgres;

import static java.util.Objects.requireNonNull;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.CommitGroup;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.pipeline.SourceBlock;
import java.sql.SQLException;
import java.time.ZoneOffset;
import java.util.List;
import org.jdbi.v3.core.Handle;

/**
 * The transaction that makes a group durable.
 *
 * <p>It first updates the lane's row, which takes the lock: a second writer, or our own commit
 * whose reply was lost, is detected there and not later as a duplicate key.
 *
 * <ol>
 *   <li>Outside the transaction: {@link LaneTables#prepare} sorts the rows and creates the
 *       temporary tables.
 *   <li>BEGIN, and the UPDATE of the lane's row.
 *   <li>Per entity with changes ({@link EntityTableWriter}): the undo log if the group is
 *       reversible, the deletes, the COPY of the inserts, the updates, the upserts. The temporary
 *       table is truncated between updates and upserts if both go through it.
 *   <li>Blocks, discovered contracts, answers of effects and triggers of jobs ({@link
 *       BookkeepingTables}).
 *   <li>The deletion of what no rewind needs any more ({@link Pruning}).
 *   <li>COMMIT.
 * </ol>
 *
 * <p>The mirror has the rows before and shows them later: {@code CommitStage} publishes the new end
 * of the epoch after the commit.
 */
final class CommitTransaction {
  // Naming the commit we follow turns a second writer into zero updated rows, which we can see.
  private static final String ADVANCE =
      """
      UPDATE millrace_lane
         SET commit = :commit, checkpoint = :checkpoint, block = :block, block_hash = :hash,
             block_time = :time, committed = clock_timestamp()
       WHERE lane = :lane
         AND epoch = :epoch
         AND commit = :commit - 1
      """;

  private static final String READ_EPOCH_AND_COMMIT =
      "SELECT epoch, commit FROM millrace_lane WHERE lane = :lane";

  private final CommitSession session;
  private final String lane;
  private final LaneEpoch epochs;
  private final Failpoint failpoint;

  CommitTransaction(CommitSession session, String lane, LaneEpoch epochs, Failpoint failpoint) {
    this.session = session;
    this.lane = lane;
    this.epochs = epochs;
    this.failpoint = failpoint;
  }

  /** Writes the changes of the group, unless an earlier try has done so. */
  void run(CommitGroup group, CommitErrorContext blame, LaneTables tables) throws SQLException {
    List<EntityTableWriter.Write> prepared = tables.prepare(session, group);
    Handle handle = session.handle();
    failpoint.reached(Failpoint.Point.BEFORE_BEGIN, group.number());
    handle.begin();
    if (!advance(handle, group)) {
      handle.rollback();
      return;
    }
    tables.write(session.connection(), group, prepared, blame);
    failpoint.reached(Failpoint.Point.AFTER_WRITES, group.number());
    failpoint.reached(Failpoint.Point.BEFORE_COMMIT, group.number());
    handle.commit();
    tables.committed();
    failpoint.reached(Failpoint.Point.AFTER_COMMIT, group.number());
  }

  /**
   * Advances the lane's row, fenced by epoch and number of the commit; false if an earlier try has
   * committed the group.
   */
  private boolean advance(Handle handle, CommitGroup group) {
    SourceBlock block = group.last().batch().last();
    int advanced =
        handle
            .createUpdate(ADVANCE)
            .bind("commit", group.number())
            .bind("checkpoint", group.checkpoint())
            .bind("block", block.number())
            .bind("hash", block.hash().bytes())
            .bind("time", requireNonNull(block.timestamp(), "timestamp").atOffset(ZoneOffset.UTC))
            .bind("lane", lane)
            .bind("epoch", epochs.current())
            .execute();
    return advanced == 1 || !hasSucceeded(handle, group);
  }

  private boolean hasSucceeded(Handle handle, CommitGroup group) {
    long[] stored =
        handle
            .createQuery(READ_EPOCH_AND_COMMIT)
            .bind("lane", lane)
            .map((row, _) -> new long[] {row.getLong(1), row.getLong(2)})
            .one();
    epochs.refuseIfTakenOver(lane, stored[0]);
    if (stored[1] == group.number()) {
      return true;
    }
    if (stored[1] == group.number() - 1) {
      throw new MillraceException(
          Remedy.RETRY, "commit lost a race for its lane: commit=" + group.number());
    }
    // A failover may lose durable commits: a restart continues from the remaining ones.
    throw new MillraceException(
        Remedy.RESTART,
        "database is not where this lane has left it, as after a failover that lost commits: "
            + "commit=%d last=%d".formatted(group.number(), stored[1]));
  }
}
