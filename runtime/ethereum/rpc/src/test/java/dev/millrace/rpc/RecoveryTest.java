package dev.millrace.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.jsonrpc.JsonRpcTransport;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Endpoints that are unwell for a while, and what is thought of them afterwards. */
@Timeout(120)
final class RecoveryTest {
  private static final FakeChain CHAIN = new FakeChain(5, 1_000);
  private static final List<Long> HEADERS = LongStream.range(1, 101).boxed().toList();

  @Test
  @Tag("F85")
  @DisplayName("F85 an endpoint that never answers does not keep others from being asked")
  void silentEndpoint_isPassedOver() throws Exception {
    try (FakeNode well = new FakeNode(body -> CHAIN.answer(body).after(5));
        FakeNode silent = new FakeNode(body -> CHAIN.answer(body).after(20_000));
        ChainNode node =
            ChainNodeFactory.open(
                List.of(well.url(), silent.url()),
                5,
                RpcSettings.defaults().withTimeout(Duration.ofSeconds(30)));
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      long begun = System.nanoTime();
      List<Future<?>> blocks = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        blocks.add(
            threads.submit(() -> {
              while (System.nanoTime() - begun < Duration.ofSeconds(3).toNanos()) {
                Optional<NodeBlockHeader> _ = node.block(7);
              }
              return true;
            }));
      }
      while (System.nanoTime() - begun < Duration.ofSeconds(3).toNanos()) {
        Thread.onSpinWait();
      }

      assertThat(well.asked("eth_getBlockByNumber")).isGreaterThan(50);
      for (Future<?> block : blocks) {
        block.cancel(true);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {404, 429, 500})
  @Tag("F86")
  @DisplayName(
      "F86 several calls at once are refused for a while: as many as before a minute later")
  void batches_growAgain(int status, @TempDir Path directory) throws Exception {
    HurriedRuntime time = new HurriedRuntime();
    AtomicBoolean isUnwell = new AtomicBoolean(true);
    AtomicInteger refused = new AtomicInteger();
    RpcSettings settings = RpcSettings.defaults().withDirectory(Optional.of(directory));
    try (FakeNode gateway =
        new FakeNode(body ->
            body.startsWith("[") && isUnwell.get() && refused.incrementAndGet() < 4
                ? FakeNode.Answer.status(status, "", "try later")
                : CHAIN.answer(body))) {
      for (int process = 0; process < 2; process++) {
        try (ChainNode node =
            ChainNodeFactory.open(
                List.of(gateway.url()), 5, settings, JsonRpcTransport::to, time)) {
          assertThat(node.blocks(HEADERS)).hasSize(100);
          isUnwell.set(false);
          time.pass(Duration.ofHours(7));
          assertThat(node.blocks(HEADERS)).hasSize(100);
          long before = gateway.asked().size();

          assertThat(node.blocks(HEADERS)).hasSize(100);

          assertThat(gateway.asked().size() - before).isLessThan(8);
        }
      }
    }
  }

  @Test
  @Tag("F87")
  @DisplayName("F87 an endpoint that booted without eth_getLogs is asked again minutes later")
  void lateLogs_areAskedFor() throws Exception {
    HurriedRuntime time = new HurriedRuntime();
    AtomicBoolean boots = new AtomicBoolean(true);
    try (FakeNode first =
            new FakeNode(body -> boots.get() ? withoutLogs(body) : CHAIN.answer(body));
        FakeNode second =
            new FakeNode(body ->
                boots.get()
                    ? CHAIN.answer(body).after(3)
                    : FakeNode.Answer.status(503, "", "down"));
        ChainNode node =
            ChainNodeFactory.open(
                List.of(first.url(), second.url()),
                5,
                RpcSettings.defaults(),
                JsonRpcTransport::to,
                time)) {
      for (long block = 10; block < 60; block++) {
        assertThat(node.logs(new LogQuery(ChainNodeTest.FILTER, block, block)).logs().size())
            .isEqualTo(2);
      }
      boots.set(false);
      time.pass(Duration.ofMinutes(6));

      assertThat(node.logs(new LogQuery(ChainNodeTest.FILTER, 60, 60)).logs().size()).isEqualTo(2);
    }
  }

  private static FakeNode.Answer withoutLogs(String body) {
    String replies =
        FakeChain.calls(body).stream()
            .map(call ->
                call.method().equals("eth_getLogs")
                    ? call.error(-32601, "the method eth_getLogs does not exist/is not available")
                    : CHAIN.reply(call))
            .collect(Collectors.joining(","));
    return FakeNode.Answer.of(body.startsWith("[") ? "[" + replies + "]" : replies);
  }
}
