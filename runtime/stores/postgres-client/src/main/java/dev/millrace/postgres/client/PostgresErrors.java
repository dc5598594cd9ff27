package dev.millrace.postgres.client;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import java.io.IOException;
import java.sql.SQLException;
import java.sql.SQLTransientException;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/** Translates exceptions of the driver into errors with a remedy, once, at the edge. */
public final class PostgresErrors {
  static final String NO_STATE = "";

  private PostgresErrors() {}

  /** Translates an exception; the message names the operation and leaves row contents out. */
  public static MillraceException translate(String doing, Throwable thrown) {
    if (thrown instanceof MillraceException known) {
      return known;
    }
    SQLException sql = sql(thrown);
    if (sql == null) {
      return new MillraceException(
          Remedy.REPORT_BUG, "%s failed: error=%s".formatted(doing, thrown), thrown);
    }
    String state = state(sql);
    return new MillraceException(
        remedy(sql), "%s failed: %s".formatted(doing, describe(sql, state)), sql);
  }

  static Remedy remedy(SQLException thrown) {
    String state = state(thrown);
    return switch (state.length() < 2 ? state : state.substring(0, 2)) {
      case "08", "40", "53" -> Remedy.RETRY;
      case "57" -> state.equals("57P04") ? Remedy.FIX_SETUP : Remedy.RETRY;
      case "55" -> state.equals("55P03") || state.equals("55006") ? Remedy.RETRY : Remedy.FIX_SETUP;
      case "58" -> Remedy.RETRY;
      case "25" -> Remedy.RETRY; // the server was promoted or demoted meanwhile
      case "26" -> Remedy.RETRY; // the server has lost a prepared statement
      case "22", "23", "54" -> Remedy.FIX_HANDLER;
      case "0A", "28", "3D", "3F", "42" -> Remedy.FIX_SETUP;
      case "XX" -> Remedy.RESTART;
      case NO_STATE -> isLost(thrown) ? Remedy.RETRY : Remedy.REPORT_BUG;
      default -> Remedy.REPORT_BUG;
    };
  }

  private static boolean isLost(SQLException thrown) {
    return thrown instanceof SQLTransientException || thrown.getCause() instanceof IOException;
  }

  public static String state(SQLException thrown) {
    String state = thrown.getSQLState();
    return state == null ? NO_STATE : state;
  }

  private static String describe(SQLException thrown, String state) {
    ServerErrorMessage server = server(thrown);
    String said = server == null ? thrown.getMessage() : server.getMessage();
    String first = said == null ? "" : said.lines().findFirst().orElse("");
    String known =
        switch (state) {
          case "53100" -> "the database's disk is full: ";
          case "53300" -> "the database takes no more connections: ";
          case "28P01", "28000" -> "the database refuses this user: ";
          case "42501" -> "the user lacks a right: ";
          case "3D000" -> "there is no such database: ";
          default -> "";
        };
    return "%sstate=%s error=\"%s\"".formatted(known, state.isEmpty() ? "none" : state, first);
  }

  static @Nullable public ServerErrorMessage server(SQLException thrown) {
    return thrown instanceof PSQLException own ? own.getServerErrorMessage() : null;
  }

  /** Returns the driver's error below the exceptions that libraries have wrapped around it. */
  static @Nullable public SQLException sql(Throwable thrown) {
    SQLException found = null;
    int depth = 0;
    for (Throwable at = thrown; at != null && depth < 20; at = at.getCause(), depth++) {
      if (at instanceof SQLException sql && (found == null || state(found).isEmpty())) {
        found = sql;
      }
    }
    return found;
  }

  /**
   * True if the same call may succeed in another session: this one is lost, or its server is a
   * standby, or another transaction was in the way.
   */
  public static boolean isWorthANewSession(SQLException thrown) {
    String state = state(thrown);
    return isConnectionLost(thrown) || state.startsWith("25") || state.startsWith("40");
  }

  /** True if the server is gone, so that the connection is useless. */
  static boolean isConnectionLost(SQLException thrown) {
    String state = state(thrown).toLowerCase(Locale.ROOT);
    return state.startsWith("08") || state.startsWith("57p") || isLost(thrown);
  }
}
