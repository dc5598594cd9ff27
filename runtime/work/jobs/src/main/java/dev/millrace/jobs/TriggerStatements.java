package dev.millrace.jobs;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.postgres.client.SqlIdentifiers;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The statements of a trigger. They name the schema and use plain parameters, because they also run
 * in the transaction of a caller, over a connection of its own.
 *
 * <p>A run is inserted, and a key that another run has makes the insert do nothing, so that no
 * transaction of a caller fails. What was not inserted is then looked up.
 */
final class TriggerStatements {
  private static final int MAX_LOOKS = 100;

  private final String ids;
  private final String insert;
  private final String existing;
  private final String pending;
  private final String merge;
  private final String notify;
  private final JobSecrets secrets;

  TriggerStatements(String schema, JobSecrets secrets) {
    this.secrets = secrets;
    String in = SqlIdentifiers.quoted(schema) + ".";
    ids =
        "SELECT nextval(pg_get_serial_sequence('%srun', 'id')) FROM generate_series(1, ?)"
            .formatted(in.replace("'", "''"));
    // A run with a key passes the gate TIME, where one transaction after the other looks at keys.
    insert =
        """
        WITH made AS (
          INSERT INTO @run (id, job, queue, priority, max_lost_claims, due_at, gate, wake_at,
                            deadline, exclusive_key, serial, coalescing_key, idempotency_key,
                            parent, parent_step, item_key, retry_of, input, labels)
          SELECT w.id, w.job, w.queue, w.priority, w.lost,
                 clock_timestamp() + w.delay * interval '1 millisecond',
                 (CASE WHEN w.ready THEN 'READY' ELSE 'TIME' END)::@run_gate,
                 CASE WHEN NOT w.ready
                      THEN clock_timestamp()
                           + CASE WHEN w.serial THEN 0 ELSE w.delay END * interval '1 millisecond'
                 END,
                 clock_timestamp() + w.deadline * interval '1 millisecond',
                 w.exclusive, w.serial, w.coalescing, w.idempotency, w.parent, w.parent_step,
                 w.item, w.retry_of, w.input::jsonb, w.labels::jsonb
            FROM unnest(?::bigint[], ?::text[], ?::text[], ?::integer[], ?::integer[],
                        ?::bigint[], ?::boolean[], ?::bigint[], ?::text[], ?::boolean[],
                        ?::text[], ?::text[], ?::bigint[], ?::text[], ?::text[], ?::bigint[],
                        ?::text[], ?::text[])
                 AS w (id, job, queue, priority, lost, delay, ready, deadline, exclusive, serial,
                       coalescing, idempotency, parent, parent_step, item, retry_of, input, labels)
           ORDER BY w.id
          ON CONFLICT DO NOTHING
          RETURNING id)
        INSERT INTO @event (run, type) SELECT id, 'triggered' FROM made ORDER BY id
        RETURNING run
        """
            .replace("@", in);
    existing = "SELECT id FROM @run WHERE job = ? AND idempotency_key = ?".replace("@", in);
    pending =
        """
        SELECT id, input FROM @run
         WHERE job = ? AND coalescing_key = ? AND state = 'PENDING' AND started_at IS NULL
           FOR NO KEY UPDATE
        """
            .replace("@", in);
    merge =
        """
        WITH merged AS (UPDATE @run SET input = ?::jsonb WHERE id = ? RETURNING id)
        INSERT INTO @event (run, type) SELECT id, 'merged' FROM merged
        """
            .replace("@", in);
    notify = "SELECT pg_notify(?, '')";
  }

  /** Inserts runs; in the order of the list. */
  List<TriggeredRun> trigger(Connection connection, String channel, List<NewRun> runs)
      throws SQLException {
    if (runs.isEmpty()) {
      return List.of();
    }
    for (NewRun run : runs) {
      secrets.refuse(run.input(), "input of job " + run.job().name());
    }
    List<Long> drawn = draw(connection, runs.size());
    Set<Long> made = insert(connection, runs, drawn);
    List<TriggeredRun> triggered = new ArrayList<>(runs.size());
    for (int i = 0; i < runs.size(); i++) {
      triggered.add(
          made.contains(drawn.get(i))
              ? new TriggeredRun(drawn.get(i), TriggeredRun.Disposition.CREATED)
              : find(connection, runs.get(i)));
    }
    try (PreparedStatement statement = connection.prepareStatement(notify)) {
      statement.setString(1, channel);
      statement.executeQuery().close();
    }
    return triggered;
  }

