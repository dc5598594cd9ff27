package dev.millrace.postgres;

import java.time.OffsetDateTime;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/**
 * One session on the server. Numbers of processes are used again; together with the time of its
 * start a number means one session for ever, so that no stranger is ever ended by mistake.
 */
record Backend(int pid, OffsetDateTime started) {
  static final String OWN =
      """
      SELECT pid, backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()
      """;

  private static final String END =
      """
      SELECT pg_terminate_backend(pid)
        FROM pg_stat_activity
       WHERE pid = :pid AND backend_start = :started
      """;

  static Backend of(Handle handle) {
    return handle
        .createQuery(OWN)
        .map((row, _) -> new Backend(row.getInt(1), row.getObject(2, OffsetDateTime.class)))
        .one();
  }

  /** Whether it was still there; it ends soon after. */
  boolean end(Handle handle) {
    Optional<Boolean> ended =
        handle
            .createQuery(END)
            .bind("pid", pid)
            .bind("started", started)
            .mapTo(Boolean.class)
            .findFirst();
    return ended.orElse(false);
  }
}
