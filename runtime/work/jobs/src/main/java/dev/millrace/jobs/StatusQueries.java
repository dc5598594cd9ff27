package dev.millrace.jobs;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;

/** The queries about queues and workers. */
final class StatusQueries {
  /** A run that a worker would take; those with a key or a delay pass another gate before. */
  private static final String IS_DUE =
      "(gate = 'READY' OR (gate = 'TIME' AND wake_at <= statement_timestamp()))";

  private static final String QUEUES =
      """
      SELECT queue,
             count(*) FILTER (WHERE %1$s),
             count(*) FILTER (WHERE NOT %1$s),
             count(*) FILTER (WHERE state = 'RUNNING'),
             count(*) FILTER (WHERE state = 'FAILED'),
             coalesce(extract(epoch FROM statement_timestamp()
                              - min(due_at) FILTER (WHERE %1$s)), 0) * 1000
        FROM run
       WHERE finished_at IS NULL
          OR (finished_at > statement_timestamp() - interval '1 day' AND state = 'FAILED')
       GROUP BY queue
       ORDER BY queue
      """
          .formatted(IS_DUE);

  private static final String WORKERS =
      """
      SELECT w.session, w.name, w.started_at,
             (SELECT count(*) FROM run r WHERE r.worker = w.session)
        FROM worker w
       WHERE w.expires_at > statement_timestamp()
       ORDER BY w.session
      """;

  private static final String UNSERVED =
      """
      SELECT r.job, r.queue, count(*)
        FROM run r
       WHERE %s
         AND NOT EXISTS (
           SELECT
             FROM worker w, unnest(w.jobs, w.versions, w.queues) AS s (job, version, queue)
            WHERE w.expires_at > statement_timestamp() AND s.job = r.job AND s.queue = r.queue
              AND (r.version IS NULL OR r.version = s.version))
       GROUP BY r.job, r.queue
       ORDER BY r.job, r.queue
      """
          .formatted(IS_DUE);

  private StatusQueries() {}

  static JobStatus status(Connection connection) throws SQLException {
    return new JobStatus(queues(connection), workers(connection), unserved(connection));
  }

  private static List<JobStatus.Queue> queues(Connection connection) throws SQLException {
    List<JobStatus.Queue> queues = new ArrayList<>();
    try (PreparedStatement statement = connection.prepareStatement(QUEUES);
        ResultSet row = statement.executeQuery()) {
      while (row.next()) {
        queues.add(
            new JobStatus.Queue(
                row.getString(1),
                row.getLong(2),
                row.getLong(3),
                row.getLong(4),
                row.getLong(5),
                Duration.ofMillis((long) row.getDouble(6))));
      }
    }
    return queues;
  }

  private static List<JobStatus.Worker> workers(Connection connection) throws SQLException {
    List<JobStatus.Worker> workers = new ArrayList<>();
    try (PreparedStatement statement = connection.prepareStatement(WORKERS);
        ResultSet row = statement.executeQuery()) {
      while (row.next()) {
        workers.add(
            new JobStatus.Worker(
                row.getLong(1),
                row.getString(2),
                row.getObject(3, OffsetDateTime.class).toInstant(),
                row.getLong(4)));
      }
    }
    return workers;
  }

  private static List<JobStatus.Unserved> unserved(Connection connection) throws SQLException {
    List<JobStatus.Unserved> unserved = new ArrayList<>();
    try (PreparedStatement statement = connection.prepareStatement(UNSERVED);
        ResultSet row = statement.executeQuery()) {
      while (row.next()) {
        unserved.add(new JobStatus.Unserved(row.getString(1), row.getString(2), row.getLong(3)));
      }
    }
    return unserved;
  }
}
