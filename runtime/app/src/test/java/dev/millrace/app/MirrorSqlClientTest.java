package dev.millrace.app;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.clickhouse.client.MirrorSettings;
import dev.millrace.loaders.MillraceException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Distinguishes rows from late errors in responses of servers, byte by byte. */
@Timeout(30)
class MirrorSqlClientTest {
  private static final String TAG = "abcdefghijklmnop";
  private static final String MARKED = "X-ClickHouse-Exception-Tag: " + TAG + "\r\n";
  private static final String NAMES = "text\tnumber\nString\tUInt64\n";
  private static final String ERROR = "Code: 395. DB::Exception: größer: (VALUE) (version 26.5)\n";

  /** Returns the received rows, line by line; an error begins with an exclamation mark. */
  private static List<String> reported(String headers, String body, boolean isWhole)
      throws Exception {
    List<String> received = new ArrayList<>();
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Thread answers =
          Thread.ofVirtual().start(() -> answer(server, headers, body.getBytes(UTF_8), isWhole));
      MirrorSettings settings =
          MirrorSettings.of("http://127.0.0.1:" + server.getLocalPort(), "default", "", "mirror");
      try {
        MirrorSqlClient.ask(settings, "SELECT 1", row -> received.add(String.join("|", row)));
      } catch (MillraceException refused) {
        received.add("!" + refused.getMessage());
      }
      answers.join();
    }
    return received;
  }

  private static void answer(ServerSocket server, String headers, byte[] body, boolean isWhole) {
    try (Socket client = server.accept()) {
      hear(client.getInputStream());
      OutputStream out = client.getOutputStream();
      String head = "HTTP/1.1 200 OK\r\n" + headers + "Transfer-Encoding: chunked\r\n\r\n";
      out.write((head + Integer.toHexString(body.length) + "\r\n").getBytes(ISO_8859_1));
      out.write(body);
      out.write((isWhole ? "\r\n0\r\n\r\n" : "\r\n").getBytes(ISO_8859_1));
      out.flush();
    } catch (IOException failed) {
      throw new AssertionError(failed);
    }
  }

  /** Reads the whole request: otherwise the connection would break too early. */
  private static void hear(InputStream in) throws IOException {
    StringBuilder head = new StringBuilder();
    while (head.indexOf("\r\n\r\n") < 0) {
      head.append((char) in.read());
    }
    Matcher length = Pattern.compile("(?i)content-length: (\\d+)").matcher(head);
    assertThat(length.find()).as(head.toString()).isTrue();
    in.readNBytes(Integer.parseInt(length.group(1)));
  }

  @Test
  void rows_mayReadLikeErrorsAndMarks() throws Exception {
    String rows = "Code: 7. DB::Exception: told\t1\n__exception__\t2\n__exception__\n\n";

    assertThat(reported(MARKED, NAMES + rows + ERROR, true))
        .containsExactly(
            "text|number",
            "Code: 7. DB::Exception: told|1",
            "__exception__|2",
            "__exception__",
            "",
            ERROR.strip());
    assertThat(reported("", NAMES + rows + "last\t3\n", true))
        .containsExactly(
            "text|number",
            "Code: 7. DB::Exception: told|1",
            "__exception__|2",
            "__exception__",
            "",
            "last|3");
  }

  @Test
  void error_betweenItsMarksIsReportedAndNothingOfItIsARow() throws Exception {
    String mark = "\r\n__exception__\r\n";
    String tail = mark + TAG + "\r\n" + ERROR + "58 " + TAG + mark;
    List<String> expected =
        List.of("text|number", "a|1", "b|2", "!query was refused: " + ERROR.strip());

    assertThat(reported(MARKED, NAMES + "a\t1\nb\t2\n" + tail, false)).isEqualTo(expected);
    assertThat(reported(MARKED, NAMES + "a\t1\nb\t2\ntor" + tail, true)).isEqualTo(expected);
  }

  @Test
  void error_ofAnOlderServerIsItsLastLine() throws Exception {
    for (boolean isWhole : new boolean[] {true, false}) {
      assertThat(reported("", NAMES + "a\t1\n" + ERROR, isWhole))
          .containsExactly("text|number", "a|1", "!query was refused: " + ERROR.strip());
    }
  }

  @Test
  void answer_thatBreaksOffIsNoWholeAnswer() throws Exception {
    assertThat(reported(MARKED, NAMES + "a\t1\n", false))
        .last()
        .asString()
        .startsWith("!ClickHouse does not answer: ");
  }
}
