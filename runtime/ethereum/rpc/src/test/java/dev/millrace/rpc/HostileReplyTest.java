package dev.millrace.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.jsonrpc.JsonRpcTransport;
import dev.millrace.loaders.Bytes32;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.rpc.FakeChain.Asked;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Replies that are valid JSON and wrong, and the damage they must not do. */
@Timeout(120)
final class HostileReplyTest {
  private static final FakeChain CHAIN = new FakeChain(5, 1000);

  @ParameterizedTest
  @ValueSource(strings = {"\"id\":99999", "\"id\":null", "\"id\":\"x\"", "\"id\":-1"})
  @Tag("F16")
  @DisplayName("F16 a reply to another call, or to none, is not taken for logs or blocks")
  void replies_toOtherCallsAreAskedAgain(String id) throws Exception {
    AtomicInteger count = new AtomicInteger();
    try (FakeNode fake =
            new FakeNode(body -> {
              String empty =
                  CHAIN.answer(body).body().replaceAll("\"result\":\\[.*?]}", "\"result\":[]}");
              return count.getAndIncrement() % 2 == 1
                  ? FakeNode.Answer.of(empty.replaceAll("\"id\":\\d+", id))
                  : CHAIN.answer(body);
            });
        ChainNode node = ChainNodeTest.open(5, fake)) {
      assertThat(ChainNodeTest.read(node, 10, 40)).isEqualTo(ChainNodeTest.expected(10, 40));
      assertThat(node.block(7)).isPresent();
      assertThat(node.blocks(List.of(3L, 2L, 9L))).hasSize(3);
    }
  }

  @Test
  @Tag("F18")
  @DisplayName("F18 a page that repeats the path of the request shows no key in the status")
  void status_holdsNoKeyThatANodeRepeats() throws Exception {
    CountDownLatch refused = new CountDownLatch(3);
    try (FakeNode fake =
        new FakeNode(body -> {
          refused.countDown();
          return FakeNode.Answer.status(
              404, "", "<pre>Cannot POST /v3/THE-API-KEY, key the-api-key is unknown</pre>");
        })) {
      String url = fake.url().replace("/key", "/v3/THE-API-KEY");
      try (ChainNode node = ChainNodeFactory.open(List.of(url), 5, RpcSettings.defaults())) {
        Thread asking = Thread.ofVirtual().start(() -> block(node));
        assertThat(refused.await(60, TimeUnit.SECONDS)).isTrue();
        assertThat(node.status().toString())
            .contains("Cannot POST ***")
            .doesNotContainIgnoringCase("API-KEY");
        asking.interrupt();
        asking.join();
      }
    }
  }

  private static void block(ChainNode node) {
    try {
      node.block(7);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"timestamp\":\"0x[0-9a-f]+\"|\"timestamp\":\"0x1797f3a8c0b4a000\"",
        "\"logIndex\":\"0x0\"|\"logIndex\":\"0x100000000\"",
        "\"logIndex\":\"0x1\"|\"logIndex\":\"0xffffffff\"",
        "\"logIndex\":\"0x1\"|\"logIndex\":\"0x100000\"",
        "\"logIndex\":\"0x1\"|\"logIndex\":\"0x0\"",
        "\"logIndex\":\"0x1\"|\"logIndex\":-1",
        "\"transactionIndex\":\"0x1\"|\"transactionIndex\":\"0x80000000\"",
        "\"removed\":false|\"removed\":false,\"blockTimestamp\":\"0x7fffffffffffffff\"",
        "\"data\":\"0x[0-9a-f]+\"|\"data\":\"0xzz\"",
      })
  @Tag("F19")
  @DisplayName("F19 a number out of its bounds is trouble of the endpoint, and another is asked")
  void numbers_outOfBoundsAreAskedElsewhere(String change) throws Exception {
    String[] parts = change.split("\\|", 2);
    UnaryOperator<String> spoil = text -> text.replaceAll(parts[0], parts[1]);
    try (FakeNode bad = new FakeNode(body -> FakeNode.Answer.of(spoil.apply(body(body))));
        FakeNode good = new FakeNode(body -> CHAIN.answer(body).after(30));
        ChainNode node = ChainNodeTest.open(5, bad, good)) {
      assertThat(ChainNodeTest.read(node, 10, 14)).isEqualTo(ChainNodeTest.expected(10, 14));
      assertThat(node.block(7).orElseThrow().header().timestamp().getEpochSecond()).isEqualTo(1007);
    }
  }

  private static String body(String request) {
    return CHAIN.answer(request).body();
  }

