package dev.millrace.jsonrpc;

import java.net.URI;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * User, host and port of a URL. {@link URI#getHost} is null for names that DNS forbids and
 * container networks have: {@code erigon_node}, {@code stack_node.1}.
 *
 * @param rawUserInfo null: none
 * @param host in brackets if it is an IPv6 address
 * @param port negative: none
 */
public record UrlAuthority(@Nullable String rawUserInfo, String host, int port) {
  private static final int MAX_PORT = 65_535;

  private static final Pattern SERVER =
      Pattern.compile("(?:(?<user>[^@]*)@)?(?<host>[A-Za-z0-9._-]+)(?::(?<port>[0-9]{0,5}))?");

  /** An IPv4 address that is cut off or mistyped; no container is named so. */
  private static final Pattern NUMBERS = Pattern.compile("[0-9.]+");

  /** Finds the authority of a URL; empty if the URL names no host, or no port that exists. */
  public static Optional<UrlAuthority> of(URI url) {
    UrlAuthority authority =
        url.getHost() == null
            ? parsed(url.getRawAuthority())
            : new UrlAuthority(url.getRawUserInfo(), url.getHost(), url.getPort());
    return Optional.ofNullable(authority)
        .filter(found -> !found.host().isEmpty() && found.port() <= MAX_PORT);
  }

  private static @Nullable UrlAuthority parsed(@Nullable String authority) {
    Matcher server = SERVER.matcher(authority == null ? "" : authority);
    if (!server.matches() || NUMBERS.matcher(server.group("host")).matches()) {
      return null;
    }
    String port = server.group("port");
    return new UrlAuthority(
        server.group("user"),
        server.group("host"),
        port == null || port.isEmpty() ? -1 : Integer.parseInt(port));
  }

  /** Returns the user and the password as they are meant; null if the URL names none. */
  @Nullable String userInfo() {
    return rawUserInfo == null ? null : URI.create("//" + rawUserInfo + "@host").getUserInfo();
  }

  /** Leaves the user and the password out. */
  @Override
  public String toString() {
    return port < 0 ? host : host + ":" + port;
  }
}
