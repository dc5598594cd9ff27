package dev.millrace.clickhouse.client;

import com.clickhouse.client.api.ClientMisconfigurationException;
import com.clickhouse.client.api.ServerException;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import java.io.IOException;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Translates exceptions of the client into errors with a remedy, once, at the edge. */
public final class ClickHouseErrors {
  public static final int NOT_IMPLEMENTED = 48;
  public static final int UNKNOWN_TABLE = 60;
  public static final int UNKNOWN_DATABASE = 81;
  public static final int ACCESS_DENIED = 497;

  /**
   * The server is busy, full, shutting down or gone; or a limit was hit that the next attempt may
   * not hit.
   */
  private static final Set<Integer> TRANSIENT =
      Set.of(
          32, // ATTEMPT_TO_READ_AFTER_EOF
          33, // CANNOT_READ_ALL_DATA: our request was cut off
          74, // CANNOT_READ_FROM_FILE_DESCRIPTOR
          75, // CANNOT_WRITE_TO_FILE_DESCRIPTOR
          76, // CANNOT_OPEN_FILE: too many open files
          159, // TIMEOUT_EXCEEDED
          173, // CANNOT_ALLOCATE_MEMORY
          201, // QUOTA_EXCEEDED
          202, // TOO_MANY_SIMULTANEOUS_QUERIES
          203, // NO_FREE_CONNECTION
          209, // SOCKET_TIMEOUT
          210, // NETWORK_ERROR
          225, // NO_ZOOKEEPER
          236, // ABORTED
          241, // MEMORY_LIMIT_EXCEEDED
          242, // TABLE_IS_READ_ONLY
          243, // NOT_ENOUGH_SPACE
          252, // TOO_MANY_PARTS
          279, // ALL_CONNECTION_TRIES_FAILED
          319, // UNKNOWN_STATUS_OF_INSERT
          341, // UNFINISHED
          394, // QUERY_WAS_CANCELLED
          425, // SYSTEM_ERROR
          439, // CANNOT_SCHEDULE_TASK
          473, // DEADLOCK_AVOIDED
          499, // S3_ERROR
          700, // USER_SESSION_LIMIT_EXCEEDED
          745, // SERVER_OVERLOADED
          999, // KEEPER_EXCEPTION
          1000, // POCO_EXCEPTION: from the disk or a socket
          1001, // STD_EXCEPTION: likewise, or from memory
          1002); // UNKNOWN_EXCEPTION: from a library below it

  /** The user, its rights, the definition or its ClickHouse options must change. */
  private static final Set<Integer> SETUP =
      Set.of(
          16, // NO_SUCH_COLUMN_IN_TABLE
          36, // BAD_ARGUMENTS
          42, // NUMBER_OF_ARGUMENTS_DOESNT_MATCH
          43, // ILLEGAL_TYPE_OF_ARGUMENT
          44, // ILLEGAL_COLUMN
          46, // UNKNOWN_FUNCTION
          47, // UNKNOWN_IDENTIFIER
          NOT_IMPLEMENTED,
          50, // UNKNOWN_TYPE
          53, // TYPE_MISMATCH
          57, // TABLE_ALREADY_EXISTS
          UNKNOWN_TABLE,
          62, // SYNTAX_ERROR
          UNKNOWN_DATABASE,
          115, // UNKNOWN_SETTING
          164, // READONLY
          192, // UNKNOWN_USER
          193, // WRONG_PASSWORD
          194, // REQUIRED_PASSWORD
          195, // IP_ADDRESS_NOT_ALLOWED
          291, // DATABASE_ACCESS_DENIED
          344, // SUPPORT_IS_DISABLED
          359, // TABLE_SIZE_EXCEEDS_MAX_DROP_SIZE_LIMIT
          395, // FUNCTION_THROW_IF_VALUE_IS_NON_ZERO
          432, // UNKNOWN_CODEC
          433, // ILLEGAL_CODEC_PARAMETER
          450, // BAD_TTL_EXPRESSION
          452, // SETTING_CONSTRAINT_VIOLATION
          ACCESS_DENIED,
          516, // AUTHENTICATION_FAILED
          549); // DATA_TYPE_CANNOT_BE_USED_IN_KEY

