package dev.millrace.postgres.client;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jdbi.v3.core.Handle;

/** Describes the activity of sessions in words, from the statistics views of the server. */
public final class SessionActivity {
  // Lock holders are looked up only for sessions that wait for a lock: pg_blocking_pids stops the
  // lock manager.
  private static final String SELECT =
      """
      SELECT a.pid, a.backend_start, a.application_name, a.wait_event_type, a.wait_event, a.query,
             extract(epoch FROM clock_timestamp() - a.xact_start)::bigint AS seconds,
             p.phase,
             CASE WHEN p.blocks_total > 0 THEN 100 * p.blocks_done / p.blocks_total
                  WHEN p.tuples_total > 0 THEN 100 * p.tuples_done / p.tuples_total END AS percent,
             (SELECT string_agg(
                       h.pid || coalesce(' (' || nullif(b.application_name, '') || ')', ''), ', ')
                FROM (SELECT DISTINCT unnest(pg_blocking_pids(a.pid)) AS pid
                       WHERE a.wait_event_type = 'Lock') h
                LEFT JOIN pg_stat_activity b ON b.pid = h.pid) AS holders
        FROM pg_stat_activity a LEFT JOIN pg_stat_progress_create_index p ON p.pid = a.pid
      """;

  static final String BY_PID = SELECT + " WHERE a.pid = ANY (?)";

  private static final String OF_SCHEMA =
      SELECT
          + """
           WHERE starts_with(a.application_name, ?) AND a.pid <> pg_backend_pid()
             AND a.state = 'active' AND a.xact_start < clock_timestamp() - interval '2 seconds'
           ORDER BY a.xact_start
          """;

  private static final Pattern BUILD =
      Pattern.compile("CREATE INDEX IF NOT EXISTS \"((?:[^\"]|\"\")*)\"");

  private SessionActivity() {}

  /** Describes the wait for a lock with its holders, or the progress of a build; else empty. */
  static String describe(ResultSet row) throws SQLException {
    String holders = row.getString("holders");
    if (holders != null) {
      return "waiting for a lock held by pid " + holders;
    }
    if ("Lock".equals(row.getString("wait_event_type"))) {
      return "waiting for a lock";
    }
    if ("SyncRep".equals(row.getString("wait_event"))) {
      return "waiting for a synchronous standby";
    }
    String phase = row.getString("phase");
    if (phase == null) {
      return "";
    }
    long percent = row.getLong("percent");
    return row.wasNull() ? phase : "%s %d %%".formatted(phase, percent);
  }

  /** Returns lines about slow requests of an indexer, from any process. */
  public static List<String> of(Handle handle, String schema) {
    return handle
        .createQuery(OF_SCHEMA.replace("?", ":prefix"))
        .bind("prefix", "millrace " + schema + " ")
        .map((row, _) -> line(row, schema))
        .list();
  }

  private static String line(ResultSet row, String schema) throws SQLException {
    List<String> parts = new ArrayList<>();
    parts.add(
        row.getString("application_name").substring("millrace ".length() + schema.length() + 1));
    Matcher build = BUILD.matcher(row.getString("query"));
    if (build.lookingAt()) {
      parts.add("building index " + build.group(1));
    }
    String state = describe(row);
    if (!state.isEmpty()) {
      parts.add(state);
    }
    parts.add(row.getLong("seconds") + " s");
    return String.join(", ", parts);
  }
}
