package dev.millrace.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.jsonrpc.JsonRpcTransport;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Nodes that are out of order for a while, in words that also have another meaning. */
@Timeout(120)
final class OutageTest {
  private static final FakeChain CHAIN = new FakeChain(5, 1000);
  private static final int REFUSALS = 4;
  private static final LogQuery ONE_BLOCK = new LogQuery(ChainNodeTest.FILTER, 7, 7);

  /** One call to a node. */
  private interface Question {
    boolean isAnswered(ChainNode node) throws InterruptedException;
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "200 | no backend is currently healthy to serve traffic",
        "504 | upstream request timeout",
        "200 | request timed out",
        "413 | x",
        "200 | block range too large",
      })
  @Tag("F52")
  @DisplayName("F52 words of an outage about one block are met with pauses, never by its end")
  void block_survivesAnOutage(int status, String words) throws Exception {
    survives(status, words, node -> node.block(7).isPresent());
    survives(
        status, words, node -> !node.receiptLogs(FakeChain.hash(7), ONE_BLOCK).logs().isEmpty());
    survives(status, words, node -> node.blocks(List.of(7L, 8L, 9L)).size() == 3);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "200 | no backend is currently healthy to serve traffic",
        "504 | upstream request timeout",
      })
  @Tag("F52")
  @DisplayName("F52 words of an outage about the logs of one block do not lead to its receipts")
  void logs_survivesAnOutage(int status, String words) throws Exception {
    survives(status, words, node -> node.logs(ONE_BLOCK).logs().size() == FakeChain.LOGS);
    survives(status, words, node -> node.logsOf(FakeChain.hash(7), ONE_BLOCK).logs().size() > 0);
  }

  private static void survives(int status, String words, Question question) throws Exception {
    AtomicInteger refused = new AtomicInteger();
    try (FakeNode fake =
            new FakeNode(body -> {
              if (body.contains("eth_chainId") || refused.getAndIncrement() >= REFUSALS) {
                return CHAIN.answer(byNumber(body));
              }
              List<String> replies =
                  FakeChain.calls(body).stream().map(call -> call.error(-32000, words)).toList();
              return status != 200
                  ? FakeNode.Answer.status(status, "", words)
                  : FakeNode.Answer.of(
                      body.startsWith("[")
                          ? "[" + String.join(",", replies) + "]"
                          : replies.getFirst());
            });
        ChainNode node = ChainNodeTest.open(5, fake)) {
      assertThat(question.isAnswered(node)).isTrue();
      assertThat(fake.asked("eth_getBlockReceipts")).isLessThan(2 + REFUSALS);
    }
  }

  /** The fake chain knows blocks by their numbers. */
  static String byNumber(String request) {
    return request
        .replace(FakeChain.hash(7).toString(), "0x7")
        .replace("eth_getBlockByHash", "eth_getBlockByNumber")
        .replace("\"blockHash\":\"0x7\"", "\"fromBlock\":\"0x7\",\"toBlock\":\"0x7\"");
  }

  @Test
  @Tag("F53")
  @DisplayName("F53 a Retry-After of a day is kept for five minutes")
  void block_isAskedForAgainBeforeALongRetryAfter() throws Exception {
    AtomicInteger asked = new AtomicInteger();
    AtomicLong waited = new AtomicLong();
    try (FakeNode fake =
            new FakeNode(body ->
                body.contains("eth_chainId") || asked.getAndIncrement() > 0
                    ? CHAIN.answer(body)
                    : FakeNode.Answer.status(429, "Retry-After: 86400\r\n", "slow down"));
        ChainNode node =
            ChainNodeFactory.open(
                List.of(fake.url()),
                5,
                RpcSettings.defaults(),
                JsonRpcTransport::to,
                new SkippingRuntime(waited))) {
      assertThat(node.block(7)).isPresent();
      assertThat(Duration.ofNanos(waited.get()))
          .isBetween(Duration.ofMinutes(4), Duration.ofMinutes(6));
    }
  }

  /** Runtime in which waits end at once. */
  private static final class SkippingRuntime implements CallRuntime {
    private final CallRuntime machine = new SystemCallRuntime();
    private final AtomicLong skipped;

    SkippingRuntime(AtomicLong skipped) {
      this.skipped = skipped;
    }

    @Override
    public long nanos() {
      return machine.nanos() + skipped.get();
    }

    @Override
    public long await(Condition changed, long nanos) {
      skipped.addAndGet(Math.max(nanos, TimeUnit.MILLISECONDS.toNanos(1)));
      return 0;
    }

    @Override
    public void pause(long nanos) {
      skipped.addAndGet(nanos);
    }

    @Override
    public ExecutorService threads(String name) {
      return machine.threads(name);
    }

    @Override
    public long chance(long bound) {
      return machine.chance(bound);
    }
  }
}
