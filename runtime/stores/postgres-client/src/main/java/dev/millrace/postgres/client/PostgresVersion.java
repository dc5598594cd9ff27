package dev.millrace.postgres.client;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import org.jdbi.v3.core.Handle;

/**
 * The oldest supported PostgreSQL: the first that notices, in the middle of a statement, that its
 * client has died ({@code client_connection_check_interval}).
 */
public final class PostgresVersion {
  static final int MIN = 14;

  private PostgresVersion() {}

  public static void check(Handle handle) {
    check(
        handle
            .createQuery("SELECT current_setting('server_version_num')")
            .mapTo(Integer.class)
            .one());
  }

  /** Checks a version in the server's numbering: 130012 is 13.12. */
  public static void check(int number) {
    if (number / 10_000 < MIN) {
      throw new MillraceException(
          Remedy.FIX_SETUP,
          "PostgreSQL is too old: needed=%d found=%d.%d"
              .formatted(MIN, number / 10_000, number % 10_000));
    }
  }
}