  private static final int LOGICAL_ERROR = 49;
  private static final int MAX_MESSAGE = 400;

  private ClickHouseErrors() {}

  /** Translates an exception; the message names the operation that failed. */
  static MillraceException translate(String doing, Throwable thrown) {
    if (thrown instanceof MillraceException known) {
      return known;
    }
    ServerException server = find(ServerException.class, thrown);
    if (server != null) {
      return new MillraceException(
          remedy(server), "%s failed: %s".formatted(doing, describe(server)), thrown);
    }
    Remedy remedy =
        find(ClientMisconfigurationException.class, thrown) != null
            ? Remedy.FIX_SETUP
            : isNetwork(thrown) ? Remedy.RETRY : Remedy.REPORT_BUG;
    return new MillraceException(
        remedy, "%s failed: error=\"%s\"".formatted(doing, firstLine(innermost(thrown))), thrown);
  }

  /** Returns the server's error code; 0 if the error is not from the server. */
  public static int code(Throwable thrown) {
    ServerException server = find(ServerException.class, thrown);
    return server == null ? 0 : server.getCode();
  }

  private static Remedy remedy(ServerException thrown) {
    int code = thrown.getCode();
    if (TRANSIENT.contains(code)) {
      return Remedy.RETRY;
    }
    if (SETUP.contains(code)) {
      return Remedy.FIX_SETUP;
    }
    if (code == LOGICAL_ERROR) {
      return Remedy.RESTART;
    }
    int http = thrown.getTransportProtocolCode();
    if (code <= 0 && http >= 400) {
      // A proxy in between has answered: its time-outs and limits pass, a wrong path or user does
      // not.
      return http == 408 || http == 425 || http == 429 || http >= 500
          ? Remedy.RETRY
          : Remedy.FIX_SETUP;
    }
    return Remedy.REPORT_BUG;
  }

  private static String describe(ServerException thrown) {
    String known =
        switch (thrown.getCode()) {
          case 252 -> "a table has too many parts: ";
          case 202 -> "the server runs too many queries: ";
          case 241 -> "the server is short of memory: ";
          case 243 -> "the server's disk is full: ";
          case ACCESS_DENIED -> "the user lacks a right: ";
          case 192, 193, 194, 195, 516 -> "the server refuses this user: ";
          case UNKNOWN_DATABASE -> "there is no such database: ";
          default -> "";
        };
    return "%scode=%d error=\"%s\"".formatted(known, thrown.getCode(), firstLine(thrown));
  }

  private static boolean isNetwork(Throwable thrown) {
    return find(IOException.class, thrown) != null
        || find(com.clickhouse.client.api.ConnectionInitiationException.class, thrown) != null
        || find(com.clickhouse.client.api.DataTransferException.class, thrown) != null
        || find(com.clickhouse.client.api.TransportException.class, thrown) != null;
  }

  private static String firstLine(Throwable thrown) {
    String message = thrown.getMessage();
    String first =
        message == null
            ? thrown.getClass().getSimpleName()
            : message.lines().findFirst().orElse(thrown.getClass().getSimpleName());
    return first.length() > MAX_MESSAGE ? first.substring(0, MAX_MESSAGE) + "…" : first;
  }

  private static Throwable innermost(Throwable thrown) {
    Throwable at = thrown;
    for (int depth = 0; at.getCause() != null && depth < 20; depth++) {
      at = at.getCause();
    }
    return at;
  }

  private static <T extends Throwable> @Nullable T find(Class<T> kind, Throwable thrown) {
    Throwable at = thrown;
    for (int depth = 0; at != null && depth < 20; depth++) {
      if (kind.isInstance(at)) {
        return kind.cast(at);
      }
      at = at.getCause();
    }
    return null;
  }
}
