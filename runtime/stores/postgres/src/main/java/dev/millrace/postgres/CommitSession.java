package dev.millrace.postgres;

import dev.millrace.loaders.EntityType;
import dev.millrace.postgres.client.Backend;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;
import org.jdbi.v3.core.Handle;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyManager;

/**
 * The connection that commits for one lane, until it breaks, with its temporary tables. Confined to
 * the commit thread, except {@link #abort}.
 */
final class CommitSession {
  // Commits replace rows by key. Plans are pinned for the whole session to nested loops over the
  // key, independent of PostgreSQL's estimate of a table's size.
  private static final String PREPARE =
      """
      SELECT set_config('tcp_keepalives_idle', '10', false),
             set_config('tcp_keepalives_interval', '5', false),
             set_config('tcp_keepalives_count', '3', false),
             set_config('client_connection_check_interval', '1s', false),
             set_config('plan_cache_mode', 'force_generic_plan', false),
             set_config('enable_hashjoin', 'off', false),
             set_config('enable_mergejoin', 'off', false),
             set_config('enable_seqscan', 'off', false),
             set_config('synchronous_commit',
                        replace(current_setting('synchronous_commit'), 'off', 'on'), false)
      """;

  private static final String READ_EPOCH = "SELECT epoch FROM millrace_lane WHERE lane = :lane";

  // The lost session may finish its rewind while this waits for the row.
  private static final String REGISTER =
      """
      UPDATE millrace_lane SET backend_pid = :pid, backend_start = :started
       WHERE lane = :lane AND epoch IN (:epoch, :next)
      """;

  private final Handle handle;
  private final Backend backend;
  private final Map<EntityType<?>, String> staging = new HashMap<>();

  private CommitSession(Handle handle, Backend backend) {
    this.handle = handle;
    this.backend = backend;
  }

  /** Wraps a session that has just taken its lane over. */
  static CommitSession of(Handle handle, Backend backend) {
    prepare(handle);
    return new CommitSession(handle, backend);
  }

  /**
   * Opens a new session after the last one was lost. It passes the fence before it registers, and
   * ends the lost session, which may still hold the lane's row without noticing that its client is
   * gone.
   */
  static CommitSession reconnect(Handle handle, String lane, LaneEpoch epochs, Backend lost) {
    epochs.refuseIfTakenOver(lane, epoch(handle, lane));
    lost.terminate(handle);
    Backend own = Backend.of(handle);
    int registered =
        handle
            .createUpdate(REGISTER)
            .bind("pid", own.pid())
            .bind("started", own.started())
            .bind("lane", lane)
            .bind("epoch", epochs.current())
            .bind("next", epochs.next())
            .execute();
    if (registered == 0) {
      epochs.refuseIfTakenOver(lane, epoch(handle, lane));
    }
    return of(handle, own);
  }

  private static long epoch(Handle handle, String lane) {
    return handle.createQuery(READ_EPOCH).bind("lane", lane).mapTo(Long.class).one();
  }

  private static void prepare(Handle handle) {
    handle.createQuery(PREPARE).map((row, _) -> row.getString(1)).one();
  }

  Handle handle() {
    return handle;
  }

  Backend backend() {
    return backend;
  }

  Connection connection() {
    return handle.getConnection();
  }

  CopyManager copies() throws SQLException {
    return connection().unwrap(PGConnection.class).getCopyAPI();
  }

  /** Returns the temporary table of an entity, to be created before a transaction begins. */
  <E> String staging(EntityTable<E> table) {
    return staging.computeIfAbsent(
        table.type(),
        _ -> {
          String name = "pg_temp.millrace_staging_" + staging.size();
          handle.execute(table.createStaging(name));
          return name;
        });
  }

  /** Aborts the statement or transaction under way, which the server rolls back. Any thread. */
  void abort() {
    try {
      connection().abort(Runnable::run);
    } catch (SQLException gone) {
      close();
    }
  }

  void close() {
    try {
      connection().close();
    } catch (SQLException _) {
      // The connection is already gone, which is all that is needed.
    }
  }
}
