package dev.millrace.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.jsonrpc.JsonRpcTransport;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Nodes that clamp ranges at their own head without an error. */
@Timeout(120)
final class LaggingNodeTest {
  private static final FakeChain WHOLE = new FakeChain(5, 1000);
  private static final FakeChain BEHIND = new FakeChain(5, 500);

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  @Tag("F14")
  @DisplayName("F14 a faster endpoint that lags and clamps ranges costs no log, first or last")
  void logs_ofALaggingEndpointCountUpToItsHead(boolean laggingFirst) throws Exception {
    try (FakeNode whole = new FakeNode(body -> WHOLE.answer(body).after(20));
        FakeNode behind = new FakeNode(body -> clamped(BEHIND, body).after(1));
        ChainNode node =
            laggingFirst
                ? ChainNodeTest.open(5, behind, whole)
                : ChainNodeTest.open(5, whole, behind)) {
      assertThat(ChainNodeTest.read(node, 1, 900)).isEqualTo(ChainNodeTest.expected(1, 900));
      assertThat(node.blocks(List.of(700L, 900L)))
          .extracting(block -> block.header().number())
          .containsExactly(700L, 900L);
      assertThat(behind.asked("eth_getBlockByNumber")).as("asked in vain").isLessThan(40);
    }
  }

  @Test
  @Tag("F14")
  @DisplayName("F14 an only endpoint that lags is waited for, with pauses and a reason")
  void logs_ofTheOnlyEndpointWaitForItsHead() throws Exception {
    AtomicInteger looks = new AtomicInteger();
    try (FakeNode behind =
            new FakeNode(body ->
                (body.contains("eth_blockNumber") ? looks.incrementAndGet() : looks.get()) > 3
                    ? WHOLE.answer(body)
                    : clamped(BEHIND, body));
        ChainNode node = ChainNodeTest.open(5, behind)) {
      assertThat(ChainNodeTest.read(node, 480, 520)).isEqualTo(ChainNodeTest.expected(480, 520));
      assertThat(behind.asked("eth_blockNumber")).isEqualTo(4);
      assertThat(node.status().endpoints().getFirst().errors()).containsEntry("behind", 3L);
    }
  }

  @Test
  @Tag("F15")
  @DisplayName("F15 of one address with two backends the one that lags costs no log")
  void logs_ofABackendThatLagsDoNotCount() throws Exception {
    AtomicInteger count = new AtomicInteger();
    try (FakeNode balanced =
            new FakeNode(body ->
                count.getAndIncrement() % 2 == 0 ? WHOLE.answer(body) : clamped(BEHIND, body));
        ChainNode node = ChainNodeTest.open(5, balanced)) {
      assertThat(ChainNodeTest.read(node, 400, 700)).isEqualTo(ChainNodeTest.expected(400, 700));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"{\"id\":null,\"error\":{\"code\":-32000,\"message\":\"shard is away\"}}", "[]"})
  @Tag("F71")
  @DisplayName("F71 after hiccups a balanced address that takes batches is not asked one by one")
  void logs_afterHiccupsStillComeWithTheirBlock(String hiccup) throws Exception {
    AtomicInteger pairs = new AtomicInteger();
    try (FakeNode balanced =
            new FakeNode(body -> {
              boolean isPair = body.startsWith("[") && body.contains("eth_getLogs");
              int pair = isPair ? pairs.incrementAndGet() : 0;
              if (pair >= 3 && pair < 8) {
                return FakeNode.Answer.of(hiccup);
              }
              return body.startsWith("{") && body.contains("eth_getLogs")
                  ? clamped(BEHIND, body)
                  : WHOLE.answer(body);
            });
        ChainNode node = ChainNodeTest.open(5, balanced)) {
      List<String> read = new ArrayList<>();
      for (long from = 490; from < 520; from += 3) {
        read.addAll(ChainNodeTest.read(node, from, from + 2));
      }
      assertThat(read).isEqualTo(ChainNodeTest.expected(490, 519));
      assertThat(pairs).hasValueGreaterThan(7);
    }
  }

