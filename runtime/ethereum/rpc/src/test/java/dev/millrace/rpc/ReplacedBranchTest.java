package dev.millrace.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.jsonrpc.JsonRpcTransport;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Endpoints that answer first and stand still, for ever, on a branch that a reorg has replaced. */
@Timeout(120)
final class ReplacedBranchTest {
  private static final FakeChain CHAIN = new FakeChain(5, 1_000);
  private static final FakeChain OLD = new FakeChain(5, 500);
  private static final LogQuery BLOCK = new LogQuery(ChainNodeTest.FILTER, 700, 700);

  /** Rounds of a second after which an endpoint has lacked blocks for longer than a lag. */
  private static final int MANY = 100;

  private static final FinalityRule DEPTH = new FinalityRule(Optional.empty(), OptionalLong.of(10));

  private final HurriedRuntime time = new HurriedRuntime();

  private ChainNode open(FakeNode... nodes) {
    return ChainNodeFactory.open(
        Stream.of(nodes).map(FakeNode::url).toList(),
        5,
        RpcSettings.defaults(),
        JsonRpcTransport::to,
        time);
  }

  /** Answers late, and gives each block by its hash. */
  private static FakeNode.Answer current(String body, boolean hasReceipts) {
    return each(
            body,
            call ->
                !call.method().equals("eth_getBlockReceipts") || hasReceipts
                    ? CHAIN.reply(byNumber(call))
                    : call.error(-32601, "the method does not exist"))
        .after(10);
  }

  /** Knows no block of the new branch by its hash. */
  private static FakeNode.Answer old(String body) {
    return each(
        body,
        call ->
            call.params().contains("0x00") || call.params().contains("blockHash")
                ? call.method().equals("eth_getLogs")
                    ? call.error(-32000, "unknown block")
                    : call.result("null")
                : OLD.reply(call));
  }

  private interface Reply {
    String to(FakeChain.Asked call);
  }

  private static FakeNode.Answer each(String body, Reply reply) {
    List<String> replies = FakeChain.calls(body).stream().map(reply::to).toList();
    return FakeNode.Answer.of(
        body.startsWith("[") ? "[" + String.join(",", replies) + "]" : replies.getFirst());
  }

