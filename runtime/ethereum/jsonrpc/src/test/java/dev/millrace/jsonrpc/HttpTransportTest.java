package dev.millrace.jsonrpc;

import static dev.millrace.jsonrpc.HostileServer.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** HTTP over real sockets, with servers that break the protocol. */
@Timeout(120)
final class HttpTransportTest {
  private static final String REPLY = "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":\"0x5\"}";
  private static final String OK = "HTTP/1.1 200 OK\r\n";

  @ParameterizedTest
  @ValueSource(ints = {1, 3, 1000})
  @Tag("F26")
  @DisplayName("F26 a reply in chunks of any size is read, and the connection is used again")
  void call_readsChunks(int size) throws Exception {
    assertThat(
            call((head, in, out) -> {
              out.write(bytes(OK + "Transfer-Encoding: chunked\r\n\r\n"));
              for (int at = 0; at < REPLY.length(); at += size) {
                String part = REPLY.substring(at, Math.min(REPLY.length(), at + size));
                out.write(bytes(Integer.toHexString(part.length()) + "\r\n" + part + "\r\n"));
              }
              out.write(bytes("0\r\nTrailer: x\r\n\r\n"));
              return true;
            }))
        .isEqualTo(5);
  }

  @Test
  @Tag("F26")
  @DisplayName("F26 early statuses are stepped over, and a compressed reply is read")
  void call_readsGzipBehindEarlyHints() throws Exception {
    byte[] packed = HostileServer.gzip(bytes(REPLY));
    assertThat(
            call((head, in, out) -> {
              out.write(
                  bytes("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nL: x\r\n\r\n"));
              out.write(bytes(OK + "Content-Encoding: gzip\r\n"));
              out.write(bytes("Content-Length: " + packed.length + "\r\n\r\n"));
              out.write(packed);
              return true;
            }))
        .isEqualTo(5);
  }

  @Test
  @Tag("F26")
  @DisplayName("F26 a small reply that unpacks to more than the limit is too large")
  void call_endsABombAtTheLimit() throws Exception {
    byte[] packed = HostileServer.gzip(new byte[8 << 20]);
    assertThat(
            trouble((head, in, out) -> {
              out.write(bytes(OK + "Content-Encoding: gzip\r\n"));
              out.write(bytes("Content-Length: " + packed.length + "\r\n\r\n"));
              out.write(packed);
              return true;
            }))
        .isIn(RpcCallException.Kind.TOO_LARGE, RpcCallException.Kind.NONSENSE);
    byte[] blanks = HostileServer.gzip(bytes(" ".repeat(8 << 20)));
    assertThat(
            trouble((head, in, out) -> {
              out.write(bytes(OK + "Content-Encoding: gzip\r\n"));
              out.write(bytes("Content-Length: " + blanks.length + "\r\n\r\n"));
              out.write(blanks);
              return true;
            }))
        .isEqualTo(RpcCallException.Kind.TOO_LARGE);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Content-Length: 500\r\n\r\n{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":\"0x",
        "Content-Encoding: gzip\r\nContent-Length: 12\r\n\r\nnot gzip....",
        "Transfer-Encoding: chunked\r\n\r\n-5\r\nabc",
        "Transfer-Encoding: chunked\r\n\r\nzz\r\nabc",
        "Transfer-Encoding: chunked\r\n\r\n50\r\n{\"jsonrpc\"",
        "Content-Length: x\r\n\r\n",
        "Content-Length: 0\r\n\r\n",
      })
  @Tag("F26")
  @DisplayName("F26 a body that is cut off, or lies about itself, is trouble and never an answer")
  void call_refusesBrokenBodies(String rest) throws Exception {
    assertThat(
            trouble((head, in, out) -> {
              out.write(bytes(OK + rest));
              return false;
            }))
        .isIn(RpcCallException.Kind.TORN, RpcCallException.Kind.NONSENSE);
  }

  @Test
  @Tag("F23")
  @DisplayName("F23 trailers that never end are refused like a head")
  void call_refusesEndlessTrailers() throws Exception {
    assertThat(
            trouble((head, in, out) -> {
              out.write(bytes(OK + "Transfer-Encoding: chunked\r\n\r\n"));
              out.write(bytes(Integer.toHexString(REPLY.length()) + "\r\n" + REPLY + "\r\n0\r\n"));
              out.write(bytes("X-Trailer: aaaaaaaaaaaaaaaaaaaaaaaa\r\n".repeat(1 << 16)));
              return false;
            }))
        .isEqualTo(RpcCallException.Kind.NONSENSE);
  }

