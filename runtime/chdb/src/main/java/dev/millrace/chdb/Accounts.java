package dev.millrace.chdb;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Who may ask, and with which role of the engine. The library knows one user only; what sets users
 * apart are the roles that its configuration gives to that one.
 */
final class Accounts {

  /** A user, after the password was right. */
  record Account(String name, String role) {}

  private record Secret(String role, String password) {}

  private final Map<String, Secret> users;

  private Accounts(Map<String, Secret> users) {
    this.users = users;
  }

  /** A line for each user: name, role, password. */
  static Accounts read(Path file) throws IOException {
    Map<String, Secret> users = new HashMap<>();
    for (String line : Files.readAllLines(file, UTF_8)) {
      String[] words = line.split(" ", 3);
      users.put(words[0], new Secret(words[1], words[2]));
    }
    return new Accounts(users);
  }

  Account authenticate(Request request) {
    String[] given = credentials(request);
    Secret secret = users.get(given[0]);
    if (secret != null
        && MessageDigest.isEqual(secret.password.getBytes(UTF_8), given[1].getBytes(UTF_8))) {
      return new Account(given[0], secret.role);
    }
    if (given[1].isEmpty()) {
      throw ChdbException.of(
          ErrorCode.REQUIRED_PASSWORD, given[0] + ": Authentication failed: password is required");
    }
    throw ChdbException.of(
        ErrorCode.AUTHENTICATION_FAILED,
        given[0]
            + ": Authentication failed: password is incorrect, or there is no user with such name");
  }

  /** In the order of ClickHouse: its own headers, then basic authentication, then the address. */
  private static String[] credentials(Request request) {
    Optional<String> user = request.header("x-clickhouse-user");
    Optional<String> key = request.header("x-clickhouse-key");
    if (user.isPresent() || key.isPresent()) {
      return new String[] {user.orElse("default"), key.orElse("")};
    }
    String authorization = request.header("authorization").orElse("");
    if (authorization.regionMatches(true, 0, "Basic ", 0, 6)) {
      try {
        String pair =
            new String(Base64.getDecoder().decode(authorization.substring(6).strip()), UTF_8);
        int colon = pair.indexOf(':');
        if (colon >= 0) {
          return new String[] {pair.substring(0, colon), pair.substring(colon + 1)};
        }
      } catch (IllegalArgumentException e) {
        // Falls through: as good as no password.
      }
      return new String[] {"default", ""};
    }
    return new String[] {
      request.parameter("user").orElse("default"), request.parameter("password").orElse("")
    };
  }
}
