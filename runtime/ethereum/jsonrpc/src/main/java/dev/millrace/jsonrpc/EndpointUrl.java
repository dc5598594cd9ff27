package dev.millrace.jsonrpc;

import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Locale;
import java.util.Set;

/** The address of a node. Prints itself without the parts that may be a key. */
public final class EndpointUrl {
  private static final Set<String> SCHEMES = Set.of("http", "https", "ws", "wss");

  private final String scheme;
  private final String host;
  private final int port;
  private final String path;
  private final String authorization;
  private final UrlSecretFilter secrets;

  private EndpointUrl(URI uri, String scheme, UrlAuthority authority) {
    this.scheme = scheme;
    host = authority.host();
    port = authority.port() >= 0 ? authority.port() : isSecure() ? 443 : 80;
    String file = uri.getRawPath() == null || uri.getRawPath().isEmpty() ? "/" : uri.getRawPath();
    path = uri.getRawQuery() == null ? file : file + "?" + uri.getRawQuery();
    String user = authority.userInfo();
    authorization =
        user == null
            ? ""
            : "Basic " + Base64.getEncoder().encodeToString(user.getBytes(StandardCharsets.UTF_8));
    secrets = UrlSecretFilter.of(uri, authority.rawUserInfo(), authorization);
  }

  /**
   * Parses a URL. User and password before the host are sent as basic authentication.
   *
   * @throws IllegalArgumentException if it is not valid; the message does not repeat it
   */
  public static EndpointUrl of(String address) {
    URI uri = parsed(address.strip());
    String scheme = uri.getScheme() == null ? "" : uri.getScheme().toLowerCase(Locale.ROOT);
    if (!SCHEMES.contains(scheme)) {
      throw new IllegalArgumentException(
          "endpoint must be http, https, ws or wss: scheme=" + scheme);
    }
    return UrlAuthority.of(uri)
        .map(authority -> new EndpointUrl(uri, scheme, authority))
        .orElseThrow(
            () -> new IllegalArgumentException("endpoint names no host: scheme=" + scheme));
  }

  private static URI parsed(String address) {
    try {
      return new URI(address);
    } catch (URISyntaxException wrong) {
      throw new IllegalArgumentException(
          "endpoint is no address: reason=%s at=%d".formatted(wrong.getReason(), wrong.getIndex()));
    }
  }

  public boolean isSecure() {
    return scheme.equals("https") || scheme.equals("wss");
  }

  /** True if the node speaks WebSocket, and so sends new blocks unasked. */
  public boolean isSocket() {
    return scheme.startsWith("ws");
  }

  /** True if the node is on this machine, where saving bytes costs more than sending them. */
  public boolean isLoopback() {
    return host.equals("localhost") || host.startsWith("127.") || host.equals("[::1]");
  }

  public String host() {
    return host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
  }

  public int port() {
    return port;
  }

  String path() {
    return path;
  }

  /** The header lines that are the same for every request. */
  String headers() {
    return "Host: %s:%d\r\nUser-Agent: millrace\r\n".formatted(host, port)
        + (authorization.isEmpty() ? "" : "Authorization: " + authorization + "\r\n");
  }

  /** Removes all parts of the address that may be a key from the text of a trouble. */
  public RpcCallException conceal(RpcCallException trouble) {
    return trouble.withText(secrets.removedFrom(trouble.text()));
  }

  @Override
  public String toString() {
    return "%s://%s:%d".formatted(scheme, host, port);
  }
}
