package dev.millrace.jsonrpc;

import static dev.millrace.jsonrpc.HostileServer.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.Base64;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** WebSockets on which a hostile server sends the frames, and the call after them. */
@Timeout(120)
final class WebSocketTransportTest {
  private static final String REPLY = "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":\"0x5\"}";

  /** Frames that the server sends in place of the first reply. */
  enum Frames {
    LONG_PING(frame(0x89, 300, new byte[300])),
    HUGE_LENGTH(new byte[] {(byte) 0x81, 127, 0x7f, -1, -1, -1, -1, -1, -1, -1}),
    NEGATIVE_LENGTH(new byte[] {(byte) 0x81, 127, -1, -1, -1, -1, -1, -1, -1, -1}),
    MASKED(new byte[] {(byte) 0x81, (byte) 0x85, 1, 2, 3, 4, 5, 6, 7, 8, 9}),
    NO_JSON(frame(0x81, 5, bytes("hello"))),
    OTHER_ID(frame(0x81, 23, bytes("{\"id\":99,\"result\":\"0x1\"}"))),
    NULL_ID(frame(0x81, 25, bytes("{\"id\":null,\"result\":\"0x1\"}"))),
    ID_OF_A_MAP(frame(0x81, 23, bytes("{\"id\":{},\"result\":\"0x1\"}"))),
    CLOSE(new byte[] {(byte) 0x88, 0});

    @SuppressWarnings("ImmutableEnumChecker") // never written to
    final byte[] bytes;

    Frames(byte[] bytes) {
      this.bytes = bytes;
    }
  }

  @ParameterizedTest
  @EnumSource
  @Tag("F27")
  @DisplayName("F27 hostile frames are trouble of one call, and the next call is answered")
  void call_survivesHostileFrames(Frames frames) throws Exception {
    AtomicInteger asked = new AtomicInteger();
    try (HostileServer server =
            new HostileServer((head, in, out) -> {
              shakeHands(head, out);
              while (true) {
                skipFrame(in);
                boolean first = asked.getAndIncrement() == 0;
                out.write(first ? frames.bytes : frame(0x81, REPLY.length(), bytes(REPLY)));
                out.flush();
              }
            });
        JsonRpcTransport transport =
            JsonRpcTransport.to(
                EndpointUrl.of("ws://127.0.0.1:" + server.port() + "/"),
                new TransportSettings(Duration.ofSeconds(2), 1 << 20))) {
      JsonRpcCall call = new JsonRpcCall(7, "eth_chainId", "[]");
      RpcCallException trouble =
          catchThrowableOfType(
              RpcCallException.class, () -> transport.call(call, JsonStreamReader::quantity));
      assertThat(trouble).isNotNull();
      assertThat(transport.call(call, JsonStreamReader::quantity)).isEqualTo(5L);
    }
  }

  @Test
  @Tag("F27")
  @DisplayName(
      "F27 a connection on which nothing comes is left at once: the next call opens another")
  void call_afterSilenceOpensAnotherConnection() throws Exception {
    AtomicInteger opened = new AtomicInteger();
    try (HostileServer server =
            new HostileServer((head, in, out) -> {
              shakeHands(head, out);
              boolean isSilent = opened.getAndIncrement() % 2 == 0;
              while (true) {
                skipFrame(in);
                if (!isSilent) {
                  out.write(frame(0x81, REPLY.length(), bytes(REPLY)));
                  out.flush();
                }
              }
            });
        JsonRpcTransport transport =
            JsonRpcTransport.to(
                EndpointUrl.of("ws://127.0.0.1:" + server.port() + "/"),
                new TransportSettings(Duration.ofMillis(300), 1 << 20))) {
      JsonRpcCall call = new JsonRpcCall(7, "eth_chainId", "[]");
      RpcCallException silent =
          catchThrowableOfType(
              RpcCallException.class, () -> transport.call(call, JsonStreamReader::quantity));
      assertThat(silent).isNotNull();
      assertThat(transport.endedConnections()).isEqualTo(1);
      for (int i = 0; i < 20; i++) {
        assertThat(transport.call(call, JsonStreamReader::quantity)).isEqualTo(5L);
      }
    }
  }

