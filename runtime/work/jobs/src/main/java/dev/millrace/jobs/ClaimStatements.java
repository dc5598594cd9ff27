package dev.millrace.jobs;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** The statements that open gates and claim runs. */
final class ClaimStatements {
  private static final int MAX_MOVES = 1_000;

  // The time of the statement, as no index is searched for a time that changes from row to row.
  private static final String DUE =
      """
      SELECT id, exclusive_key, holds_key
        FROM run
       WHERE gate IN ('TIME', 'WAIT') AND wake_at <= statement_timestamp()
       ORDER BY wake_at
       LIMIT 1000
         FOR UPDATE SKIP LOCKED
      """;

  // The transaction that ends the holder waits for this lock, and then sees the runs behind it.
  private static final String HOLDERS =
      """
      SELECT exclusive_key FROM run WHERE holds_key AND exclusive_key = ANY (?)
       ORDER BY id FOR SHARE
      """;

  private static final String OPEN =
      """
      UPDATE run
         SET gate = 'READY', wake_at = NULL, waits_for = NULL,
             holds_key = exclusive_key IS NOT NULL
       WHERE id = ANY (?)
      """;

  private static final String BEHIND_KEY =
      "UPDATE run SET gate = 'KEY', wake_at = NULL WHERE id = ANY (?)";

  // Each job has its own range of the index, so that runs of unknown jobs are never read.
  private static final String CLAIM =
      """
      WITH ready AS (
        SELECT c.id, w.queue, w.free,
               row_number() OVER (PARTITION BY w.queue
                                  ORDER BY c.priority DESC, c.due_at, c.id) AS place
          FROM unnest(?::text[], ?::text[], ?::integer[], ?::integer[])
               AS w (queue, job, version, free)
         CROSS JOIN LATERAL (
           SELECT id, priority, due_at
             FROM run
            WHERE gate = 'READY' AND queue = w.queue AND job = w.job
              AND (version IS NULL OR version = w.version)
            ORDER BY priority DESC, due_at, id
            LIMIT w.free
              FOR UPDATE SKIP LOCKED) AS c)
      UPDATE run r
         SET state = 'RUNNING', gate = NULL, worker = ?, token = r.token + 1, version = v.version,
             started_at = coalesce(r.started_at, clock_timestamp())
        FROM ready
        JOIN unnest(?::bigint[]) AS s (session) ON true
        JOIN worker ON worker.session = s.session AND worker.expires_at > clock_timestamp(),
             unnest(?::text[], ?::integer[]) AS v (job, version)
       WHERE r.id = ready.id AND ready.place <= ready.free AND v.job = r.job
      RETURNING r.id, r.job, r.queue, r.token, r.failures, r.interruptions,
                extract(epoch FROM r.deadline - clock_timestamp()) * 1000, r.cancel_at IS NOT NULL,
                r.input, r.contention, r.token > 1 OR r.retry_of IS NOT NULL, r.labels
      """;

  // All that an idle worker asks, in one statement a second.
  private static final String POLL =
      """
      SELECT EXISTS (SELECT
                       FROM unnest(?::text[], ?::text[], ?::integer[]) AS w (queue, job, version)
                       JOIN run r ON r.gate = 'READY' AND r.queue = w.queue AND r.job = w.job
                        AND (r.version IS NULL OR r.version = w.version)),
             extract(epoch FROM least(
               (SELECT min(wake_at) FROM run
                 WHERE gate IN ('TIME', 'WAIT') AND wake_at < 'infinity'),
               (SELECT min(next_at) FROM schedule
                 WHERE name = ANY (?) AND next_at < 'infinity')) - clock_timestamp()) * 1000,
             ARRAY (SELECT id FROM run WHERE worker = ? AND cancel_at IS NOT NULL),
             EXISTS (SELECT FROM worker WHERE expires_at <= clock_timestamp())
               OR EXISTS (SELECT
                            FROM run r
                           WHERE r.worker IS NOT NULL
                             AND NOT EXISTS (SELECT FROM worker w WHERE w.session = r.worker)),
             EXISTS (SELECT FROM run
                      WHERE deadline <= statement_timestamp() AND finished_at IS NULL
                        AND state = 'PENDING')
      """;

  private final long session;

  /** A job that this worker serves, and the free slots of its queue. */
  record Wanted(String queue, String job, int version, int free) {}

