package dev.millrace.postgres;

import dev.millrace.loaders.Bytes32;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.Frontier;
import dev.millrace.pipeline.Source;
import dev.millrace.postgres.client.Backend;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

/**
 * Takes a lane over in one transaction: ends the sessions of the previous holder, moves the lane to
 * a new epoch, and closes the old epoch at the checkpoint found by that same update.
 *
 * <p>The lease only decides who may try. A holder that was fenced by mistake loses its session and
 * its epoch, and can commit nothing any more.
 */
final class Takeover {
  /** Another process may lock the lane's row at this moment; then the holder is looked up again. */
  private static final String LOCK_TIMEOUT = "SET LOCAL lock_timeout = '500ms'";

  /** A process that stops in the middle of a few quick statements must not keep others out. */
  static final String IDLE_TIMEOUT = "SET LOCAL idle_in_transaction_session_timeout = '3s'";

  // NOT EXISTS comes first: ON CONFLICT alone waits for a holder in the middle of a commit, for
  // ever if that holder is stopped.
  private static final String BEGIN_LANE =
      """
      INSERT INTO millrace_lane (lane, chain, epoch, commit, checkpoint)
      SELECT :lane, :chain, 0, 0, 0
       WHERE NOT EXISTS (SELECT FROM millrace_lane WHERE lane = :lane)
          ON CONFLICT DO NOTHING
      """;

  private static final String BEGIN_LEASE =
      """
      INSERT INTO millrace_lease (lane, epoch, expires)
      SELECT :lane, 0, '-infinity'
       WHERE NOT EXISTS (SELECT FROM millrace_lease WHERE lane = :lane)
          ON CONFLICT DO NOTHING
      """;

  // A separate statement: the next one then sees the changes of the processes ahead in the queue.
  private static final String LOCK_LEASE =
      "SELECT epoch FROM millrace_lease WHERE lane = :lane FOR UPDATE";

  private static final String READ_HOLDER =
      """
      SELECT l.host, l.pid, l.since, %s AS held
        FROM millrace_lease l JOIN millrace_lane n USING (lane)
       WHERE lane = :lane
      """
          .formatted(LaneRegistry.IS_LEASED);

  private static final String SESSIONS =
      """
      SELECT backend_pid, backend_start FROM millrace_lane WHERE lane = :lane AND backend_pid > 0
      UNION ALL
      SELECT backend_pid, backend_start FROM millrace_lease WHERE lane = :lane AND backend_pid > 0
      """;

  static final String NEXT_EPOCH = "SELECT nextval('millrace_epochs')";

  // Locks the row first: RETURNING then yields the end of exactly that epoch.
  private static final String OLD_EPOCH =
      "SELECT epoch FROM millrace_lane WHERE lane = :lane FOR UPDATE";

  private static final String OPEN_LANE_EPOCH =
      """
      UPDATE millrace_lane
         SET epoch = :next, backend_pid = :pid, backend_start = :started
       WHERE lane = :lane
      RETURNING commit, checkpoint, block, block_hash
      """;

  private static final String CLOSE_EPOCH =
      "UPDATE millrace_epoch SET last_checkpoint = :checkpoint WHERE epoch = :old";

  private static final String OPEN_EPOCH =
      """
      INSERT INTO millrace_epoch (epoch, lane, host, pid, opened, followed, mirrored)
      VALUES (:next, :lane, :host, :pid, clock_timestamp(), :followed, :mirrored)
      """;

  private static final String LEASE =
      """
      UPDATE millrace_lease
         SET epoch = :next, expires = clock_timestamp() + :millis * interval '1 millisecond',
             host = :host, pid = :pid, since = clock_timestamp(),
             backend_pid = NULL, backend_start = NULL
       WHERE lane = :lane
      """;

  private final Handle handle;
  private final ProcessIdentity self;
  private final String lane;
  private final Duration lease;