  @Test
  @Tag("F27")
  @DisplayName("F27 a reply in fragments, with pings between them, is put together")
  void call_readsFragmentsBetweenPings() throws Exception {
    byte[] begin = bytes(REPLY.substring(0, 10));
    byte[] rest = bytes(REPLY.substring(10));
    try (HostileServer server =
            new HostileServer((head, in, out) -> {
              shakeHands(head, out);
              skipFrame(in);
              out.write(frame(0x01, begin.length, begin));
              out.write(frame(0x89, 4, bytes("ping")));
              out.write(frame(0x80, rest.length, rest));
              out.flush();
              skipFrame(in);
              return false;
            });
        JsonRpcTransport transport =
            JsonRpcTransport.to(
                EndpointUrl.of("ws://127.0.0.1:" + server.port() + "/"),
                new TransportSettings(Duration.ofSeconds(30), 1 << 20))) {
      assertThat(
              transport.call(new JsonRpcCall(7, "eth_chainId", "[]"), JsonStreamReader::quantity))
          .isEqualTo(5L);
    }
  }

  @Test
  @Tag("F27")
  @DisplayName("F27 a connection that ends under its second call: the call is repeated on another")
  void call_isRepeatedWhenItsConnectionEnds() throws Exception {
    AtomicInteger connections = new AtomicInteger();
    try (HostileServer server =
            new HostileServer((head, in, out) -> {
              connections.incrementAndGet();
              shakeHands(head, out);
              skipFrame(in);
              out.write(frame(0x81, REPLY.length(), bytes(REPLY)));
              out.flush();
              skipFrame(in);
              return false; // ends without a second reply
            });
        JsonRpcTransport transport =
            JsonRpcTransport.to(
                EndpointUrl.of("ws://127.0.0.1:" + server.port() + "/"),
                new TransportSettings(Duration.ofSeconds(30), 1 << 20))) {
      for (int i = 0; i < 3; i++) {
        assertThat(
                transport.call(new JsonRpcCall(7, "eth_chainId", "[]"), JsonStreamReader::quantity))
            .isEqualTo(5L);
      }
      assertThat(connections).hasValue(3);
    }
  }

  static byte[] frame(int first, int length, byte[] payload) {
    ByteArrayOutputStream frame = new ByteArrayOutputStream();
    frame.write(first);
    if (payload.length < 126) {
      frame.write(payload.length);
    } else {
      frame.write(126);
      frame.write(length >> 8);
      frame.write(length);
    }
    frame.writeBytes(payload);
    return frame.toByteArray();
  }

  static void skipFrame(InputStream in) throws IOException {
    if (in.read() < 0) {
      throw new IOException("client is gone");
    }
    int length = in.read() & 0x7f;
    if (length == 126) {
      length = in.read() << 8 | in.read();
    }
    in.readNBytes(4 + length);
  }

  static void shakeHands(String head, OutputStream out) throws IOException {
    int at = head.indexOf("Sec-WebSocket-Key: ") + 19;
    out.write(
        bytes(
            "HTTP/1.1 101 Switching\r\nSec-WebSocket-Accept: "
                + accept(head.substring(at, head.indexOf('\r', at)))
                + "\r\n\r\n"));
    out.flush();
  }

  private static String accept(String key) {
    try {
      byte[] text =
          (key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").getBytes(StandardCharsets.US_ASCII);
      return Base64.getEncoder().encodeToString(MessageDigest.getInstance("SHA-1").digest(text));
    } catch (NoSuchAlgorithmException missing) {
      throw new IllegalStateException(missing);
    }
  }
}