  @ParameterizedTest
  @ValueSource(strings = {"unknown block", "header not found"})
  @Tag("F20")
  @DisplayName("F20 an unknown block in a range is waited for with pauses, and the status says so")
  void logs_ofARangeWithAnUnknownBlockWait(String words) throws Exception {
    AtomicInteger asked = new AtomicInteger();
    CountDownLatch often = new CountDownLatch(4);
    try (FakeNode fake =
            answering(call -> {
              if (!call.method().equals("eth_getLogs")) {
                return CHAIN.reply(call);
              }
              asked.incrementAndGet();
              often.countDown();
              return call.error(-32000, words);
            });
        ChainNode node = ChainNodeTest.open(5, fake)) {
      long begun = System.nanoTime();
      Thread asking = Thread.ofVirtual().start(() -> logs(node));
      assertThat(often.await(60, TimeUnit.SECONDS)).isTrue();
      assertThat(System.nanoTime() - begun).isGreaterThan(TimeUnit.MILLISECONDS.toNanos(300));
      assertThat(node.status().endpoints().getFirst().reason()).contains("has not got that far");
      asking.interrupt();
      asking.join();
      assertThat(asked.get()).isLessThan(8);
    }
  }

  private static void logs(ChainNode node) {
    try {
      node.logs(new LogQuery(ChainNodeTest.FILTER, 10, 40));
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  @Tag("F21")
  @DisplayName("F21 receipts beyond the limit of a reply end the lane and name the block")
  void logs_ofABlockWithTooLargeReceiptsNameTheBlock() throws Exception {
    try (FakeNode fake =
            answering(call ->
                switch (call.method()) {
                  case "eth_getLogs" ->
                      call.error(-32000, "query returned more than 10000 results");
                  case "eth_getBlockReceipts" ->
                      call.result("[{\"x\":\"" + "0".repeat(200_000) + "\"}]");
                  default -> CHAIN.reply(call);
                });
        ChainNode node =
            ChainNodeFactory.open(
                List.of(fake.url()), 5, RpcSettings.defaults().withReplies(10_000, 100_000))) {
      assertThatThrownBy(() -> node.logs(new LogQuery(ChainNodeTest.FILTER, 10, 10)))
          .isInstanceOf(MillraceException.class)
          .hasMessageContaining("block=10");
      assertThat(fake.asked("eth_getBlockReceipts")).isLessThan(3);
    }
  }

  @ParameterizedTest
  @CsvSource({"true,RESTART", "false,FIX_SETUP"})
  @Tag("F97")
  @DisplayName("F97 a block too large for the one endpoint that can be asked ends the lane")
  void logs_ofATooLargeBlockEndTheLaneBesideAnotherEndpoint(boolean isDown, Remedy remedy)
      throws Exception {
    try (FakeNode limited =
            answering(call ->
                switch (call.method()) {
                  case "eth_getLogs" ->
                      call.error(-32000, "query returned more than 10000 results");
                  case "eth_getBlockReceipts" ->
                      call.error(-32000, "response size exceeded the limit");
                  default -> CHAIN.reply(call);
                });
        FakeNode other =
            isDown
                ? new FakeNode(_ -> FakeNode.Answer.status(503, "", "down"))
                : answering(HostileReplyTest::refuseLogs);
        ChainNode node =
            ChainNodeFactory.open(
                List.of(limited.url(), other.url()),
                5,
                RpcSettings.defaults(),
                JsonRpcTransport::to,
                new HurriedRuntime())) {
      assertThatThrownBy(() -> node.logs(new LogQuery(ChainNodeTest.FILTER, 10, 10)))
          .isInstanceOfSatisfying(
              MillraceException.class, ended -> assertThat(ended.remedy()).isEqualTo(remedy))
          .hasMessageContaining("block=10");
    }
  }

  @Test
  @Tag("F78")
  @DisplayName("F78 a block of too many logs for two endpoints is asked of a third")
  void logs_ofABlockThatOneEndpointRefusesComeFromAnother() throws Exception {
    try (FakeNode limited = answering(HostileReplyTest::refuseLogs);
        FakeNode other = answering(HostileReplyTest::refuseLogs);
        FakeNode free = answering(HostileReplyTest::refuseReceipts);
        ChainNode node =
            ChainNodeFactory.open(
                List.of(limited.url(), other.url(), free.url()), 5, RpcSettings.defaults())) {
      LogQuery block = new LogQuery(ChainNodeTest.FILTER, 10, 10);
      for (int i = 0; i < 5; i++) {
        assertThat(node.logs(block).logs().size()).isPositive();
      }
    }
  }

  private static String refuseLogs(Asked call) {
    return call.method().equals("eth_getLogs")
        ? call.error(-32000, "query returned more than 10000 results")
        : refuseReceipts(call);
  }

  private static String refuseReceipts(Asked call) {
    return call.method().equals("eth_getBlockReceipts")
        ? call.error(-32601, "the method eth_getBlockReceipts does not exist")
        : CHAIN.reply(call);
  }

  @Test
  @Tag("F83")
  @DisplayName("F83 a node that takes no hash of a block, and the block was replaced: gone at once")
  void logsOfAReplacedBlock_areGoneWhereAskedByNumber() throws Exception {
    Bytes32 replaced = Bytes32.of("0x" + "ee".repeat(32));
    HurriedRuntime runtime = new HurriedRuntime();
    try (FakeNode fake =
            answering(call ->
                call.params().contains("blockHash") || call.params().contains("0xeeee")
                    ? call.error(-32602, "invalid params")
                    : CHAIN.reply(call));
        ChainNode node =
            ChainNodeFactory.open(
                List.of(fake.url()), 5, RpcSettings.defaults(), JsonRpcTransport::to, runtime)) {
      LogQuery block = new LogQuery(ChainNodeTest.FILTER, 10, 10);
      long begun = runtime.nanos();

      for (int i = 0; i < 10; i++) {
        assertThatThrownBy(() -> node.logsOf(replaced, block))
            .hasMessageContaining("no endpoint knows the block any more");
        assertThatThrownBy(() -> node.receiptLogs(replaced, block))
            .hasMessageContaining("no endpoint knows the block any more");
      }

      assertThat(runtime.nanos() - begun).isLessThan(TimeUnit.SECONDS.toNanos(30));
      assertThat(node.status().endpoints())
          .extracting(NodeStatus.Endpoint::state)
          .doesNotContain(NodeStatus.State.FAILING);
    }
  }

  @Test
  @Tag("F21")
  @DisplayName("F21 a receipt whose logs are null has none")
  void receiptLogs_ofAReceiptWithoutLogsAreNone() throws Exception {
    try (FakeNode fake =
            answering(call ->
                switch (call.method()) {
                  case "eth_getBlockReceipts" ->
                      call.result("[{\"logs\":null,\"status\":\"0x1\"}]");
                  case "eth_getBlockByHash" ->
                      CHAIN.reply(new Asked(call.id(), "eth_getBlockByNumber", "[\"0xa\"]"));
                  default -> CHAIN.reply(call);
                });
        ChainNode node = ChainNodeTest.open(5, fake)) {
      LogQuery query = new LogQuery(ChainNodeTest.FILTER, 10, 10);
      assertThat(node.receiptLogs(FakeChain.hash(10), query).logs().isEmpty()).isTrue();
    }
  }

  @Test
  @Tag("F24")
  @DisplayName("F24 one reply that eth_getLogs is missing does not end a lane that has seen logs")
  void logs_surviveOneMissingMethod() throws Exception {
    AtomicInteger count = new AtomicInteger();
    try (FakeNode fake =
            answering(call ->
                call.method().equals("eth_getLogs") && count.getAndIncrement() == 2
                    ? call.error(-32601, "the method eth_getLogs does not exist/is not available")
                    : CHAIN.reply(call));
        ChainNode node = ChainNodeTest.open(5, fake)) {
      for (int page = 0; page < 5; page++) {
        assertThat(ChainNodeTest.read(node, 10, 20)).isEqualTo(ChainNodeTest.expected(10, 20));
      }
      assertThat(count.get()).isEqualTo(6);
    }
  }

  @Test
  @Tag("F24")
  @DisplayName("F24 an endpoint that never has eth_getLogs is named after a few refusals")
  void logs_ofANodeWithoutTheMethodEnd() throws Exception {
    try (FakeNode fake =
            answering(call ->
                call.method().equals("eth_getLogs")
                    ? call.error(-32601, "the method eth_getLogs does not exist/is not available")
                    : CHAIN.reply(call));
        ChainNode node = ChainNodeTest.open(5, fake)) {
      assertThatThrownBy(() -> ChainNodeTest.read(node, 10, 20))
          .isInstanceOf(MillraceException.class)
          .hasMessageContaining("has no eth_getLogs");
    }
  }

  private static FakeNode answering(Function<Asked, String> reply) throws Exception {
    return new FakeNode(body -> {
      List<String> replies = FakeChain.calls(body).stream().map(reply).toList();
      return FakeNode.Answer.of(
          body.startsWith("[") ? "[" + String.join(",", replies) + "]" : replies.getFirst());
    });
  }
}
