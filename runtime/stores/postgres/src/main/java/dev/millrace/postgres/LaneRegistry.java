package dev.millrace.postgres;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.postgres.client.Backend;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

/** The lanes of a schema and their holders. */
final class LaneRegistry {
  /**
   * True while a lane is held: its lease has not expired and one of its sessions exists. A session
   * whose start time we may not see counts as existing; then the lease alone decides.
   */
  static final String IS_LEASED =
      """
      l.expires > clock_timestamp() AND EXISTS (
         SELECT FROM pg_stat_activity a
          WHERE (a.pid = l.backend_pid AND coalesce(a.backend_start = l.backend_start, true))
             OR (a.pid = n.backend_pid AND coalesce(a.backend_start = n.backend_start, true)))
      """;

  private static final String ALL =
      """
      SELECT n.lane, n.epoch, n.commit, n.checkpoint, n.block, n.committed,
             l.host, l.pid, l.since, %s AS held
        FROM millrace_lane n JOIN millrace_lease l USING (lane)
       ORDER BY n.chain
      """
          .formatted(IS_LEASED);

  private static final String FORMER_SESSIONS =
      """
      SELECT n.lane, s.backend_pid AS pid, s.backend_start
        FROM millrace_lane n JOIN millrace_lease l USING (lane)
             CROSS JOIN LATERAL (VALUES (n.backend_pid, n.backend_start),
                                        (l.backend_pid, l.backend_start))
                                AS s (backend_pid, backend_start)
       WHERE s.backend_pid > 0 AND NOT (%s)
      """
          .formatted(IS_LEASED);

  private final Handle handle;

  LaneRegistry(Handle handle) {
    this.handle = handle;
  }

  List<StoreStatus.LaneState> all() {
    return handle.createQuery(ALL).map((row, _) -> state(row)).list();
  }

  private static StoreStatus.LaneState state(ResultSet row) throws SQLException {
    long block = row.getLong("block");
    return new StoreStatus.LaneState(
        row.getString("lane"),
        row.getLong("epoch"),
        row.getLong("commit"),
        row.getLong("checkpoint"),
        row.wasNull() ? OptionalLong.empty() : OptionalLong.of(block),
        Optional.ofNullable(instant(row, "committed")),
        row.getBoolean("held") ? Optional.of(holder(row)) : Optional.empty());
  }

  static LeaseHolder holder(ResultSet row) throws SQLException {
    String host = row.getString("host");
    Instant since = instant(row, "since");
    return new LeaseHolder(
        host == null ? "unknown" : host, row.getLong("pid"), since == null ? Instant.EPOCH : since);
  }

  private static @Nullable Instant instant(ResultSet row, String column) throws SQLException {
    OffsetDateTime time = row.getObject(column, OffsetDateTime.class);
    return time == null ? null : time.toInstant();
  }

  /**
   * Ends the sessions of processes that have lost their lanes: one that was stopped may hold locks,
   * and would go on where it stands.
   */
  void endFormerHolders() {
    handle
        .createQuery(FORMER_SESSIONS)
        .map((row, _) -> Backend.read(row))
        .list()
        .forEach(session -> session.terminate(handle));
  }

  /** Moves every lane to a new epoch without a holder: a former holder can commit no more. */
  void fence() {
    for (StoreStatus.LaneState lane : all()) {
      boolean mirrored =
          handle
              .createQuery("SELECT mirrored FROM millrace_epoch WHERE epoch = :epoch")
              .bind("epoch", lane.epoch())
              .mapTo(Boolean.class)
              .findOne()
              .orElse(false);
      ProcessHandle self = ProcessHandle.current();
      new Takeover(
              handle,
              new Takeover.ProcessIdentity("", self.pid(), mirrored),
              lane.lane(),
              Duration.ZERO)
          .take();
    }
  }

  /** Refuses while a process has a lane, and keeps others from taking one until the end. */
  void requireFree(String refused) {
    endFormerHolders();
    handle.execute("LOCK TABLE millrace_lease IN EXCLUSIVE MODE");
    for (StoreStatus.LaneState lane : all()) {
      if (lane.holder().isPresent()) {
        throw new MillraceException(
            Remedy.YIELD,
            "%s while a process holds a lane: lane=%s %s"
                .formatted(refused, lane.lane(), lane.holder().get()));
      }
    }
  }
}
