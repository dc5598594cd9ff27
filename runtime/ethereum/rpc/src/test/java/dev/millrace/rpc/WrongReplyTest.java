package dev.millrace.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.rpc.FakeChain.Asked;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** One reply that would mean the end of an endpoint, from a node that has what it denies. */
@Timeout(120)
final class WrongReplyTest {
  private static final FakeChain CHAIN = new FakeChain(5, 1000);

  @Test
  @Tag("F54")
  @DisplayName("F54 one wrong chain id does not end the only endpoint")
  void block_survivesOneWrongChainId() throws Exception {
    AtomicInteger asked = new AtomicInteger();
    try (FakeNode fake =
            new FakeNode(body ->
                body.contains("eth_chainId") && asked.getAndIncrement() == 0
                    ? FakeNode.Answer.of(FakeChain.calls(body).getFirst().result("\"0x1\""))
                    : CHAIN.answer(body));
        ChainNode node = ChainNodeTest.open(5, fake)) {
      assertThat(node.block(7)).isPresent();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "missing trie node 12ab (path )",
        "archive requests are limited on your plan, try later",
      })
  @Tag("F54")
  @DisplayName("F54 one reply that old logs are gone does not end the only endpoint")
  void logs_surviveOneReplyThatTheyAreGone(String words) throws Exception {
    LogQuery query = new LogQuery(ChainNodeTest.FILTER, 7, 7);
    try (FakeNode fake = refusing("eth_getLogs", -32000, words, 1);
        ChainNode node = ChainNodeTest.open(5, fake)) {
      assertThat(node.logs(query).logs().size()).isEqualTo(FakeChain.LOGS);
    }
    try (FakeNode fake = refusing("eth_getLogs", -32000, words, 1);
        ChainNode node = ChainNodeTest.open(5, fake)) {
      assertThat(node.logsOf(FakeChain.hash(7), query).logs().size()).isEqualTo(FakeChain.LOGS);
    }
  }

  @Test
  @Tag("F54")
  @DisplayName("F54 one reply that eth_getBlockReceipts is missing does not end the only endpoint")
  void receipts_surviveOneMissingMethod() throws Exception {
    try (FakeNode fake = refusing("eth_getBlockReceipts", -32601, "the method does not exist", 1);
        ChainNode node = ChainNodeTest.open(5, fake)) {
      LogQuery query = new LogQuery(ChainNodeTest.FILTER, 7, 7);
      assertThat(node.receiptLogs(FakeChain.hash(7), query).logs().size())
          .isEqualTo(FakeChain.LOGS);
    }
  }

  @Test
  @Tag("F54")
  @DisplayName("F54 a header that is said to be pruned is asked for again with pauses and a reason")
  void block_thatIsPrunedIsAskedForWithPauses() throws Exception {
    CountDownLatch often = new CountDownLatch(4);
    try (FakeNode fake =
            new FakeNode(body -> {
              if (!body.contains("eth_getBlockByNumber")) {
                return CHAIN.answer(body);
              }
              often.countDown();
              return FakeNode.Answer.of(
                  FakeChain.calls(body).getFirst().error(-32000, "state is pruned"));
            });
        ChainNode node = ChainNodeTest.open(5, fake)) {
      long begun = System.nanoTime();
      Thread asking =
          Thread.ofVirtual()
              .start(() -> {
                try {
                  node.block(7);
                } catch (InterruptedException _) {
                  Thread.currentThread().interrupt();
                }
              });
      assertThat(often.await(60, TimeUnit.SECONDS)).isTrue();
      assertThat(System.nanoTime() - begun).isGreaterThan(TimeUnit.MILLISECONDS.toNanos(300));
      assertThat(node.status().endpoints().getFirst().reason()).contains("state is pruned");
      asking.interrupt();
      asking.join();
    }
  }

  /** Returns a node that refuses a method this many times, alone or in a batch. */
  private static FakeNode refusing(String method, long code, String words, int times)
      throws IOException {
    AtomicInteger asked = new AtomicInteger();
    return new FakeNode(request -> {
      String body = OutageTest.byNumber(request);
      if (!body.contains(method) || asked.getAndIncrement() >= times) {
        return CHAIN.answer(body);
      }
      List<String> replies =
          FakeChain.calls(body).stream()
              .map((Asked call) ->
                  call.method().equals(method) ? call.error(code, words) : CHAIN.reply(call))
              .toList();
      return FakeNode.Answer.of(
          body.startsWith("[") ? "[" + String.join(",", replies) + "]" : replies.getFirst());
    });
  }
}
