package dev.millrace.devnode;

import static dev.millrace.devnode.JsonByteWriter.ascii;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One connection of HTTP/1.1, kept open until the client goes. */
final class DevHttpConnection {
  private static final int MAX_HEAD = 64 * 1024;
  private static final long MAX_BODY = 64L * 1024 * 1024;
  private static final Duration SILENCE = Duration.ofMinutes(10);
  private static final byte[] HEAD_END = ascii("\r\n\r\n");

  private final DevNode node;
  private final InputStream in;
  private final OutputStream out;
  private final JsonByteWriter json;
  private final JsonRpcExchange exchange;
  private final NodeFaults faults;
  private byte[] buffer = new byte[16 * 1024];
  private int begin;
  private int end;

  DevHttpConnection(DevNode node, Socket socket) throws IOException {
    this.node = node;
    this.in = socket.getInputStream();
    this.out = socket.getOutputStream();
    this.json = new JsonByteWriter(out);
    this.faults = node.faults();
    this.exchange =
        new JsonRpcExchange(new DevNodeMethods(node.chain(), faults, json), json, node::count);
  }

  /** Request line and header fields. */
  private record Head(String method, Map<String, String> fields) {
    String field(String name) {
      return fields.getOrDefault(name, "");
    }
  }

  void run() throws IOException, InterruptedException {
    while (!node.isClosed()) {
      Head head = head();
      if (head == null) {
        return;
      }
      if (head.field("upgrade").equalsIgnoreCase("websocket")) {
        new DevWebSocketConnection(node, in, out).run(head.field("sec-websocket-key"));
        return;
      }
      if (head.field("expect").equalsIgnoreCase("100-continue")) {
        out.write(ascii("HTTP/1.1 100 Continue\r\n\r\n"));
      }
      byte[] body = body(head);
      if (!head.method().equals("POST")) {
        page(200, "text/plain", "A dev chain of Millrace. Send JSON-RPC by POST.\n");
      } else if (!answer(body)) {
        return;
      }
      if (head.field("connection").equalsIgnoreCase("close")) {
        return;
      }
    }
  }

  private @Nullable Head head() throws IOException {
    int length = find();
    while (length < 0) {
      if (end - begin > MAX_HEAD) {
        throw new IOException("head is too long");
      }
      if (!fill()) {
        return null;
      }
      length = find();
    }
    String[] lines =
        new String(buffer, begin, length, StandardCharsets.ISO_8859_1).split("\r\n", -1);
    begin += length + HEAD_END.length;
    Map<String, String> fields = new HashMap<>();
    for (int line = 1; line < lines.length; line++) {
      int colon = lines[line].indexOf(':');
      if (colon > 0) {
        fields.put(
            lines[line].substring(0, colon).toLowerCase(Locale.ROOT),
            lines[line].substring(colon + 1).strip());
      }
    }
    return new Head(lines[0].substring(0, Math.max(0, lines[0].indexOf(' '))), fields);
  }

  private int find() {
    for (int at = begin; at + HEAD_END.length <= end; at++) {
      if (Arrays.equals(buffer, at, at + HEAD_END.length, HEAD_END, 0, HEAD_END.length)) {
        return at - begin;
      }
    }
    return -1;
  }

  private boolean fill() throws IOException {
    if (begin > 0) {
      System.arraycopy(buffer, begin, buffer, 0, end - begin);
      end -= begin;
      begin = 0;
    }
    if (end == buffer.length) {
      buffer = Arrays.copyOf(buffer, buffer.length * 2);
    }
    int read = in.read(buffer, end, buffer.length - end);
    end += Math.max(0, read);
    return read > 0;
  }

  private byte[] body(Head head) throws IOException {
    if (head.field("transfer-encoding").equalsIgnoreCase("chunked")) {
      throw new IOException("chunked requests are not understood");
    }
    String given = head.field("content-length");
    long length = given.isEmpty() ? 0 : Long.parseLong(given);
    if (length > MAX_BODY) {
      throw new IOException("body is too long: bytes=" + length);
    }
    while (end - begin < length) {
      if (!fill()) {
        throw new EOFException("body ends early");
      }
    }
    byte[] body = Arrays.copyOfRange(buffer, begin, begin + (int) length);
    begin += (int) length;
    return body;
  }

  /** Answers a request; false if the connection has to break. */
  private boolean answer(byte[] body) throws IOException, InterruptedException {
    node.pause(faults.latency());
    Object request;
    try {
      request = JsonTreeReader.read(body);
    } catch (IllegalArgumentException _) {
      json.begin(false);
      exchange.refuseText();
      json.end();
      return true;
    }
    NodeFault drawn = faults.nextFault();
    NodeFault fault =
        drawn == null
            ? faults.rate().take(JsonRpcExchange.count(request), System.nanoTime())
            : drawn;
    return switch (fault) {
      case HTML -> page(200, "text/html", "<html><body><h1>502 Bad Gateway</h1></body></html>");
      case TOO_MANY_REQUESTS -> page(429, "text/plain", "Too Many Requests");
      case UNAVAILABLE -> page(503, "text/plain", "Service Unavailable");
      case SILENCE -> {
        node.pause(SILENCE);
        yield false;
      }
      case DISCONNECT -> half(request, true);
      case TRUNCATED -> half(request, false);
      case null, default -> {
        json.begin(false);
        exchange.answer(request, fault);
        json.end();
        yield true;
      }
    };
  }

  private boolean half(@Nullable Object request, boolean breaks) throws IOException {
    json.begin(true);
    exchange.answer(request, null);
    byte[] whole = json.heldBack();
    int half = whole.length / 2;
    out.write(
        ascii(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
                + (breaks ? whole.length : half)
                + "\r\n\r\n"));
    out.write(whole, 0, half);
    return !breaks;
  }

  private boolean page(int status, String type, String text) throws IOException {
    String reason =
        switch (status) {
          case 200 -> "OK";
          case 429 -> "Too Many Requests";
          default -> "Service Unavailable";
        };
    out.write(
        ascii(
            "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s"
                .formatted(status, reason, type, text.length(), text)));
    return true;
  }
}
