package dev.millrace.app;

import dev.millrace.clickhouse.MirrorSettings;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Consumer;

/** Queries that people ask the mirror: rows as text, and nothing can be changed by them. */
public final class MirrorSql {
  private static final String NULL = "\\N";

  private MirrorSql() {}

  /** Tells the names of the columns first, then row by row; bytes of a fixed length are 0x…. */
  public static void ask(MirrorSettings settings, String query, Consumer<List<String>> each) {
    // readonly=2 lets settings through; a GET of the server would be 1.
    URI address =
        URI.create(
            settings.url().replaceFirst("/+$", "")
                + "/?readonly=2&default_format=TabSeparatedWithNamesAndTypes&database="
                + URLEncoder.encode(settings.database(), StandardCharsets.UTF_8));
    HttpRequest request =
        HttpRequest.newBuilder(address)
            .header("X-ClickHouse-User", settings.user())
            .header("X-ClickHouse-Key", settings.password())
            .timeout(settings.timeout())
            .POST(HttpRequest.BodyPublishers.ofString(query))
            .build();
    try (HttpClient client = HttpClient.newHttpClient()) {
      HttpResponse<InputStream> answer =
          client.send(request, HttpResponse.BodyHandlers.ofInputStream());
      try (InputStream body = answer.body()) {
        if (answer.statusCode() != 200) {
          throw refused(new String(body.readAllBytes(), StandardCharsets.UTF_8));
        }
        read(body, each);
      }
    } catch (IOException failed) {
      throw new MillraceException(
          Remedy.FIX_SETUP, "ClickHouse does not answer: " + failed.getMessage(), failed);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new MillraceException(Remedy.RESTART, "query was interrupted", interrupted);
    }
  }

  private static MillraceException refused(String why) {
    return new MillraceException(Remedy.FIX_SETUP, "query was refused: " + why.strip());
  }

  /** Bytes travel as characters of the same number, so that none is lost on the way. */
  private static void read(InputStream body, Consumer<List<String>> each) throws IOException {
    BufferedReader lines =
        new BufferedReader(new InputStreamReader(body, StandardCharsets.ISO_8859_1));
    String names = lines.readLine();
    String types = lines.readLine();
    if (names == null || types == null) {
      return;
    }
    String[] kinds = types.split("\t", -1);
    each.accept(texts(names, new String[0]));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      if (line.startsWith("Code: ")) {
        throw refused(line); // an error in the middle of a stream can only be told there
      }
      each.accept(texts(line, kinds));
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