  /** Names block 700 by its number where a call names it by its hash. */
  private static FakeChain.Asked byNumber(FakeChain.Asked call) {
    String hash = FakeChain.hash(700).toString();
    return new FakeChain.Asked(
        call.id(),
        call.method().replace("ByHash", "ByNumber"),
        call.params()
            .replace(
                "\"blockHash\":\"" + hash + '"', "\"fromBlock\":\"0x2bc\",\"toBlock\":\"0x2bc\"")
            .replace(hash, "0x2bc"));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3})
  @Tag("E48")
  @DisplayName("E48 a block by its hash is asked of each endpoint, however many stand still")
  void block_isAskedOfEachEndpoint(int many) throws Exception {
    try (FakeNode current = new FakeNode(body -> current(body, true));
        FakeNode old = new FakeNode(ReplacedBranchTest::old);
        ChainNode node =
            open(
                Stream.concat(Stream.generate(() -> old).limit(many), Stream.of(current))
                    .toArray(FakeNode[]::new))) {
      assertThat(node.block(FakeChain.hash(700))).isPresent();
      assertThat(node.provenBlocks(List.of(700L))).containsOnlyKeys(700L);
      assertThat(node.logsOf(FakeChain.hash(700), BLOCK).logs().size()).isEqualTo(FakeChain.LOGS);
    }
  }

  @Test
  @Tag("E49")
  @DisplayName("E49 a range to be asked elsewhere, and all others stand still below it")
  void logs_areAskedOfAnAvoidedEndpointWhereOthersStandStill() throws Exception {
    try (FakeNode current = new FakeNode(body -> current(body, true));
        FakeNode old = new FakeNode(ReplacedBranchTest::old);
        ChainNode node = open(current, old)) {
      String avoided = node.status().endpoints().getFirst().name();

      LogPage page = node.logs(new LogQuery(ChainNodeTest.FILTER, 600, 700, Set.of(avoided)));

      assertThat(page.endpoint()).isEqualTo(avoided);
      assertThat(old.asked("eth_blockNumber")).as("waited for, for a minute").isGreaterThan(8);
    }
  }

  @Test
  @Tag("E49")
  @DisplayName("E49 the same where another one lags: it is waited for")
  void logs_ofAnEndpointThatLagsAreWaitedFor() throws Exception {
    AtomicBoolean isThere = new AtomicBoolean();
    try (FakeNode current = new FakeNode(body -> current(body, true));
        FakeNode lagging =
            new FakeNode(body -> isThere.get() ? CHAIN.answer(body) : arrives(body, isThere));
        ChainNode node = open(current, lagging)) {
      String avoided = node.status().endpoints().getFirst().name();

      LogPage page = node.logs(new LogQuery(ChainNodeTest.FILTER, 600, 700, Set.of(avoided)));

      assertThat(page.endpoint()).isNotEqualTo(avoided);
    }
  }

  /** Names an old head for the last time, once it has been asked a few times. */
  private static FakeNode.Answer arrives(String body, AtomicBoolean isThere) {
    isThere.set(body.contains("eth_blockNumber"));
    return old(body);
  }

  @Test
  @Tag("E50")
  @DisplayName("E50 the only endpoint with receipts stands still: a minute later there are none")
  void receipts_ofAnEndpointThatStandsStillAreNotWaitedFor() throws Exception {
    try (FakeNode current = new FakeNode(body -> current(body, false));
        FakeNode old = new FakeNode(ReplacedBranchTest::old);
        ChainNode node = open(current, old)) {
      int gone = 0;
      MillraceException refused = receipts(node);
      while (refused.remedy() == Remedy.REWIND && gone < MANY) {
        gone++;
        time.pass(Duration.ofSeconds(1));
        refused = receipts(node);
      }

      assertThat(gone).as("rounds that waited").isBetween(30, MANY - 1);
      assertThat(refused).hasMessageContaining("lacks blocks that other endpoints have");
    }
  }

  private static MillraceException receipts(ChainNode node) throws InterruptedException {
    try {
      throw new AssertionError("receipts came: " + node.receiptLogs(FakeChain.hash(700), BLOCK));
    } catch (MillraceException refused) {
      return refused;
    }
  }

  @Test
  @Tag("E50")
  @DisplayName(
      "E50 logs to be asked elsewhere, and the other endpoint stands still on another branch")
  void logsOf_areAskedOfAnAvoidedEndpointWhereOthersStandStill() throws Exception {
    try (FakeNode current = new FakeNode(body -> current(body, true));
        FakeNode old = new FakeNode(ReplacedBranchTest::old);
        ChainNode node = open(current, old)) {
      String avoided = node.status().endpoints().getFirst().name();
      for (int i = 0; i < MANY; i++) {
        assertThat(node.logsOf(FakeChain.hash(700), BLOCK).endpoint()).isEqualTo(avoided);
        time.pass(Duration.ofSeconds(1));
      }

      long asked = old.asked("eth_getLogs");
      LogPage again = node.logsOf(FakeChain.hash(700), BLOCK.avoiding(avoided));

      assertThat(again.endpoint()).isEqualTo(avoided);
      assertThat(old.asked("eth_getLogs")).isEqualTo(asked);
    }
  }

  @Test
  @Tag("E54")
  @DisplayName("E54 the fastest endpoint stands still, and final blocks alone come from the other")
  void head_isThatOfAnEndpointThatGoesOn() throws Exception {
    try (FakeNode current = new FakeNode(body -> CHAIN.answer(body).after(10));
        FakeNode old = new FakeNode(OLD::answer);
        ChainNode node = open(old, current)) {
      int later = 0;
      for (int i = 0; i < MANY; i++) {
        later += head(node) == CHAIN.head() ? 1 : 0;
        assertThat(node.finalBlocks(List.of(700L), DEPTH)).hasSize(1);
        time.pass(Duration.ofSeconds(1));
      }
      assertThat(later).as("heads of the other one meanwhile").isGreaterThan(10);
      for (int i = 0; i < 10; i++) {
        assertThat(head(node)).as("a minute later").isEqualTo(CHAIN.head());
      }
    }
  }

  private static long head(ChainNode node) throws InterruptedException {
    return node.block(BlockTag.LATEST).orElseThrow().header().number();
  }

  @Test
  @Tag("E54")
  @DisplayName(
      "E54 the same, and then the other endpoint fails: the one that stands still is asked")
  void head_isThatOfTheOnlyEndpointThatAnswers() throws Exception {
    AtomicBoolean isAway = new AtomicBoolean();
    try (FakeNode current =
            new FakeNode(body ->
                isAway.get()
                    ? FakeNode.Answer.status(502, "", "bad gateway")
                    : CHAIN.answer(body).after(10));
        FakeNode old = new FakeNode(OLD::answer);
        ChainNode node = open(old, current)) {
      for (int i = 0; i < MANY; i++) {
        assertThat(head(node)).isIn(OLD.head(), CHAIN.head());
        time.pass(Duration.ofSeconds(1));
      }
      isAway.set(true);
      assertThat(head(node)).isEqualTo(OLD.head());
    }
  }
}
