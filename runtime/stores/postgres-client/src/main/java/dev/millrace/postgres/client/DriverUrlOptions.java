package dev.millrace.postgres.client;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import java.util.List;
import java.util.Properties;
import java.util.Set;
import org.postgresql.Driver;
import org.postgresql.PGProperty;

/**
 * Refuses driver options in a url that break our sessions. An option in the url overrides those
 * that {@link PostgresConnections} sets.
 *
 * <p>Some of them end reads or writes with errors that do not name the option; {@code
 * binaryTransferEnable} and {@code binaryTransferDisable} turn parameters into nulls.
 */
final class DriverUrlOptions {
  /** An option, its harmless values, and the reason against all others. */
  private record Refused(PGProperty option, Set<String> harmless, String reason) {}

  private static final List<Refused> REFUSED =
      List.of(
          new Refused(
              PGProperty.PREFER_QUERY_MODE,
              Set.of("extended", "extendedForPrepared", "extendedCacheEverything"),
              "parameters are sent in binary form, apart from their statement"),
          new Refused(
              PGProperty.READ_ONLY, Set.of("false"), "tables are written over each connection"),
          new Refused(
              PGProperty.READ_ONLY_MODE,
              Set.of("transaction", "ignore"),
              "a session that was read-only for one request has to write again"),
          new Refused(
              PGProperty.MAX_RESULT_BUFFER,
              Set.of(),
              "it fails reads of many rows; pipeline.stagedBytes is the limit of memory"),
          new Refused(
              PGProperty.BINARY_TRANSFER_ENABLE,
              Set.of(),
              "Millrace sets it to the types it sends"),
          new Refused(
              PGProperty.BINARY_TRANSFER_DISABLE, Set.of(), "arrays are sent in binary form"),
          new Refused(
              PGProperty.SOCKET_TIMEOUT,
              Set.of(),
              "a commit or an index may take hours; a server that falls silent is noticed anyway"),
          new Refused(PGProperty.QUERY_TIMEOUT, Set.of("0"), "a commit or an index may take hours"),
          new Refused(
              PGProperty.TARGET_SERVER_TYPE,
              Set.of("any", "primary", "master", "preferPrimary"),
              "only the primary takes writes"),
          new Refused(
              PGProperty.LOG_SERVER_ERROR_DETAIL,
              Set.of("false"),
              "it shows contents of rows in messages and logs"),
          new Refused(
              PGProperty.REPLICATION, Set.of("false"), "sessions of replication take no writes"));

  private DriverUrlOptions() {}

  /**
   * Requires a url without such options, and without an option in wrong capitals, which the driver
   * would ignore.
   *
   * @throws MillraceException with remedy {@code FIX_SETUP}, naming the option
   */
  static void check(String url) {
    Properties options = Driver.parseURL(url, null);
    if (options == null) {
      return; // the driver refuses it at the first connection
    }
    for (Refused refused : REFUSED) {
      String value = options.getProperty(refused.option.getName());
      if (value != null && !refused.harmless.contains(value)) {
        throw refusal("%s=%s".formatted(refused.option.getName(), value), refused.reason);
      }
    }
    for (String name : options.stringPropertyNames()) {
      for (PGProperty known : PGProperty.values()) {
        if (known.getName().equalsIgnoreCase(name) && !known.getName().equals(name)) {
          throw refusal(name, "the driver knows it as " + known.getName());
        }
      }
    }
  }

  private static MillraceException refusal(String option, String reason) {
    return new MillraceException(
        Remedy.FIX_SETUP,
        "option in the url of PostgreSQL cannot be used: %s (%s); take it out of postgres.url"
            .formatted(option, reason));
  }
}