  @Test
  @Tag("F71")
  @DisplayName("F71 the same after errors to other requests of several calls")
  void logs_afterErrorsToOtherBatchesStillComeWithTheirBlock() throws Exception {
    AtomicInteger proofs = new AtomicInteger();
    try (FakeNode balanced =
            new FakeNode(body -> {
              if (body.startsWith("[") && body.contains("eth_chainId") && proofs.get() < 3) {
                proofs.incrementAndGet();
                return FakeNode.Answer.of(
                    "{\"id\":null,\"error\":{\"code\":-32000,\"message\":\"shard is away\"}}");
              }
              return body.startsWith("{") && body.contains("eth_getLogs")
                  ? clamped(BEHIND, body)
                  : WHOLE.answer(body);
            });
        ChainNode node = ChainNodeTest.open(5, balanced)) {
      assertThat(ChainNodeTest.read(node, 490, 492)).isEqualTo(ChainNodeTest.expected(490, 492));
      assertThat(node.provenBlocks(List.of(495L))).containsOnlyKeys(495L);

      assertThat(ChainNodeTest.read(node, 493, 519)).isEqualTo(ChainNodeTest.expected(493, 519));
      assertThat(proofs).hasValue(3);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "0 | 9 | <html>under repair</html>",
        "1 | 9 | <html>under repair</html>",
        "1 | 10 | <html>under repair</html>",
        "0 | 9 | {\"id\":null,\"error\":{\"code\":-32000,\"message\":\"shard is away\"}}",
        "1 | 10 | {\"id\":null,\"error\":{\"code\":-32000,\"message\":\"shard is away\"}}",
        "1 | 10 | []"
      })
  @Tag("F116")
  @DisplayName("F116 a balanced address begins with an outage: it is not asked one by one after it")
  void logs_afterAnOutageAtTheStartComeWithTheirBlock(int from, int length, String outage)
      throws Exception {
    AtomicInteger requests = new AtomicInteger();
    try (FakeNode balanced =
            new FakeNode(body -> {
              int request = requests.getAndIncrement();
              return request >= from && request < from + length
                  ? FakeNode.Answer.of(outage)
                  : body.startsWith("{") && body.contains("eth_getLogs")
                      ? clamped(BEHIND, body)
                      : WHOLE.answer(body);
            });
        ChainNode node =
            ChainNodeFactory.open(
                List.of(balanced.url()),
                5,
                RpcSettings.defaults(),
                JsonRpcTransport::to,
                new HurriedRuntime())) {
      assertThat(ChainNodeTest.read(node, 490, 519)).isEqualTo(ChainNodeTest.expected(490, 519));
      assertThat(requests).hasValueGreaterThan(from + length);
    }
  }

  @Test
  @Tag("F15")
  @DisplayName("F15 a node that takes no batches is asked for block and logs one by one")
  void logs_ofANodeWithoutBatchesComeWhole() throws Exception {
    try (FakeNode single =
            new FakeNode(body ->
                body.startsWith("[")
                    ? FakeNode.Answer.status(400, "", "batches are not supported")
                    : WHOLE.answer(body));
        ChainNode node = ChainNodeTest.open(5, single)) {
      assertThat(ChainNodeTest.read(node, 10, 30)).isEqualTo(ChainNodeTest.expected(10, 30));
      LogPage page = node.logs(new LogQuery(ChainNodeTest.FILTER, 10, 12));
      assertThat(page.end())
          .isNotNull()
          .extracting(end -> end.header().hash())
          .isEqualTo(FakeChain.hash(page.reached()));
    }
  }

  @Test
  @Tag("F14")
  @DisplayName("F14 history runs at the pace of the healthy endpoint though a syncing one is first")
  void logs_areAsFastAsTheHealthyEndpoint() throws Exception {
    try (FakeNode whole = new FakeNode(body -> WHOLE.answer(body).after(20));
        FakeNode behind = new FakeNode(body -> clamped(new FakeChain(5, 3), body).after(1));
        ChainNode both = ChainNodeTest.open(5, behind, whole);
        ChainNode alone = ChainNodeTest.open(5, whole)) {
      long healthy = time(alone);
      long troubled = time(both);

      assertThat(troubled).isLessThan(2 * healthy + Duration.ofSeconds(2).toNanos());
    }
  }

  private static long time(ChainNode node) throws InterruptedException {
    long begun = System.nanoTime();
    for (long from = 10; from < 910; from += 10) {
      LogPage page = node.logs(new LogQuery(ChainNodeTest.FILTER, from, from + 9));
      assertThat(page.reached()).isEqualTo(from + 9);
      assertThat(page.logs().size()).isEqualTo(10 * FakeChain.LOGS);
      assertThat(node.blocks(List.of(from, from + 9))).hasSize(2);
    }
    return System.nanoTime() - begun;
  }

  /** Answers with logs up to the head of the node and no error, as many nodes do. */
  private static FakeNode.Answer clamped(FakeChain chain, String body) {
    List<String> replies =
        FakeChain.calls(body).stream()
            .map(call -> {
              if (!call.method().equals("eth_getLogs")) {
                return chain.reply(call);
              }
              long to = Math.min(chain.head(), call.bound("toBlock"));
              return call.result(FakeChain.logs(call.bound("fromBlock"), to));
            })
            .toList();
    return FakeNode.Answer.of(
        body.startsWith("[") ? "[" + String.join(",", replies) + "]" : replies.getFirst());
  }
}
