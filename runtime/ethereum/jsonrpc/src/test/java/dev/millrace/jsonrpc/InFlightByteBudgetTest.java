package dev.millrace.jsonrpc;

import static dev.millrace.jsonrpc.HostileServer.bytes;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Bytes of replies that arrive at once, and the replies that wait for room. */
@Timeout(60)
final class InFlightByteBudgetTest {
  private static final int REPLIES = 10;
  private static final int TEXT = 1 << 20;

  /** A reply: its text and what is around it. */
  private static final long REPLY = TEXT + 100L;

  private static final long LIMIT = 3 * REPLY;

  private final InFlightByteBudget budget = new InFlightByteBudget(LIMIT);
  private final InFlightByteBudget.Share share = budget.share();
  private final AtomicInteger read = new AtomicInteger();
  private final CountDownLatch parsed = new CountDownLatch(1);

  @ParameterizedTest
  @ValueSource(strings = {"http", "ws"})
  @Tag("F92")
  @DisplayName("F92 replies that come at once are read up to the budget and one more")
  void calls_holdNoMoreThanTheBudgetAndOneReply(String scheme) throws Exception {
    try (HostileServer server =
            new HostileServer((head, in, out) -> {
              if (scheme.equals("ws")) {
                WebSocketTransportTest.shakeHands(head, out);
                for (int id = 1; id <= REPLIES; id++) {
                  WebSocketTransportTest.skipFrame(in);
                  String reply = reply(id);
                  out.write(new byte[] {(byte) 0x81, 127, 0, 0, 0, 0});
                  out.write(ByteBuffer.allocate(4).putInt(reply.length()).array());
                  out.write(bytes(reply));
                }
              } else {
                String reply = reply(1);
                out.write(
                    bytes("HTTP/1.1 200 OK\r\nContent-Length: " + reply.length() + "\r\n\r\n"));
                out.write(bytes(reply));
              }
              return true;
            });
        JsonRpcTransport transport =
            JsonRpcTransport.to(
                EndpointUrl.of(scheme + "://127.0.0.1:" + server.port() + "/"),
                new TransportSettings(Duration.ofSeconds(60), 4 * REPLY, share));
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Integer>> calls = new ArrayList<>();
      for (int i = 1; i <= REPLIES; i++) {
        long id = scheme.equals("ws") ? i : 1;
        calls.add(threads.submit(() -> transport.call(new JsonRpcCall(id, "x", "[]"), this::read)));
      }
      // Over a WebSocket one thread reads for all calls, and may wait before a call has its reply.
      await(() ->
          read.get() > 0 && share.waiting() == (scheme.equals("ws") ? 1 : REPLIES - read.get()));

      assertThat(read.get()).isBetween(1, 4);
      assertThat(budget.used()).isBetween(REPLY - 100, LIMIT + REPLY);

      parsed.countDown();
      for (Future<Integer> call : calls) {
        assertThat(call.get()).isEqualTo(TEXT);
      }
      assertThat(budget.used()).isZero();
    }
  }

  private Integer read(JsonStreamReader in) throws RpcCallException {
    try {
      int length = in.text(TEXT).length();
      read.incrementAndGet();
      parsed.await();
      return length;
    } catch (java.io.IOException | InterruptedException ended) {
      throw RpcCallException.of(RpcCallException.Kind.TORN, ended.toString());
    }
  }

  private static String reply(int id) {
    return "{\"jsonrpc\":\"2.0\",\"id\":%d,\"result\":\"%s\"}".formatted(id, "a".repeat(TEXT));
  }

  @Test
  @Tag("F92")
  @DisplayName("F92 the reply that began first gets the room that another one frees")
  void add_servesTheOldestFirst() throws Exception {
    InFlightByteBudget.Charge full = share.begin();
    InFlightByteBudget.Charge beyond = share.begin();
    full.add(LIMIT);
    beyond.add(1);
    InFlightByteBudget.Charge older = share.begin();
    InFlightByteBudget.Charge younger = share.begin();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<?> second = threads.submit(() -> add(younger));
      await(() -> share.waiting() == 1);
      Future<?> first = threads.submit(() -> add(older));
      await(() -> share.waiting() == 2);

      full.close();
      first.get();

      assertThat(second.isDone()).isFalse();
      assertThat(budget.used()).isEqualTo(LIMIT);
      assertThat(older.tryAdd(1)).as("room behind one that waits").isFalse();
      older.close();
      second.get();
      younger.close();
      beyond.close();
      assertThat(budget.used()).isZero();
    }
  }

  private static Void add(InFlightByteBudget.Charge charge) throws Exception {
    charge.add(LIMIT - 1);
    return null;
  }

  private static void await(BooleanSupplier condition) throws InterruptedException {
    while (!condition.getAsBoolean()) {
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
      Thread.onSpinWait();
    }
  }
}
