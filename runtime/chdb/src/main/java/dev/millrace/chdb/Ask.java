package dev.millrace.chdb;

import static java.util.stream.Collectors.joining;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/**
 * What the address and the headers of a request say about its query.
 *
 * @param settings of the engine, and the parameters of the query under {@code param_} names
 */
record Ask(
    String queryId,
    Optional<String> database,
    Optional<String> format,
    Optional<String> roles,
    Map<String, String> settings) {

  /** Those of the protocol, which the engine does not know. */
  private static final Set<String> OURS =
      Set.of(
          "query",
          "query_id",
          "database",
          "default_format",
          "user",
          "password",
          "quota_key",
          "role",
          "compress",
          "decompress",
          "buffer_size",
          "wait_end_of_query",
          "stacktrace",
          "session_timeout",
          "session_check",
          "close_session",
          "client_protocol_version");

  static Ask of(Request request) {
    if (request.parameter("session_id").filter(id -> !id.isEmpty()).isPresent()) {
      throw ChdbException.of(
          ErrorCode.NOT_IMPLEMENTED,
          "Sessions are not supported by the embedded engine, send the settings with each query: session_id="
              + request.parameters().get("session_id"));
    }
    if (request.header("content-type").orElse("").startsWith("multipart/")) {
      throw ChdbException.of(
          ErrorCode.NOT_IMPLEMENTED,
          "External tables (multipart/form-data) are not supported by the embedded engine");
    }
    Map<String, String> settings = new LinkedHashMap<>();
    request
        .parameters()
        .forEach((name, value) -> {
          if (!OURS.contains(name)) {
            settings.put(name, value);
          }
        });
    String queryId =
        request
            .parameter("query_id")
            .filter(id -> !id.isEmpty())
            .orElseGet(() -> UUID.randomUUID().toString());
    // The library numbers its queries itself: this is how one is found again in system.processes.
    settings.merge("log_comment", queryId, (theirs, ours) -> theirs + " " + ours);
    if (!request.method().equals("POST")) {
      settings.merge("readonly", "2", (theirs, ours) -> theirs.equals("1") ? theirs : ours);
    }
    return new Ask(
        queryId,
        request
            .header("x-clickhouse-database")
            .or(() -> request.parameter("database"))
            .filter(name -> !name.isEmpty()),
        request
            .header("x-clickhouse-format")
            .or(() -> request.parameter("default_format"))
            .filter(name -> !name.isEmpty()),
        request.parameter("role").filter(name -> !name.isEmpty()),
        settings);
  }

  /** The statements that make a fresh connection the one that this query wants. */
  String preparation(Accounts.Account account) {
    StringBuilder sql = new StringBuilder("SET ROLE " + name(account.role()));
    roles.ifPresent(names -> {
      for (String role : names.split(",", -1)) {
        if (!role.equals(account.role())) {
          throw ChdbException.of(
              ErrorCode.AUTHENTICATION_FAILED, "Role is not granted to the user: role=" + role);
        }
      }
    });
    database.ifPresent(database -> sql.append("; USE ").append(name(database)));
    sql.append("; SET ");
    return sql.append(
            settings.entrySet().stream()
                .map(entry -> name(entry.getKey()) + " = " + literal(entry.getValue()))
                .collect(joining(", ")))
        .toString();
  }

  private static String name(String name) {
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`";
  }

  /** Which no other query under way has, unless somebody uses an id twice. */
  String comment() {
    return settings.getOrDefault("log_comment", queryId);
  }

  static String literal(String value) {
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'";
  }
}