  ClaimStatements(long session) {
    this.session = session;
  }

  /** Opens the gates of runs whose time has come; true if there may be more. */
  boolean open(Connection connection) throws SQLException {
    List<Long> free = new ArrayList<>();
    List<Long> behind = new ArrayList<>();
    Set<String> keys = new TreeSet<>();
    int due = 0;
    try (PreparedStatement statement = connection.prepareStatement(DUE);
        ResultSet rows = statement.executeQuery()) {
      while (rows.next()) {
        due++;
        String key = rows.getString(2);
        if (key == null || rows.getBoolean(3)) {
          free.add(rows.getLong(1));
        } else {
          behind.add(rows.getLong(1));
          keys.add(key);
        }
      }
    }
    update(connection, OPEN, free);
    if (!behind.isEmpty()) {
      update(connection, BEHIND_KEY, behind);
      keys.removeAll(held(connection, keys));
      EndedRuns.promote(connection, keys); // the runs that were just put there count
    }
    return due == MAX_MOVES;
  }

  private static void update(Connection connection, String sql, List<Long> runs)
      throws SQLException {
    if (runs.isEmpty()) {
      return;
    }
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      Parameters.of(statement, runs).longs(run -> run);
      statement.executeUpdate();
    }
  }

  private static Set<String> held(Connection connection, Set<String> keys) throws SQLException {
    Set<String> held = new HashSet<>();
    try (PreparedStatement statement = connection.prepareStatement(HOLDERS)) {
      Parameters.of(statement, List.copyOf(keys)).texts(key -> key);
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          held.add(rows.getString(1));
        }
      }
    }
    return held;
  }

  /** Claims up to the free slots of each queue; nothing if the session has ended. */
  List<ClaimedRun> claim(Connection connection, List<Wanted> wanted) throws SQLException {
    List<ClaimedRun> claimed = new ArrayList<>();
    try (PreparedStatement statement = connection.prepareStatement(CLAIM)) {
      Parameters.of(statement, wanted)
          .texts(Wanted::queue)
          .texts(Wanted::job)
          .ints(Wanted::version)
          .ints(Wanted::free);
      statement.setLong(5, session);
      Parameters.from(6, statement, List.of(session)).longs(one -> one);
      Parameters.from(7, statement, wanted).texts(Wanted::job).ints(Wanted::version);
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          claimed.add(read(rows));
        }
      }
    }
    RunWriteStatements.insert(
        connection,
        claimed.stream()
            .map(run ->
                new RunWrite.Event(run.id(), run.token(), RunEvent.STARTED, null, null, null))
            .toList());
    return claimed;
  }

  private static ClaimedRun read(ResultSet row) throws SQLException {
    double left = row.getDouble(7);
    Optional<Duration> deadline =
        row.wasNull() ? Optional.empty() : Optional.of(Duration.ofMillis((long) left));
    return new ClaimedRun(
        row.getLong(1),
        row.getString(2),
        row.getString(3),
        row.getLong(4),
        row.getInt(5),
        row.getInt(6),
        deadline,
        row.getBoolean(8),
        row.getString(9),
        Optional.ofNullable(row.getString(10)),
        row.getBoolean(11),
        EventOrigin.of(row.getString(12)));
  }

  /**
   * The findings of one poll.
   *
   * @param nextWake time until the next gate opens
   * @param canceling runs of this worker whose cancel was asked
   */
  record PollResult(
      boolean ready,
      Optional<Duration> nextWake,
      List<Long> canceling,
      boolean workersLost,
      boolean overdue) {}

  PollResult poll(Connection connection, List<Wanted> served, List<String> schedules)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(POLL)) {
      Parameters.of(statement, served)
          .texts(Wanted::queue)
          .texts(Wanted::job)
          .ints(Wanted::version);
      Parameters.from(4, statement, schedules).texts(name -> name);
      statement.setLong(5, session);
      try (ResultSet row = statement.executeQuery()) {
        row.next();
        double millis = row.getDouble(2);
        Optional<Duration> wake =
            row.wasNull()
                ? Optional.empty()
                : Optional.of(Duration.ofMillis(Math.max(0, (long) millis)));
        Long[] canceling = (Long[]) row.getArray(3).getArray();
        return new PollResult(
            row.getBoolean(1), wake, List.of(canceling), row.getBoolean(4), row.getBoolean(5));
      }
    }
  }
}
