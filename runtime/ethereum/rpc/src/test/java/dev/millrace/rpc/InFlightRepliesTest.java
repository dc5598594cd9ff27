package dev.millrace.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.jsonrpc.ByteExchange;
import dev.millrace.jsonrpc.InFlightByteBudget;
import dev.millrace.jsonrpc.JsonRpcTransport;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.SequenceInputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Chains that share a budget of reply bytes, and a node that keeps silent. */
@Timeout(60)
final class InFlightRepliesTest {
  private static final FakeChain CHAIN = new FakeChain(5, 1000);
  private static final LogQuery QUERY = new LogQuery(ChainNodeTest.FILTER, 10, 20);
  private static final int LIMIT = 64 << 10;

  /** Bytes of a reply that are not charged. */
  private static final int FREE = 64 << 10;

  /** The begin of a reply that is charged. */
  private static final String LARGE = " ".repeat(2 * FREE);

  private final InFlightByteBudget budget = new InFlightByteBudget(LIMIT);
  private final CountDownLatch silent = new CountDownLatch(1);
  private final CountDownLatch ended = new CountDownLatch(1);

  /** The rest of a reply that does not come. */
  private final InputStream silence =
      new InputStream() {
        @Override
        public int read() throws IOException {
          silent.countDown();
          try {
            ended.await();
          } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException();
          }
          return -1;
        }

        @Override
        public int read(byte[] target, int offset, int count) throws IOException {
          return read();
        }
      };

  @ParameterizedTest
  @ValueSource(ints = {0, FREE + LIMIT + 1})
  @Tag("F93")
  @DisplayName("F93 a node that keeps silent, before its reply or in it, stalls no other chain")
  void logs_comeWhileTheNodeOfAnotherChainKeepsSilent(int sent) throws Exception {
    ByteExchange withSilence =
        request ->
            text(request).contains("\"0x1e\"")
                ? new SequenceInputStream(stream(" ".repeat(sent)), silence)
                : stream(LARGE + answer(request));
    try (ChainNode other = open(withSilence);
        ChainNode node = open(request -> stream(LARGE + answer(request)));
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      assertThat(other.logs(QUERY).logs().size()).isPositive(); // replies are known to be large
      Future<LogPage> late =
          threads.submit(() -> other.logs(new LogQuery(ChainNodeTest.FILTER, 30, 40)));
      silent.await();
      try {
        assertThat(node.logs(QUERY).logs().size()).isPositive();
      } finally {
        late.cancel(true);
      }
    }
  }

  @Test
  @Tag("F93")
  @DisplayName("F93 a reply that waits for room in memory is what the chain waits for")
  void status_namesTheWaitForRoom() throws Exception {
    ByteExchange full =
        request ->
            text(request).contains("\"0x1e\"") && ended.getCount() > 0
                ? new SequenceInputStream(stream(" ".repeat(FREE + LIMIT + 1)), silence)
                : stream(LARGE + answer(request));
    try (ChainNode node = open(full);
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      assertThat(node.logs(QUERY).logs().size()).isPositive();
      Future<LogPage> first =
          threads.submit(() -> node.logs(new LogQuery(ChainNodeTest.FILTER, 30, 30)));
      silent.await();
      Future<LogPage> second = threads.submit(() -> node.logs(QUERY));
      String waitingFor = "";
      while (waitingFor.isEmpty() && !Thread.interrupted()) {
        waitingFor = node.status().waitingFor();
      }

      assertThat(waitingFor).isEqualTo("room in memory: replies=1 bytesInFlight=" + (LIMIT + 1));

      ended.countDown();
      assertThat(List.of(first.get().from(), second.get().from())).containsExactly(30L, 10L);
      assertThat(budget.used()).isZero();
    }
  }

  @Test
  @Tag("F113")
  @DisplayName("F113 a small reply of an endpoint passes the large ones that wait for room")
  void block_comesWhileRepliesOfItsEndpointWaitForRoom() throws Exception {
    ByteExchange full =
        request -> {
          if (!text(request).contains("eth_getLogs")) {
            return stream(answer(request));
          }
          boolean isSilent = text(request).contains("\"0x1e\"") && ended.getCount() > 0;
          return isSilent
              ? new SequenceInputStream(stream(" ".repeat(FREE + LIMIT + 1)), silence)
              : stream(LARGE + answer(request));
        };
    try (ChainNode node = open(full);
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      assertThat(node.logs(QUERY).logs().size()).isPositive();
      List<Future<LogPage>> logs = new ArrayList<>();
      logs.add(threads.submit(() -> node.logs(new LogQuery(ChainNodeTest.FILTER, 30, 30))));
      silent.await();
      for (int i = 0; i < 40; i++) {
        logs.add(threads.submit(() -> node.logs(QUERY)));
      }
      // An endpoint is asked four questions at once at first.
      while (!node.status().waitingFor().startsWith("room in memory: replies=3 ")) {
        assertThat(Thread.interrupted()).isFalse();
      }

      assertThat(node.block(7)).isPresent();
      assertThat(node.status().waitingFor()).startsWith("room in memory: replies=3 ");

      ended.countDown();
      for (Future<LogPage> each : logs) {
        assertThat(each.get().logs().size()).isPositive();
      }
      assertThat(budget.used()).isZero();
    }
  }

  private ChainNode open(ByteExchange exchange) {
    return ChainNodeFactory.open(
        List.of("http://node.example"),
        5,
        RpcSettings.defaults().withInFlight(budget),
        (_, wire) -> JsonRpcTransport.over(exchange, wire),
        new SystemCallRuntime());
  }

  private static String text(byte[] request) {
    return new String(request, StandardCharsets.UTF_8);
  }

  private static String answer(byte[] request) {
    return CHAIN.answer(text(request)).body();
  }

  private static InputStream stream(String text) {
    return new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
  }
}
