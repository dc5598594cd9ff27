package dev.millrace.jsonrpc;

import static dev.millrace.jsonrpc.HostileServer.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** HTTP connections that are reused, and connections that must not be. */
@Timeout(120)
final class HttpReuseTest {
  private static final String ANOTHERS_ERROR =
      "{\"id\":null,\"error\":{\"code\":-32601,\"message\":\"method not found\"}}";

  /** Number of requests that the server of the test has received. */
  private final AtomicInteger asked = new AtomicInteger();

  @ParameterizedTest
  @ValueSource(
      strings = {
        "HTTP/1.1 200 OK\r\nContent-Length: 23\r\n\r\n{\"id\":2,\"result\":\"0x2\"}",
        "HTTP/1.1 408 Timeout\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 64\r\n\r\n" + ANOTHERS_ERROR,
      })
  @Tag("F45")
  @DisplayName("F45 bytes behind a reply in the same packet are not taken for the next one")
  void call_ignoresWhatStandsBehindAReply(String behind) throws Exception {
    try (HostileServer server =
            new HostileServer((head, in, out) -> {
              int number = asked.incrementAndGet();
              out.write(bytes(reply(number) + (number == 2 ? behind : "")));
              return true;
            });
        JsonRpcTransport transport = transport(server, 30_000)) {
      for (long number = 1; number <= 20; number++) {
        assertThat(transport.call(call(number), JsonStreamReader::quantity)).isEqualTo(number);
      }
    }
  }

  @Test
  @Tag("F45")
  @DisplayName("F45 an error that comes while a connection is idle is not that of the next call")
  void call_ignoresWhatComesBetweenCalls() throws Exception {
    CountDownLatch idle = new CountDownLatch(1);
    CountDownLatch said = new CountDownLatch(1);
    try (HostileServer server =
            new HostileServer((head, in, out) -> {
              int number = asked.incrementAndGet();
              out.write(bytes(reply(number)));
              out.flush();
              if (number == 1) {
                await(idle);
                out.write(bytes("HTTP/1.1 408 Timeout\r\nContent-Length: 0\r\n\r\n"));
                out.flush();
                said.countDown();
              }
              return true;
            });
        JsonRpcTransport transport = transport(server, 30_000)) {
      assertThat(transport.call(call(1), JsonStreamReader::quantity)).isEqualTo(1L);
      idle.countDown();
      await(said);
      assertThat(transport.call(call(2), JsonStreamReader::quantity)).isEqualTo(2L);
    }
  }

  @Test
  @Tag("F45")
  @DisplayName("F45 a reply to another call ends the connection that brought it")
  void call_leavesAConnectionWhoseRepliesAreOfOthers() throws Exception {
    try (HostileServer server =
            new HostileServer((head, in, out) -> {
              int number = asked.incrementAndGet();
              out.write(bytes(reply(number == 2 ? 99 : number)));
              return true;
            });
        JsonRpcTransport transport = transport(server, 30_000)) {
      assertThat(transport.call(call(1), JsonStreamReader::quantity)).isEqualTo(1L);
      assertThat(kind(transport, 2)).isEqualTo(RpcCallException.Kind.NONSENSE);
      assertThat(transport.call(call(3), JsonStreamReader::quantity)).isEqualTo(3L);
      assertThat(server.connections()).isEqualTo(2);
    }
  }

  @Test
  @Tag("F46")
  @DisplayName("F46 a call that times out before the reply closes its connection")
  void call_closesTheConnectionOfATimeout() throws Exception {
    BlockingQueue<Boolean> ended = new LinkedBlockingQueue<>();
    try (HostileServer server = silent(ended);
        JsonRpcTransport transport = transport(server, 50)) {
      for (int i = 0; i < 5; i++) {
        assertThat(kind(transport, 7)).isEqualTo(RpcCallException.Kind.TIMEOUT);
        assertThat(ended.poll(60, TimeUnit.SECONDS)).isTrue();
      }
    }
  }

  @Test
  @Tag("F46")
  @DisplayName("F46 a call that is interrupted before the reply closes its connection")
  void call_closesTheConnectionOfAnInterrupt() throws Exception {
    BlockingQueue<Boolean> ended = new LinkedBlockingQueue<>();
    CountDownLatch waiting = new CountDownLatch(1);
    try (HostileServer server =
            new HostileServer((head, in, out) -> {
              waiting.countDown();
              ended.add(in.read() < 0);
              return false;
            });
        JsonRpcTransport transport = transport(server, 100_000)) {
      Thread asking =
          Thread.ofVirtual()
              .start(() -> {
                try {
                  transport.call(call(7), JsonStreamReader::quantity);
                } catch (RpcCallException | InterruptedException _) {
                  // Expected.
                }
              });
      await(waiting);
      asking.interrupt();
      asking.join();
      assertThat(ended.poll(60, TimeUnit.SECONDS)).isTrue();
    }
  }

  /** Starts a server that never answers and records whether the client ended each connection. */
  private static HostileServer silent(BlockingQueue<Boolean> ended) throws IOException {
    return new HostileServer((head, in, out) -> {
      ended.add(in.read() < 0);
      return false;
    });
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

  private static JsonRpcCall call(long id) {
    return new JsonRpcCall(id, "eth_blockNumber", "[]");
  }

  private static String reply(int id) {
    String body = "{\"id\":%d,\"result\":\"0x%x\"}".formatted(id, id);
    return "HTTP/1.1 200 OK\r\nContent-Length: " + body.length() + "\r\n\r\n" + body;
  }

  private static RpcCallException.Kind kind(JsonRpcTransport transport, long id) {
    return catchThrowableOfType(
            RpcCallException.class, () -> transport.call(call(id), JsonStreamReader::quantity))
        .kind();
  }

  private static JsonRpcTransport transport(HostileServer server, long millis) {
    return JsonRpcTransport.to(
        EndpointUrl.of("http://127.0.0.1:" + server.port() + "/"),
        new TransportSettings(Duration.ofMillis(millis), 1 << 20));
  }
}