  @Test
  @Tag("F26")
  @DisplayName("F26 what comes before the content of a packed reply counts towards its limit")
  void call_countsTheHeadOfGzip() throws Exception {
    assertThat(
            trouble((head, in, out) -> {
              out.write(bytes(OK + "Content-Encoding: gzip\r\n\r\n"));
              out.write(new byte[] {0x1f, (byte) 0x8b, 8, 8, 0, 0, 0, 0, 0, 0});
              out.write(bytes("a".repeat(4 << 20))); // a file name, which ends with a zero
              return false;
            }))
        .isEqualTo(RpcCallException.Kind.TOO_LARGE);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "429 | Content-Encoding: gzip~ | '' | status 429",
        "429 | Content-Encoding: gzip~ | slow down | slow down",
        "429 | '' | slow down | slow down",
        "401 | '' | '' | status 401",
        "301 | '' | '' | status 301",
        "301 | Location: /elsewhere~ | '' | status 301",
        "308 | Location: https://other.example/key~ | moved | status 308: moved to https://other.example",
      })
  @Tag("F51")
  @DisplayName("F51 a status counts before the body, and is the text where the body is empty")
  void call_readsTheStatusFirst(int status, String header, String body, String text)
      throws Exception {
    try (HostileServer server =
            new HostileServer((head, in, out) -> {
              out.write(
                  bytes(
                      "HTTP/1.1 %d x\r\nContent-Length: %d\r\nRetry-After: 17\r\n%s\r\n%s"
                          .formatted(status, body.length(), header.replace("~", "\r\n"), body)));
              return true;
            });
        JsonRpcTransport transport = transport(server)) {
      RpcCallException trouble =
          catchThrowableOfType(
              RpcCallException.class,
              () ->
                  transport.call(
                      new JsonRpcCall(7, "eth_chainId", "[]"), JsonStreamReader::quantity));
      assertThat(trouble)
          .extracting(
              RpcCallException::kind,
              RpcCallException::code,
              RpcCallException::text,
              RpcCallException::retryAfter)
          .containsExactly(
              RpcCallException.Kind.STATUS,
              (long) status,
              text,
              Optional.of(Duration.ofSeconds(17)));
    }
  }

  @Test
  @Tag("F22")
  @DisplayName("F22 a node that sends a blank now and then meets a deadline")
  void call_endsWhereANodeDrips() throws Exception {
    assertThat(
            trouble((head, in, out) -> {
              out.write(bytes(OK + "Transfer-Encoding: chunked\r\n\r\n"));
              return drip(out, "1\r\n \r\n");
            }))
        .isEqualTo(RpcCallException.Kind.TIMEOUT);
  }

  @Test
  @Tag("F22")
  @DisplayName("F22 a node that drips its head meets the same deadline")
  void call_endsWhereANodeDripsItsHead() throws Exception {
    assertThat(
            trouble((head, in, out) -> {
              out.write(bytes(OK));
              return drip(out, "x");
            }))
        .isEqualTo(RpcCallException.Kind.TIMEOUT);
  }

  private static boolean drip(OutputStream out, String drop) throws IOException {
    while (true) {
      out.write(bytes(drop));
      out.flush();
      LockSupport.parkNanos(50_000_000);
    }
  }

  @Test
  @Tag("F23")
  @DisplayName("F23 a head that never ends is refused at 64 KiB in all, however short its lines")
  void call_refusesAnEndlessHead() throws Exception {
    assertThat(
            trouble((head, in, out) -> {
              out.write(bytes(OK));
              for (long i = 0; ; i++) {
                out.write(bytes("h" + i + ": x\r\n"));
              }
            }))
        .isEqualTo(RpcCallException.Kind.NONSENSE);
  }

  @ParameterizedTest
  @ValueSource(strings = {"\"id\":8,", "\"id\":null,", "", "\"id\":{},"})
  @Tag("F16")
  @DisplayName("F16 the transport refuses a reply with another id, or with none")
  void call_refusesOtherIds(String id) throws Exception {
    assertThat(trouble((head, in, out) -> send(out, "{" + id + "\"result\":\"0x5\"}")))
        .isEqualTo(RpcCallException.Kind.NONSENSE);
  }

  @Test
  @Tag("F16")
  @DisplayName("F16 an error beside a null result is told, and one without an id too")
  void call_reportsTheErrorBesideANullResult() throws Exception {
    String error = "\"error\":{\"code\":-5,\"message\":\"no\"}}";
    assertThat(trouble((head, in, out) -> send(out, "{\"id\":7,\"result\":null," + error)))
        .isEqualTo(RpcCallException.Kind.ERROR);
    assertThat(trouble((head, in, out) -> send(out, "{\"id\":null," + error)))
        .isEqualTo(RpcCallException.Kind.ERROR);
  }

  private static boolean send(OutputStream out, String body) throws IOException {
    out.write(bytes(OK + "Content-Length: " + body.length() + "\r\n\r\n" + body));
    return true;
  }

  @Test
  @Tag("F28")
  @DisplayName("F28 an exception of the reader is trouble of the reply")
  void call_wrapsAnExceptionOfTheReader() throws Exception {
    try (HostileServer server = new HostileServer((head, in, out) -> send(out, REPLY));
        JsonRpcTransport transport = transport(server)) {
      RpcCallException trouble =
          catchThrowableOfType(
              RpcCallException.class,
              () ->
                  transport.<Long>call(
                      new JsonRpcCall(7, "eth_chainId", "[]"),
                      in -> {
                        throw new ArithmeticException("overflow");
                      }));
      assertThat(trouble.kind()).isEqualTo(RpcCallException.Kind.NONSENSE);
    }
  }

  private static long call(HostileServer.Script script) throws Exception {
    try (HostileServer server = new HostileServer(script);
        JsonRpcTransport transport = transport(server)) {
      Long first =
          transport.call(new JsonRpcCall(7, "eth_chainId", "[]"), JsonStreamReader::quantity);
      Long again =
          transport.call(new JsonRpcCall(7, "eth_chainId", "[]"), JsonStreamReader::quantity);
      assertThat(again).isEqualTo(first);
      return first == null ? -1 : first;
    }
  }

  private static RpcCallException.Kind trouble(HostileServer.Script script) throws Exception {
    try (HostileServer server = new HostileServer(script);
        JsonRpcTransport transport = transport(server)) {
      RpcCallException trouble =
          catchThrowableOfType(
              RpcCallException.class,
              () ->
                  transport.call(
                      new JsonRpcCall(7, "eth_chainId", "[]"), JsonStreamReader::quantity));
      return trouble.kind();
    }
  }

  private static JsonRpcTransport transport(HostileServer server) {
    return JsonRpcTransport.to(
        EndpointUrl.of("http://127.0.0.1:" + server.port() + "/"),
        new TransportSettings(Duration.ofSeconds(1), 1 << 20));
  }
}