  /**
   * This process, as others see it.
   *
   * @param mirrored true if its commits go to the mirror first
   */
  record ProcessIdentity(String host, long pid, boolean mirrored) {}

  Takeover(Handle handle, ProcessIdentity self, String lane, Duration lease) {
    this.handle = handle;
    this.self = self;
    this.lane = lane;
    this.lease = lease;
  }

  /** Returns the chain id of a lane, which is part of the key of every row. */
  static long chain(String lane) {
    try {
      return Long.parseLong(lane);
    } catch (NumberFormatException _) {
      throw new MillraceException(
          Remedy.FIX_SETUP, "lane must be named by the number of its chain: lane=" + lane);
    }
  }

  void begin() {
    handle.createUpdate(BEGIN_LANE).bind("lane", lane).bind("chain", chain(lane)).execute();
    handle.createUpdate(BEGIN_LEASE).bind("lane", lane).execute();
  }

  /** The outcome of one takeover attempt. */
  sealed interface Outcome {
    record Taken(Frontier frontier, Backend backend) implements Outcome {}

    record HeldByAnother(LeaseHolder holder) implements Outcome {}
  }

  Outcome attempt() {
    return handle.inTransaction(_ -> {
      handle.execute(LOCK_TIMEOUT);
      handle.execute(IDLE_TIMEOUT);
      handle.createQuery(LOCK_LEASE).bind("lane", lane).mapTo(Long.class).one();
      Optional<LeaseHolder> holder =
          handle.createQuery(READ_HOLDER).bind("lane", lane).map((row, _) -> holderOf(row)).one();
      return holder.isPresent() ? new Outcome.HeldByAnother(holder.get()) : take();
    });
  }

  private static Optional<LeaseHolder> holderOf(ResultSet row) throws SQLException {
    return row.getBoolean("held") ? Optional.of(LaneRegistry.holder(row)) : Optional.empty();
  }

  /** Takes the lane from its former holder; the caller has found the lease expired. */
  Outcome take() {
    List<Backend> former =
        handle
            .createQuery(SESSIONS)
            .bind("lane", lane)
            .map((row, _) -> new Backend(row.getInt(1), row.getObject(2, OffsetDateTime.class)))
            .list();
    former.forEach(session -> session.terminate(handle));
    // Drawn under the row's lock: a fenced holder cannot draw a greater epoch and still use it.
    long old = handle.createQuery(OLD_EPOCH).bind("lane", lane).mapTo(Long.class).one();
    long next = handle.createQuery(NEXT_EPOCH).mapTo(Long.class).one();
    Backend own = Backend.of(handle);
    Frontier frontier =
        handle
            .createQuery(OPEN_LANE_EPOCH)
            .bind("next", next)
            .bind("pid", own.pid())
            .bind("started", own.started())
            .bind("lane", lane)
            .map((row, _) -> frontier(next, row))
            .one();
    handle
        .createUpdate(CLOSE_EPOCH)
        .bind("checkpoint", frontier.checkpoint())
        .bind("old", old)
        .execute();
    handle
        .createUpdate(OPEN_EPOCH)
        .bind("next", next)
        .bind("lane", lane)
        .bind("host", self.host())
        .bind("pid", self.pid())
        .bind("followed", frontier.commit())
        .bind("mirrored", self.mirrored())
        .execute();
    handle
        .createUpdate(LEASE)
        .bind("next", next)
        .bind("millis", lease.toMillis())
        .bind("host", self.host())
        .bind("pid", self.pid())
        .bind("lane", lane)
        .execute();
    return new Outcome.Taken(frontier, own);
  }

  static Frontier frontier(long epoch, ResultSet row) throws SQLException {
    return new Frontier(epoch, row.getLong("commit"), row.getLong("checkpoint"), place(row));
  }

  private static Source.@Nullable BlockRef place(ResultSet row) throws SQLException {
    byte[] hash = row.getBytes("block_hash");
    return hash == null ? null : new Source.BlockRef(row.getLong("block"), Bytes32.of(hash));
  }
}
