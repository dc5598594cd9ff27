package dev.millrace.chdb;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class RequestTest {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  @Test
  void request_hasPathParametersHeadersAndBody() throws IOException {
    Request request =
        read(
            "POST /?query=SELECT+%27%C3%A4%27&a=1&a=2&role=x&role=y&flag HTTP/1.1",
            "Content-Length: 5", "X-Odd:  b ", "", "hello and more");

    assertThat(request.method()).isEqualTo("POST");
    assertThat(request.path()).isEqualTo("/");
    assertThat(request.parameters())
        .isEqualTo(Map.of("query", "SELECT 'ä'", "a", "2", "role", "x,y", "flag", ""));
    assertThat(request.header("x-odd")).contains("b");
    assertThat(request.body().readAllBytes()).asString().isEqualTo("hello");
    assertThat(request.keepsAlive()).isTrue();
    assertThat(out.size()).isZero();
  }

  @Test
  void requests_followEachOther() throws IOException {
    InputStream in =
        stream(
            "POST / HTTP/1.1",
            "Transfer-Encoding: chunked",
            "",
            "3;x=y",
            "abc",
            "2",
            "de",
            "0",
            "Trailer: 1",
            "",
            "GET /ping HTTP/1.0",
            "",
            "");

    assertThat(next(in).body().readAllBytes()).asString().isEqualTo("abcde");
    assertThat(next(in))
        .satisfies(ping -> {
          assertThat(ping.path()).isEqualTo("/ping");
          assertThat(ping.keepsAlive()).isFalse();
          assertThat(ping.body().readAllBytes()).isEmpty();
        });
    assertThat(Request.read(in, out)).isEmpty();
  }

  @Test
  void body_thatBreaksOffIsNoEnd() throws IOException {
    Request sized = read("POST / HTTP/1.1", "Content-Length: 50", "", "hello");
    Request chunked = read("POST / HTTP/1.1", "Transfer-Encoding: chunked", "", "5", "hello");

    assertThatThrownBy(() -> sized.body().readAllBytes()).isInstanceOf(EOFException.class);
    assertThatThrownBy(() -> chunked.body().readAllBytes()).isInstanceOf(EOFException.class);
  }

  @Test
  void client_thatWaitsIsToldToGoOnWhenItsBodyIsWanted() throws IOException {
    Request request =
        read("POST / HTTP/1.1", "Content-Length: 5", "Expect: 100-continue", "", "hello");
    assertThat(out.size()).isZero();
    // Its body was never asked for: what comes next is not a request.
    assertThat(request.body().drain()).isFalse();

    assertThat(request.body().readAllBytes()).asString().isEqualTo("hello");
    assertThat(out.toString(UTF_8)).isEqualTo("HTTP/1.1 100 Continue\r\n\r\n");
    assertThat(request.body().drain()).isTrue();
  }

  @Test
  void request_thatIsNoneEndsTheConnection() {
    assertThatThrownBy(() -> read("hello")).isInstanceOf(IOException.class);
    assertThatThrownBy(() -> read("POST / HTTP/1.1", "no colon", ""))
        .isInstanceOf(IOException.class);
    assertThatThrownBy(() -> read("POST / HTTP/1.1", "Content-Length: x", "", ""))
        .isInstanceOf(IOException.class);
  }

  @Test
  void ask_tellsSettingsFromTheProtocol() throws IOException {
    Request request =
        read(
            "POST /?query_id=q1&database=a&max_threads=1&param_x=a%27b&compress=1&wait_end_of_query=1&default_format=CSV&role=few HTTP/1.1",
            "X-ClickHouse-Database: b", "");
    Ask ask = Ask.of(request);

    assertThat(ask.queryId()).isEqualTo("q1");
    assertThat(ask.format()).contains("CSV");
    assertThat(ask.preparation(new Accounts.Account("reader", "few")))
        .isEqualTo(
            "SET ROLE `few`; USE `b`; SET `max_threads` = '1', `param_x` = 'a\\'b', `log_comment` = 'q1'");
    assertThatThrownBy(() -> ask.preparation(new Accounts.Account("reader", "other")))
        .isInstanceOf(ChdbException.class);
  }

  @Test
  void ask_byGetMayOnlyRead() throws IOException {
    assertThat(Ask.of(read("GET /?query_id=q HTTP/1.1", "")).settings())
        .isEqualTo(Map.of("log_comment", "q", "readonly", "2"));
  }

  @Test
  void session_isRefusedInWords() {
    assertThatThrownBy(() -> Ask.of(read("POST /?session_id=s HTTP/1.1", "")))
        .hasMessage(
            "Code: 48. DB::Exception: Sessions are not supported by the embedded engine, send the"
                + " settings with each query: session_id=s. (NOT_IMPLEMENTED)");
  }

  @Test
  void password_comesInThreeWays(@TempDir Path root) throws IOException {
    Path file = root.resolve("accounts");
    Files.writeString(file, "default owner pw\nreader few a b\n");
    Accounts accounts = Accounts.read(file);
    Accounts.Account reader = new Accounts.Account("reader", "few");
    String basic = Base64.getEncoder().encodeToString("reader:a b".getBytes(UTF_8));

    assertThat(
            accounts.authenticate(
                read("GET / HTTP/1.1", "X-ClickHouse-User: reader", "X-ClickHouse-Key: a b", "")))
        .isEqualTo(reader);
    assertThat(accounts.authenticate(read("GET / HTTP/1.1", "Authorization: Basic " + basic, "")))
        .isEqualTo(reader);
    assertThat(accounts.authenticate(read("GET /?user=reader&password=a+b HTTP/1.1", "")))
        .isEqualTo(reader);
    assertThat(accounts.authenticate(read("GET /?password=pw HTTP/1.1", "")))
        .isEqualTo(new Accounts.Account("default", "owner"));

    assertThatThrownBy(() -> accounts.authenticate(read("GET / HTTP/1.1", "")))
        .hasMessageContaining("Code: 194.");
    assertThatThrownBy(
            () -> accounts.authenticate(read("GET /?user=reader&password=x HTTP/1.1", "")))
        .hasMessageContaining("Code: 516.");
    assertThatThrownBy(() -> accounts.authenticate(read("GET /?user=who&password=x HTTP/1.1", "")))
        .hasMessageContaining("Code: 516.");
  }

  @Test
  void error_hasTheShapeThatClientsParse() {
    ChdbException reported =
        ChdbException.reported(
            "Code: 60. DB::Exception: Table a.b does not exist. (UNKNOWN_TABLE)");

    assertThat(reported.code()).isEqualTo(60);
    assertThat(reported.status()).isEqualTo(404);
    assertThat(reported.body("26.5"))
        .isEqualTo(
            "Code: 60. DB::Exception: Table a.b does not exist. (UNKNOWN_TABLE) (version 26.5)\n");
    assertThat(ChdbException.reported("odd").body("26.5"))
        .isEqualTo("Code: 1002. DB::Exception: odd. (UNKNOWN_EXCEPTION) (version 26.5)\n");
  }

  private Request read(String... lines) throws IOException {
    return next(stream(lines));
  }

  private Request next(InputStream in) throws IOException {
    return Request.read(in, out).orElseThrow();
  }

  private static InputStream stream(String... lines) {
    return new ByteArrayInputStream((String.join("\r\n", lines) + "\r\n").getBytes(ISO_8859_1));
  }
}
