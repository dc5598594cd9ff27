package dev.millrace.jobs;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The statements of schedules: the next tick of each is a row, which one worker at a time moves.
 */
final class ScheduleStatements {
  private static final String NOW = "SELECT statement_timestamp()";

  // A changed expression or zone begins anew; an unchanged one remembers the ticks it has missed.
  private static final String REGISTER =
      """
      INSERT INTO schedule AS s (name, job, cron, zone, missed, next_at)
      VALUES (?, ?, ?, ?, ?, ?)
      ON CONFLICT (name) DO UPDATE
         SET job = EXCLUDED.job, cron = EXCLUDED.cron, zone = EXCLUDED.zone,
             missed = EXCLUDED.missed,
             next_at = CASE WHEN s.cron = EXCLUDED.cron AND s.zone = EXCLUDED.zone
                            THEN s.next_at ELSE EXCLUDED.next_at END
      """;

  private static final String DUE =
      """
      SELECT name, next_at, statement_timestamp() FROM schedule
       WHERE name = ANY (?) AND next_at <= statement_timestamp()
       ORDER BY name
         FOR UPDATE SKIP LOCKED
      """;

  private static final String MOVE = "UPDATE schedule SET next_at = ? WHERE name = ?";

  private static final String LIST =
      "SELECT name, job, cron, zone, missed, next_at FROM schedule ORDER BY name";

  private ScheduleStatements() {}

  static List<ScheduleState> list(Connection connection) throws SQLException {
    List<ScheduleState> schedules = new ArrayList<>();
    try (PreparedStatement statement = connection.prepareStatement(LIST);
        ResultSet row = statement.executeQuery()) {
      while (row.next()) {
        schedules.add(
            new ScheduleState(
                row.getString(1),
                row.getString(2),
                row.getString(3),
                row.getString(4),
                row.getString(5),
                row.getObject(6, OffsetDateTime.class).toInstant()));
      }
    }
    return schedules;
  }

  private record Due(String name, Instant next, Instant now) {}

  static int register(Connection connection, Collection<CronSchedule<?>> schedules)
      throws SQLException {
    Instant now;
    try (PreparedStatement statement = connection.prepareStatement(NOW);
        ResultSet row = statement.executeQuery()) {
      row.next();
      now = row.getObject(1, OffsetDateTime.class).toInstant();
    }
    try (PreparedStatement statement = connection.prepareStatement(REGISTER)) {
      for (CronSchedule<?> schedule : schedules) {
        statement.setString(1, schedule.name());
        statement.setString(2, schedule.job().name());
        statement.setString(3, schedule.cron());
        statement.setString(4, schedule.zone().getId());
        statement.setString(5, schedule.missed().name());
        statement.setObject(6, time(schedule.next(now)));
        statement.executeUpdate();
      }
    }
    return schedules.size();
  }

  /** Triggers the runs of the ticks that are due, in one transaction with the next ticks. */
  static int tick(
      Connection connection,
      Map<String, CronSchedule<?>> schedules,
      TriggerStatements triggers,
      String channel)
      throws SQLException {
    List<NewRun> runs = new ArrayList<>();
    for (Due due : due(connection, schedules)) {
      CronSchedule<?> schedule = schedules.get(due.name);
      if (schedule == null) {
        continue;
      }
      List<Instant> ticks = schedule.ticks(due.next, due.now);
      ticks.forEach(tick -> runs.add(schedule.run(tick)));
      Instant last = ticks.size() == CronSchedule.MAX_MADE_UP ? ticks.getLast() : due.now;
      move(connection, due.name, schedule.next(last));
    }
    triggers.trigger(connection, channel, runs);
    return runs.size();
  }

  private static List<Due> due(Connection connection, Map<String, CronSchedule<?>> schedules)
      throws SQLException {
    List<Due> due = new ArrayList<>();
    try (PreparedStatement statement = connection.prepareStatement(DUE)) {
      Parameters.of(statement, List.copyOf(schedules.keySet())).texts(name -> name);
      try (ResultSet row = statement.executeQuery()) {
        while (row.next()) {
          due.add(
              new Due(
                  row.getString(1),
                  row.getObject(2, OffsetDateTime.class).toInstant(),
                  row.getObject(3, OffsetDateTime.class).toInstant()));
        }
      }
    }
    return due;
  }

  private static void move(Connection connection, String name, @Nullable Instant next)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(MOVE)) {
      statement.setObject(1, time(next));
      statement.setString(2, name);
      statement.executeUpdate();
    }
  }

  /** A schedule without a further tick has one at the end of time. */
  private static OffsetDateTime time(@Nullable Instant tick) {
    return tick == null ? OffsetDateTime.MAX : tick.atOffset(ZoneOffset.UTC);
  }
}
