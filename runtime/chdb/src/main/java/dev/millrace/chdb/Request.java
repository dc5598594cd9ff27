package dev.millrace.chdb;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URLDecoder;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One request of HTTP/1.1.
 *
 * @param headers by their names in lower case
 * @param parameters of the address, in their order; the last of a name counts
 * @param body as sent; it throws if the client leaves before its end
 */
record Request(
    String method,
    String path,
    Map<String, String> headers,
    Map<String, String> parameters,
    Body body) {
  private static final int LONGEST_LINE = 1 << 20;
  private static final int MOST_HEADERS = 200;

  /** Empty at the end of the connection. */
  static Optional<Request> read(InputStream in, OutputStream out) throws IOException {
    String first = line(in);
    while (first != null && first.isEmpty()) {
      // Some clients end a body with a line break too many.
      first = line(in);
    }
    if (first == null) {
      return Optional.empty();
    }
    String[] words = first.split(" ", -1);
    if (words.length != 3 || !words[2].startsWith("HTTP/1.")) {
      throw new IOException("request must begin with method, address and version");
    }
    Map<String, String> headers = new LinkedHashMap<>();
    while (true) {
      String line = line(in);
      if (line == null) {
        throw new EOFException("request must have an end of its headers");
      }
      if (line.isEmpty()) {
        break;
      }
      int colon = line.indexOf(':');
      if (colon <= 0) {
        throw new IOException("header must have a name");
      }
      if (headers.size() == MOST_HEADERS) {
        throw new IOException("request must have fewer headers: limit=" + MOST_HEADERS);
      }
      headers.put(
          line.substring(0, colon).strip().toLowerCase(Locale.ROOT),
          line.substring(colon + 1).strip());
    }
    if (!words[2].equals("HTTP/1.1")) {
      headers.putIfAbsent("connection", "close");
    }
    int mark = words[1].indexOf('?');
    String path = mark < 0 ? words[1] : words[1].substring(0, mark);
    String query = mark < 0 ? "" : words[1].substring(mark + 1);
    return Optional.of(
        new Request(words[0], path, headers, parameters(query), Body.of(headers, in, out)));
  }

  static Map<String, String> parameters(String query) {
    Map<String, String> parameters = new LinkedHashMap<>();
    for (String pair : query.split("&", -1)) {
      int sign = pair.indexOf('=');
      if (!pair.isEmpty()) {
        String name = sign < 0 ? pair : pair.substring(0, sign);
        String value = sign < 0 ? "" : decode(pair.substring(sign + 1));
        // A role may be named several times; of everything else the last one counts.
        parameters.merge(
            decode(name), value, (one, two) -> name.equals("role") ? one + "," + two : two);
      }
    }
    return parameters;
  }

  private static String decode(String text) {
    try {
      return URLDecoder.decode(text, UTF_8);
    } catch (IllegalArgumentException e) {
      throw ChdbException.of(
          ErrorCode.BAD_REQUEST_PARAMETER,
          "URL must be encoded in per cent signs: " + e.getMessage());
    }
  }

  Optional<String> parameter(String name) {
    return Optional.ofNullable(parameters.get(name));
  }

  /** Whether a switch is set. */
  boolean isOn(String name) {
    return parameter(name).filter(value -> value.equals("1") || value.equals("true")).isPresent();
  }

  Optional<String> header(String name) {
    return Optional.ofNullable(headers.get(name));
  }

  boolean keepsAlive() {
    return !headers.getOrDefault("connection", "").equalsIgnoreCase("close");
  }

  private static @Nullable String line(InputStream in) throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream(128);
    while (true) {
      int next = in.read();
      if (next < 0) {
        if (line.size() > 0) {
          throw new EOFException("request must end its lines");
        }
        return null;
      }
      if (next == '\n') {
        String text = line.toString(UTF_8);
        return text.endsWith("\r") ? text.substring(0, text.length() - 1) : text;
      }
      if (line.size() == LONGEST_LINE) {
        throw new IOException("line of a request must be shorter: limit=" + LONGEST_LINE);
      }
      line.write(next);
    }
  }
}
