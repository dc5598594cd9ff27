package dev.millrace.app;

import dev.millrace.clickhouse.client.MirrorSettings;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Read-only queries against the mirror, with rows as text.
 *
 * <p>An error in the middle of a response can only be reported there. A server that names a tag in
 * a header puts the error between two marks that carry the tag, so that no row can be taken for it;
 * an older server writes the error as the last line.
 */
public final class MirrorSqlClient {
  private static final String NULL = "\\N";
  private static final String TAG = "X-ClickHouse-Exception-Tag";
  private static final String MARK = "__exception__";
  private static final Pattern UNMARKED = Pattern.compile("Code: \\d+\\. DB::Exception: ");

  private MirrorSqlClient() {}

  /** Passes on the names of the columns first, then row by row; bytes of a fixed length are 0x…. */
  public static void ask(MirrorSettings settings, String query, Consumer<List<String>> each) {
    // readonly=2 allows settings; a GET would mean readonly=1.
    URI address =
        URI.create(
            settings.url().replaceFirst("/+$", "")
                + "/?readonly=2&default_format=TabSeparatedWithNamesAndTypes&database="
                + URLEncoder.encode(settings.database(), StandardCharsets.UTF_8));
    try {
      // After an error the connection breaks, and java.net.http then drops the data before it.
      HttpURLConnection connection = (HttpURLConnection) address.toURL().openConnection();
      try {
        connection.setConnectTimeout((int) settings.timeout().toMillis());
        connection.setReadTimeout((int) settings.timeout().toMillis());
        connection.setRequestProperty("X-ClickHouse-User", settings.user());
        connection.setRequestProperty("X-ClickHouse-Key", settings.password());
        connection.setDoOutput(true);
        try (OutputStream body = connection.getOutputStream()) {
          body.write(query.getBytes(StandardCharsets.UTF_8));
        }
        read(connection, each);
      } finally {
        connection.disconnect();
      }
    } catch (IOException failed) {
      throw new MillraceException(
          Remedy.FIX_SETUP, "ClickHouse does not answer: " + failed.getMessage(), failed);
    }
  }

  private static void read(HttpURLConnection connection, Consumer<List<String>> each)
      throws IOException {
    if (connection.getResponseCode() != 200) {
      try (InputStream why = connection.getErrorStream()) {
        throw refused(why == null ? "" : new String(why.readAllBytes(), StandardCharsets.UTF_8));
      }
    }
    Optional<String> tag = Optional.ofNullable(connection.getHeaderField(TAG));
    // ISO 8859-1 maps each byte to the character of the same number, so no byte is lost.
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(connection.getInputStream(), StandardCharsets.ISO_8859_1))) {
      Rows rows = new Rows(each);
      if (tag.isPresent()) {
        readMarked(lines, tag.get(), rows);
      } else {
        readUnmarked(lines, rows);
      }
    }
  }

  /** Passes a row on when the next line is known: the row before a mark is empty or torn. */
  private static void readMarked(BufferedReader lines, String tag, Rows rows) throws IOException {
    String before = null;
    String line = lines.readLine();
    while (line != null) {
      String next = lines.readLine();
      if (line.equals(MARK) && tag.equals(next)) {
        throw refused(error(lines, tag));
      }
      if (before != null) {
        rows.take(before);
      }
      before = line;
      line = next;
    }
    if (before != null) {
      rows.take(before);
    }
  }

  private static String error(BufferedReader lines, String tag) throws IOException {
    StringBuilder error = new StringBuilder();
    for (String line = lines.readLine();
        line != null && !line.endsWith(" " + tag);
        line = lines.readLine()) {
      error.append(line).append('\n');
    }
    return utf8(error.toString());
  }

  private static void readUnmarked(BufferedReader lines, Rows rows) throws IOException {
    String line = lines.readLine();
    while (line != null) {
      boolean mayBeError = UNMARKED.matcher(line).lookingAt();
      String next = mayBeError ? ifAny(lines) : lines.readLine();
      if (mayBeError && next == null) {
        throw refused(utf8(line));
      }
      rows.take(line);
      line = next;
    }
  }

  /** Returns null if the connection breaks, which is expected after an error. */
  private static @Nullable String ifAny(BufferedReader lines) {
    try {
      return lines.readLine();
    } catch (IOException _) {
      return null;
    }
  }

  private static MillraceException refused(String why) {
    return new MillraceException(Remedy.FIX_SETUP, "query was refused: " + why.strip());
  }

  private static String utf8(String bytes) {
    return new String(bytes.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
  }

  /** Takes lines in their order: names first, then types, then rows. */
  private static final class Rows {
    private final Consumer<List<String>> each;
    private String @Nullable [] kinds;
    private boolean hasNames;

    Rows(Consumer<List<String>> each) {
      this.each = each;
    }

    void take(String line) {
      if (!hasNames) {
        hasNames = true;
        each.accept(texts(line, new String[0]));
      } else if (kinds == null) {
        kinds = line.split("\t", -1);
      } else {
        each.accept(texts(line, kinds));
      }
    }
  }

  private static List<String> texts(String line, String[] kinds) {
    List<String> texts = new ArrayList<>();
    for (String field : line.split("\t", -1)) {
      boolean fixed = texts.size() < kinds.length && kinds[texts.size()].contains("FixedString");
      texts.add(text(field, fixed));
    }
    return texts;
  }

  private static String text(String field, boolean fixed) {
    if (field.equals(NULL)) {
      return "";
    }
    byte[] bytes = unescaped(field).getBytes(StandardCharsets.ISO_8859_1);
    return fixed
        ? "0x" + HexFormat.of().formatHex(bytes)
        : new String(bytes, StandardCharsets.UTF_8);
  }

  private static String unescaped(String field) {
    if (field.indexOf('\\') < 0) {
      return field;
    }
    StringBuilder plain = new StringBuilder(field.length());
    for (int i = 0; i < field.length(); i++) {
      char next = field.charAt(i);
      if (next == '\\' && i + 1 < field.length()) {
        i++;
        next =
            switch (field.charAt(i)) {
              case 'b' -> '\b';
              case 'f' -> '\f';
              case 'n' -> '\n';
              case 'r' -> '\r';
              case 't' -> '\t';
              case '0' -> '\0';
              default -> field.charAt(i);
            };
      }
      plain.append(next);
    }
    return plain.toString();
  }
}
