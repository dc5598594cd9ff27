package dev.millrace.jsonrpc;

import static dev.millrace.jsonrpc.HostileServer.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Calls that share a WebSocket, and replies that do not name one of them. */
@Timeout(120)
final class SocketSharingTest {
  private static final String REFUSED =
      "{\"id\":null,\"error\":{\"code\":-32005,\"message\":\"rate limit exceeded\"}}";
  private static final byte[] TOO_LONG = {(byte) 0x81, 127, 0, 0, 0, 0, 0x10, 0, 0, 0};

  @Test
  @Tag("F49")
  @DisplayName("F49 an error without an id reaches the call, or the batch, that waits")
  void call_meetsAnErrorWithoutAnId() throws Exception {
    byte[] frame = WebSocketTransportTest.frame(0x81, REFUSED.length(), bytes(REFUSED));
    try (HostileServer server = afterCalls(1, frame);
        JsonRpcTransport transport = transport(server)) {
      List<JsonRpcCall> batch = List.of(call(8), call(9));
      RpcCallException single = trouble(transport, 7);
      RpcCallException whole =
          catchThrowableOfType(
              RpcCallException.class, () -> transport.batch(batch, JsonStreamReader::quantity));
      assertThat(List.of(single.code(), whole.code())).containsExactly(-32005L, -32005L);
    }
  }

  @Test
  @Tag("F49")
  @DisplayName("F49 an error without an id reaches all calls where several wait")
  void call_meetsAnErrorWithoutAnIdBesideOthers() throws Exception {
    byte[] frame = WebSocketTransportTest.frame(0x81, REFUSED.length(), bytes(REFUSED));
    try (HostileServer server = afterCalls(3, frame);
        JsonRpcTransport transport = transport(server)) {
      BlockingQueue<RpcCallException> met = sideBySide(transport, 3);
      for (int i = 0; i < 3; i++) {
        RpcCallException trouble = met.poll(60, TimeUnit.SECONDS);
        assertThat(trouble).isNotNull().extracting(RpcCallException::code).isEqualTo(-32005L);
      }
    }
  }

  @Test
  @Tag("F50")
  @DisplayName("F50 a reply that is too large is not held against one of several calls")
  void call_besideATooLargeReplyIsTorn() throws Exception {
    try (HostileServer server = afterCalls(3, TOO_LONG);
        JsonRpcTransport transport = transport(server)) {
      BlockingQueue<RpcCallException> met = sideBySide(transport, 3);
      for (int i = 0; i < 3; i++) {
        RpcCallException trouble = met.poll(60, TimeUnit.SECONDS);
        assertThat(trouble)
            .isNotNull()
            .extracting(RpcCallException::kind)
            .isEqualTo(RpcCallException.Kind.TORN);
      }
    }
  }

  @Test
  @Tag("F50")
  @DisplayName("F50 a reply that is too large is that of the call that waits alone")
  void call_aloneMeetsATooLargeReply() throws Exception {
    try (HostileServer server = afterCalls(1, TOO_LONG);
        JsonRpcTransport transport = transport(server)) {
      assertThat(trouble(transport, 7).kind()).isEqualTo(RpcCallException.Kind.TOO_LARGE);
    }
  }

  @Test
  @SuppressWarnings("try") // closed in the middle of a handshake, and again
  @Tag("F46")
  @DisplayName("F46 a transport that is closed during a handshake leaves no connection open")
  void close_endsAConnectionThatIsJustOpened() throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch closed = new CountDownLatch(1);
    BlockingQueue<Boolean> ended = new LinkedBlockingQueue<>();
    try (HostileServer server =
            new HostileServer((head, in, out) -> {
              begun.countDown();
              await(closed);
              WebSocketTransportTest.shakeHands(head, out);
              ended.add(in.read() < 0);
              return false;
            });
        JsonRpcTransport transport = transport(server)) {
      BlockingQueue<RpcCallException> met = sideBySide(transport, 1);
      await(begun);
      transport.close();
      closed.countDown();
      assertThat(ended.poll(60, TimeUnit.SECONDS)).isTrue();
      assertThat(met.poll(60, TimeUnit.SECONDS)).isNotNull();
    }
  }

  /** Starts a server that sends a frame after every {@code calls} requests. */
  private static HostileServer afterCalls(int calls, byte[] frame) throws IOException {
    AtomicInteger asked = new AtomicInteger();
    return new HostileServer((head, in, out) -> {
      WebSocketTransportTest.shakeHands(head, out);
      while (true) {
        WebSocketTransportTest.skipFrame(in);
        if (asked.incrementAndGet() % calls == 0) {
          out.write(frame);
          out.flush();
        }
      }
    });
  }

  private static BlockingQueue<RpcCallException> sideBySide(JsonRpcTransport transport, int calls) {
    BlockingQueue<RpcCallException> met = new LinkedBlockingQueue<>();
    for (int id = 1; id <= calls; id++) {
      int own = id;
      Thread.ofVirtual().start(() -> met.add(trouble(transport, own)));
    }
    return met;
  }

  private static RpcCallException trouble(JsonRpcTransport transport, long id) {
    return catchThrowableOfType(
        RpcCallException.class, () -> transport.call(call(id), JsonStreamReader::quantity));
  }

  private static JsonRpcCall call(long id) {
    return new JsonRpcCall(id, "eth_chainId", "[]");
  }

  private static void await(CountDownLatch latch) throws IOException {
    try {
      if (!latch.await(60, TimeUnit.SECONDS)) {
        throw new IOException("gate stays closed");
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  private static JsonRpcTransport transport(HostileServer server) {
    return JsonRpcTransport.to(
        EndpointUrl.of("ws://127.0.0.1:" + server.port() + "/"),
        new TransportSettings(Duration.ofSeconds(30), 1 << 20));
  }
}
