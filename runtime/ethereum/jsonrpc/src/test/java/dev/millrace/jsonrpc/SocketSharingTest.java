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
    byte[] frame = SocketTransportTest.frame(0x81, REFUSED.length(), bytes(REFUSED));
    try (HostileServer server = afterCalls(1, frame);
        Transport transport = transport(server)) {
      List<Call> batch = List.of(call(8), call(9));
      Trouble single = trouble(transport, 7);
      Trouble whole =
          catchThrowableOfType(Trouble.class, () -> transport.batch(batch, JsonInput::quantity));
      assertThat(List.of(single.code(), whole.code())).containsExactly(-32005L, -32005L);
    }
  }

  @Test
  @Tag("F49")
  @DisplayName("F49 an error without an id reaches all calls where several wait")
  void call_meetsAnErrorWithoutAnIdBesideOthers() throws Exception {
    byte[] frame = SocketTransportTest.frame(0x81, REFUSED.length(), bytes(REFUSED));
    try (HostileServer server = afterCalls(3, frame);
        Transport transport = transport(server)) {
      BlockingQueue<Trouble> met = sideBySide(transport, 3);
      for (int i = 0; i < 3; i++) {
        Trouble trouble = met.poll(60, TimeUnit.SECONDS);
        assertThat(trouble).isNotNull().extracting(Trouble::code).isEqualTo(-32005L);
      }
    }
  }

  @Test
  @Tag("F50")
  @DisplayName("F50 a reply that is too large is not held against one of several calls")
  void call_besideATooLargeReplyIsTorn() throws Exception {
    try (HostileServer server = afterCalls(3, TOO_LONG);
        Transport transport = transport(server)) {
      BlockingQueue<Trouble> met = sideBySide(transport, 3);
      for (int i = 0; i < 3; i++) {
        Trouble trouble = met.poll(60, TimeUnit.SECONDS);
        assertThat(trouble).isNotNull().extracting(Trouble::kind).isEqualTo(Trouble.Kind.TORN);
      }
    }
  }

  @Test
  @Tag("F50")
  @DisplayName("F50 a reply that is too large is that of the call that waits alone")
  void call_aloneMeetsATooLargeReply() throws Exception {
    try (HostileServer server = afterCalls(1, TOO_LONG);
        Transport transport = transport(server)) {
      assertThat(trouble(transport, 7).kind()).isEqualTo(Trouble.Kind.TOO_LARGE);
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
              SocketTransportTest.shakeHands(head, out);
              ended.add(in.read() < 0);
              return false;
            });
        Transport transport = transport(server)) {
      BlockingQueue<Trouble> met = sideBySide(transport, 1);
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
      SocketTransportTest.shakeHands(head, out);
      while (true) {
        SocketTransportTest.skipFrame(in);
        if (asked.incrementAndGet() % calls == 0) {
          out.write(frame);
          out.flush();
        }
      }
    });
  }

  private static BlockingQueue<Trouble> sideBySide(Transport transport, int calls) {
    BlockingQueue<Trouble> met = new LinkedBlockingQueue<>();
    for (int id = 1; id <= calls; id++) {
      int own = id;
      Thread.ofVirtual().start(() -> met.add(trouble(transport, own)));
    }
    return met;
  }

  private static Trouble trouble(Transport transport, long id) {
    return catchThrowableOfType(Trouble.class, () -> transport.call(call(id), JsonInput::quantity));
  }

  private static Call call(long id) {
    return new Call(id, "eth_chainId", "[]");
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

  private static Transport transport(HostileServer server) {
    return Transport.to(
        Target.of("ws://127.0.0.1:" + server.port() + "/"),
        new WireSettings(Duration.ofSeconds(30), 1 << 20));
  }
}
