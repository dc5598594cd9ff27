package dev.millrace.jsonrpc;

import java.io.IOException;
import java.io.PushbackInputStream;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;

/** A connection and the state needed to reuse it. Used by one thread at a time. */
final class HttpConnection {
  private static final int HEAD_LIMIT = 64 << 10;
  private static final int ERROR_TEXT = 2_000;
  private static final byte[] GZIP = {0x1f, (byte) 0x8b};

  private final TransportSettings settings;
  private final DeadlineSocket socket;
  private final String head;
  private final HttpConnectionInput bytes;
  private final JsonStreamReader json = new JsonStreamReader();
  private boolean used;
  private boolean keepAlive;
  private @Nullable HttpReplyBody body;

  HttpConnection(EndpointUrl target, TransportSettings settings) throws IOException {
    this.settings = settings;
    socket = SocketConnector.open(target, settings);
    bytes = new HttpConnectionInput(socket, settings.replyLimit() + HEAD_LIMIT);
    head =
        "POST %s HTTP/1.1\r\n".formatted(target.path())
            + target.headers()
            + "Content-Type: application/json\r\nAccept: application/json\r\n"
            + (target.isLoopback() ? "" : "Accept-Encoding: gzip\r\n")
            + "Content-Length: ";
  }

  /**
   * Sends a request and waits for the first byte of the reply.
   *
   * @return false if the connection had been used before, and is closed now or holds bytes that no
   *     request asked for
   */
  boolean send(byte[] request) throws IOException {
    byte[] line = (head + request.length + "\r\n\r\n").getBytes(StandardCharsets.ISO_8859_1);
    GrowableBytes whole = new GrowableBytes(line.length + request.length);
    whole.add(line, 0, line.length);
    whole.add(request, 0, request.length);
    boolean again = used;
    used = true;
    try {
      if (again && (socket.isLate() || socket.hasUnread())) {
        return false;
      }
      bytes.beginReply(settings.patienceNanos());
      socket.write(whole.bytes, whole.length);
      return bytes.hasMore();
    } catch (SocketTimeoutException | RpcCallException late) {
      throw late;
    } catch (IOException ended) {
      if (again && !Thread.currentThread().isInterrupted()) {
        return false;
      }
      throw ended;
    }
  }

  /** Reads the reply. */
  <T> @Nullable T receive(JsonRpcResultReader<T> reader) throws IOException {
    try {
      return reply(reader);
    } finally {
      bytes.endReply();
    }
  }

  private <T> @Nullable T reply(JsonRpcResultReader<T> reader) throws IOException {
    keepAlive = false;
    body = null;
    bytes.beginHead(HEAD_LIMIT);
    int status = status(bytes.headLine());
    Map<String, String> headers = headers();
    // Interim responses (100, 103) are not the reply, and their heads count towards the limit.
    while (status >= 100 && status < 200) {
      status = status(bytes.headLine());
      headers = headers();
    }
    HttpReplyBody arriving = body(headers);
    body = arriving;
    keepAlive = !"close".equalsIgnoreCase(headers.getOrDefault("connection", ""));
    boolean isPacked = headers.getOrDefault("content-encoding", "").equalsIgnoreCase("gzip");
    if (status != 200) {
      String page = errorText(arriving, isPacked);
      throw RpcCallException.status(
          status, destination(status, headers).orElse(page), retryAfter(headers));
    }
    if (arriving.length() > settings.replyLimit()) {
      throw RpcCallException.of(
          RpcCallException.Kind.TOO_LARGE,
          "reply is larger than we read: bytes=" + arriving.length());
    }
    try (InFlightByteBudget.Charge charge = settings.inFlight().begin()) {
      json.open(
          isPacked ? new GZIPInputStream(arriving, 1 << 15) : arriving,
          settings.replyLimit(),
          read -> charge(charge, read));
      T value = reader.read(json);
      arriving.drain();
      return value;
    } catch (RpcCallException trouble) {
      if (trouble.kind() == RpcCallException.Kind.ERROR) {
        arriving.drain();
      }
      throw trouble;
    }
  }

  private void charge(InFlightByteBudget.Charge charge, int read) throws IOException {
    if (!charge.tryAdd(read)) {
      socket.suspend();
      charge.add(read);
      socket.resume();
    }
  }

  /**
   * True if the reply was read to its end, nothing follows it, and the node keeps the connection.
   * Bytes behind a reply would be taken for the reply to the next call.
   */
  boolean isReusable() {
    HttpReplyBody last = body;
    return keepAlive && last != null && last.isAtEnd() && bytes.isEmpty();
  }

  private static int status(String line) throws IOException {
    if (!line.startsWith("HTTP/1.") || line.length() < 12) {
      throw RpcCallException.of(RpcCallException.Kind.NONSENSE, "reply is not HTTP");
    }
    try {
      return Integer.parseInt(line, 9, 12, 10);
    } catch (NumberFormatException _) {
      throw RpcCallException.of(RpcCallException.Kind.NONSENSE, "reply is not HTTP");
    }
  }

  private Map<String, String> headers() throws IOException {
    Map<String, String> headers = new TreeMap<>();
    for (String line = bytes.headLine(); !line.isEmpty(); line = bytes.headLine()) {
      int colon = line.indexOf(':');
      if (colon > 0) {
        headers.put(
            line.substring(0, colon).toLowerCase(Locale.ROOT), line.substring(colon + 1).strip());
      }
    }
    return headers;
  }

  private HttpReplyBody body(Map<String, String> headers) throws IOException {
    if (headers.getOrDefault("transfer-encoding", "").equalsIgnoreCase("chunked")) {
      return HttpReplyBody.chunked(bytes);
    }
    String length = headers.get("content-length");
    if (length == null) {
      return HttpReplyBody.untilClosed(bytes);
    }
    try {
      return HttpReplyBody.ofLength(bytes, Long.parseLong(length));
    } catch (NumberFormatException _) {
      throw RpcCallException.of(RpcCallException.Kind.NONSENSE, "reply has no length");
    }
  }

  /**
   * Returns the beginning of an error page. Gateways label pages as compressed that are plain or
   * empty.
   */
  private String errorText(HttpReplyBody page, boolean isPacked) {
    try {
      PushbackInputStream plain = new PushbackInputStream(page, 2);
      byte[] first = plain.readNBytes(2);
      plain.unread(first);
      boolean isGzip = isPacked && Arrays.equals(first, GZIP);
      json.open(isGzip ? new GZIPInputStream(plain) : plain, settings.replyLimit());
      String begin = json.beginning(ERROR_TEXT);
      page.drain();
      return begin;
    } catch (IOException torn) {
      return "";
    }
  }

  /** Names the host that a redirect leads to. Redirects are not followed: the key is ours. */
  private static Optional<String> destination(int status, Map<String, String> headers) {
    if (status < 300 || status > 399) {
      return Optional.empty();
    }
    try {
      URI to = URI.create(headers.getOrDefault("location", ""));
      return Optional.ofNullable(to.getHost())
          .map(host -> "status %d: moved to %s://%s".formatted(status, to.getScheme(), host));
    } catch (IllegalArgumentException _) {
      return Optional.empty();
    }
  }

  private static Optional<Duration> retryAfter(Map<String, String> headers) {
    String seconds = headers.getOrDefault("retry-after", "");
    return seconds.matches("[0-9]{1,5}")
        ? Optional.of(Duration.ofSeconds(Long.parseLong(seconds)))
        : Optional.empty();
  }

  void close() {
    socket.close();
  }
}