  private List<Long> draw(Connection connection, int count) throws SQLException {
    List<Long> drawn = new ArrayList<>(count);
    try (PreparedStatement statement = connection.prepareStatement(ids)) {
      statement.setInt(1, count);
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          drawn.add(rows.getLong(1));
        }
      }
    }
    return drawn;
  }

  private Set<Long> insert(Connection connection, List<NewRun> runs, List<Long> drawn)
      throws SQLException {
    Set<Long> made = new HashSet<>();
    try (PreparedStatement statement = connection.prepareStatement(insert)) {
      Columns columns = new Columns(connection, statement, runs);
      columns.bind("bigint", drawn.toArray());
      columns.bind("text", run -> run.job().name());
      columns.bind("text", run -> run.job().queue());
      columns.bind("integer", NewRun::priority);
      columns.bind("integer", run -> run.job().maxLostClaims());
      columns.bind("bigint", run -> run.delay().toMillis());
      columns.bind("boolean", NewRun::isReady);
      columns.bind("bigint", run -> run.deadline() == null ? null : run.deadline().toMillis());
      columns.bind("text", run -> run.keys().exclusive());
      columns.bind("boolean", run -> run.keys().serial());
      columns.bind("text", run -> run.keys().coalescing());
      columns.bind("text", run -> run.keys().idempotency());
      columns.bind("bigint", run -> run.origin() == null ? null : run.origin().parent());
      columns.bind("text", run -> run.origin() == null ? null : run.origin().parentStep());
      columns.bind("text", run -> run.origin() == null ? null : run.origin().itemKey());
      columns.bind("bigint", run -> run.origin() == null ? null : run.origin().retryOf());
      columns.bind("text", NewRun::input);
      columns.bind("text", NewRun::labels);
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          made.add(rows.getLong(1));
        }
      }
    }
    return made;
  }

  /** Binds one array after the other; by JDBC's own arrays, which any connection knows. */
  private static final class Columns {
    private final Connection connection;
    private final PreparedStatement statement;
    private final List<NewRun> runs;
    private int index = 1;

    private Columns(Connection connection, PreparedStatement statement, List<NewRun> runs) {
      this.connection = connection;
      this.statement = statement;
      this.runs = runs;
    }

    private void bind(String type, Function<NewRun, @Nullable Object> value) throws SQLException {
      @Nullable Object[] values = new Object[runs.size()];
      for (int i = 0; i < values.length; i++) {
        values[i] = value.apply(runs.get(i));
      }
      bind(type, values);
    }

    private void bind(String type, @Nullable Object[] values) throws SQLException {
      Array array = connection.createArrayOf(type, values);
      statement.setArray(index++, array);
    }
  }

  /** Returns the run whose key has kept another one from being made. */
  private TriggeredRun find(Connection connection, NewRun run) throws SQLException {
    for (int looks = 0; looks < MAX_LOOKS; looks++) {
      Optional<TriggeredRun> found = existing(connection, run);
      if (found.isEmpty()) {
        found = merged(connection, run);
      }
      if (found.isPresent()) {
        return found.get();
      }
      // It has started, or was purged, since.
      List<Long> drawn = draw(connection, 1);
      if (!insert(connection, List.of(run), drawn).isEmpty()) {
        return new TriggeredRun(drawn.getFirst(), TriggeredRun.Disposition.CREATED);
      }
    }
    throw new MillraceException(
        Remedy.RETRY,
        "runs of one key come and go while this one is triggered: job=" + run.job().name());
  }

  private Optional<TriggeredRun> existing(Connection connection, NewRun run) throws SQLException {
    String key = run.keys().idempotency();
    if (key == null) {
      return Optional.empty();
    }
    try (PreparedStatement statement = connection.prepareStatement(existing)) {
      statement.setString(1, run.job().name());
      statement.setString(2, key);
      try (ResultSet row = statement.executeQuery()) {
        return row.next()
            ? Optional.of(new TriggeredRun(row.getLong(1), TriggeredRun.Disposition.EXISTING))
            : Optional.empty();
      }
    }
  }

  private Optional<TriggeredRun> merged(Connection connection, NewRun run) throws SQLException {
    String key = run.keys().coalescing();
    if (key == null) {
      return Optional.empty();
    }
    try (PreparedStatement statement = connection.prepareStatement(pending)) {
      statement.setString(1, run.job().name());
      statement.setString(2, key);
      try (ResultSet row = statement.executeQuery()) {
        if (!row.next()) {
          return Optional.empty();
        }
        long id = row.getLong(1);
        merge(connection, id, merged(run.job(), row.getString(2), run.input(), id));
        return Optional.of(new TriggeredRun(id, TriggeredRun.Disposition.MERGED));
      }
    }
  }

  private void merge(Connection connection, long id, String input) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(merge)) {
      statement.setString(1, input);
      statement.setLong(2, id);
      statement.executeUpdate();
    }
  }

  private static <I> String merged(Job<I, ?> job, String earlier, String later, long id) {
    String what = "input of job " + job.name();
    I merged =
        job.merge(
                JobJson.decode(earlier, job.inputType(), what),
                JobJson.decode(later, job.inputType(), what))
            .orElseThrow(() ->
                new MillraceException(
                    Remedy.FIX_HANDLER,
                    "a run of this coalescing key has not started yet: job=%s run=%d; give the job a function that merges inputs"
                        .formatted(job.name(), id)));
    return JobJson.encode(merged, what);
  }
}
