package dev.millrace.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.jsonrpc.JsonRpcTransport;
import dev.millrace.loaders.Bytes32;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Final blocks where an endpoint stands on a branch that was replaced. */
@Timeout(120)
final class FinalBlockLoaderTest {
  private static final FakeChain WHOLE = new FakeChain(5, 200);
  private static final FakeChain STALE = new FakeChain(5, 100);
  private static final FinalityRule DEPTH = new FinalityRule(Optional.empty(), OptionalLong.of(20));
  private static final FinalityRule TAG =
      new FinalityRule(Optional.of(dev.millrace.rpc.BlockTag.FINALIZED), OptionalLong.empty());

  private static final String HEAD = "\"number\":\"0x64\"";

  /** From this block on the stale endpoint has another branch. */
  private static final long FORK = 90;

  @Test
  @Tag("E26")
  @DisplayName("E26 a faster endpoint on a replaced branch is not asked what is final there")
  void replacedBranch_isNotFinal() throws Exception {
    try (FakeNode whole = new FakeNode(body -> answer(body, WHOLE, 180).after(20));
        FakeNode stale = new FakeNode(body -> answer(body, STALE, 80).after(1));
        ChainNode node = ChainNodeTest.open(5, stale, whole)) {
      for (FinalityRule rule : List.of(DEPTH, TAG)) {
        assertThat(hashes(node.finalBlocks(List.of(70L, 95L), rule)))
            .containsExactly(FakeChain.hash(70), FakeChain.hash(95));
      }
      assertThat(node.blocks(List.of(95L)))
          .as("without the rule the stale endpoint is believed")
          .extracting(block -> block.header().hash())
          .isSubsetOf(FakeChain.hash(95), orphan(95));
    }
  }

  @Test
  @Tag("E26")
  @DisplayName("E26 of one address with two backends the stale one is not believed either")
  void replacedBranchOfABackend_isNotFinal() throws Exception {
    AtomicInteger count = new AtomicInteger();
    try (FakeNode balanced =
            new FakeNode(body ->
                count.getAndIncrement() % 2 == 0
                    ? answer(body, STALE, 80)
                    : answer(body, WHOLE, 180));
        ChainNode node = ChainNodeTest.open(5, balanced)) {
      List<Long> numbers = List.of(60L, 91L, 99L, 100L);
      for (int i = 0; i < 5; i++) {
        assertThat(hashes(node.finalBlocks(numbers, DEPTH)))
            .isEqualTo(numbers.stream().map(FakeChain::hash).toList());
      }
    }
  }

  @Test
  @Tag("E43")
  @DisplayName("E43 a head that is far too high makes no block of a replaced branch final")
  void farHead_makesNothingFinal() throws Exception {
    try (FakeNode whole = new FakeNode(body -> answer(body, WHOLE, 180).after(20));
        FakeNode stale =
            new FakeNode(body ->
                FakeNode.Answer.of(answer(body, STALE, 80).body().replace(HEAD, latest(body))));
        ChainNode node = ChainNodeTest.open(5, stale, whole)) {
      assertThat(hashes(node.finalBlocks(List.of(95L), DEPTH))).containsExactly(FakeChain.hash(95));
    }
  }

  /** Returns the head of the stale endpoint: far too high when asked by tag. */
  private static String latest(String body) {
    return body.contains("latest") ? "\"number\":\"0x1388\"" : HEAD;
  }

  @Test
  @Tag("E26")
  @DisplayName("E26 a node that takes no batches, or does not know the name, is no hindrance")
  void nodesThatCannot_areNoHindrance() throws Exception {
    try (FakeNode single =
            new FakeNode(body ->
                body.startsWith("[")
                    ? FakeNode.Answer.status(400, "", "batches are not supported")
                    : answer(body, WHOLE, 180));
        FakeNode nameless = new FakeNode(body -> answer(body, WHOLE, -1));
        ChainNode node = ChainNodeTest.open(5, nameless, single)) {
      List<Long> numbers = List.of(1L, 2L, 3L, 5L, 8L, 13L, 21L, 34L, 55L, 89L, 144L);
      assertThat(hashes(node.finalBlocks(numbers, TAG)))
          .isEqualTo(numbers.stream().map(FakeChain::hash).toList());
    }
  }

  @Test
  @Tag("E51")
  @DisplayName(
      "E51 a chain that has become shorter calls a block final no more: waited for a while")
  void blockThatIsFinalNoMore_isWaitedForAWhile() throws Exception {
    HurriedRuntime time = new HurriedRuntime();
    try (FakeNode shorter = new FakeNode(body -> answer(body, WHOLE, 180));
        ChainNode node =
            ChainNodeFactory.open(
                List.of(shorter.url()), 5, RpcSettings.defaults(), JsonRpcTransport::to, time)) {
      long begun = time.nanos();

      assertThatThrownBy(() -> node.finalBlocks(List.of(190L), DEPTH, Duration.ofMinutes(1)))
          .isInstanceOfSatisfying(
              MillraceException.class,
              denied -> assertThat(denied.remedy()).isEqualTo(Remedy.RETRY))
          .hasMessageContaining("block=190");

      assertThat(time.nanos() - begun).isGreaterThan(Duration.ofMinutes(1).toNanos());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"[]", "<html>try later</html>", "{}"})
  @Tag("F79")
  @DisplayName("F79 a node whose answers to several calls cannot be read is asked one by one")
  void unreadableBatches_endInSingleCalls(String page) throws Exception {
    try (FakeNode single =
            new FakeNode(body ->
                body.startsWith("[") ? FakeNode.Answer.of(page) : answer(body, WHOLE, 180));
        ChainNode node = hurried(single)) {
      List<Long> numbers = List.of(1L, 2L, 3L, 5L, 8L, 13L, 21L, 34L, 55L, 89L, 144L);
      List<Bytes32> hashes = numbers.stream().map(FakeChain::hash).toList();

      assertThat(hashes(node.finalBlocks(numbers, TAG))).isEqualTo(hashes);
      assertThat(hashes(node.blocks(numbers))).isEqualTo(hashes);
    }
    try (FakeNode single =
            new FakeNode(body ->
                body.startsWith("[") ? FakeNode.Answer.of(page) : answer(body, WHOLE, 180));
        ChainNode node = hurried(single)) {
      assertThat(node.provenBlocks(List.of(7L, 9L))).containsOnlyKeys(7L, 9L);
    }
  }

  @Test
  @Tag("F79")
  @DisplayName("F79 a node that has answered several calls is not asked one by one for a page")
  void readBatches_areNotGivenUp() throws Exception {
    AtomicInteger pages = new AtomicInteger();
    AtomicInteger single = new AtomicInteger();
    try (FakeNode node =
            new FakeNode(body -> {
              boolean isBatch = body.startsWith("[");
              if (!isBatch && body.contains("eth_getBlockByNumber")) {
                single.incrementAndGet();
              }
              return isBatch && pages.getAndDecrement() > 0
                  ? FakeNode.Answer.of("<html>try later</html>")
                  : answer(body, WHOLE, 180);
            });
        ChainNode asked = hurried(node)) {
      assertThat(hashes(asked.finalBlocks(List.of(1L, 2L), TAG))).hasSize(2);
      pages.set(9);
      assertThat(hashes(asked.finalBlocks(List.of(1L, 2L), TAG))).hasSize(2);

      assertThat(single).hasValue(0);
    }
  }

  private static ChainNode hurried(FakeNode fake) {
    return ChainNodeFactory.open(
        List.of(fake.url()), 5, RpcSettings.defaults(), JsonRpcTransport::to, new HurriedRuntime());
  }

  @Test
  @Tag("E45")
  @DisplayName("E45 where one endpoint does not know the tag another one is asked")
  void tag_isAskedOfAnotherEndpoint() throws Exception {
    try (FakeNode nameless = new FakeNode(body -> answer(body, WHOLE, -1).after(1));
        FakeNode whole = new FakeNode(body -> answer(body, WHOLE, 180).after(20));
        ChainNode node = ChainNodeTest.open(5, nameless, whole)) {
      for (int i = 0; i < 8; i++) {
        assertThat(node.block(dev.millrace.rpc.BlockTag.FINALIZED))
            .hasValueSatisfying(block -> assertThat(block.header().number()).isEqualTo(180));
      }
    }
  }

  @Test
  @Tag("E46")
  @DisplayName("E46 of three endpoints the slowest alone knows the tag: it is asked")
  void tag_isAskedOfEveryEndpoint() throws Exception {
    try (FakeNode first = new FakeNode(body -> answer(body, WHOLE, -1).after(1));
        FakeNode second = new FakeNode(body -> answer(body, WHOLE, -1).after(1));
        FakeNode whole = new FakeNode(body -> answer(body, WHOLE, 180).after(20));
        ChainNode node = ChainNodeTest.open(5, first, second, whole)) {
      for (int i = 0; i < 8; i++) {
        assertThat(node.block(dev.millrace.rpc.BlockTag.FINALIZED))
            .hasValueSatisfying(block -> assertThat(block.header().number()).isEqualTo(180));
      }
    }
  }

  @Test
  @Tag("E44")
  @DisplayName("E44 a node that answers the question for a tag with an error is well")
  void errorForATag_isAnAnswer() throws Exception {
    try (FakeNode nameless = new FakeNode(body -> answer(body, WHOLE, -1));
        ChainNode node = ChainNodeTest.open(5, nameless)) {
      for (int i = 0; i < 8; i++) {
        assertThat(node.block(dev.millrace.rpc.BlockTag.FINALIZED)).isEmpty();
      }
      assertThat(node.status().endpoints())
          .extracting(NodeStatus.Endpoint::state)
          .containsExactly(NodeStatus.State.GOOD);
    }
  }

  private static List<Bytes32> hashes(List<NodeBlockHeader> blocks) {
    return blocks.stream().map(block -> block.header().hash()).toList();
  }

  private static Bytes32 orphan(long number) {
    return Bytes32.of(FakeChain.hash(number).toString().replace("0x00", "0xff"));
  }

  /** Answers as a node of a chain with this final block; -1: the node does not know the tag. */
  private static FakeNode.Answer answer(String body, FakeChain chain, long finalBlock) {
    String replies =
        FakeChain.calls(body).stream()
            .map(call -> reply(call, chain, finalBlock))
            .collect(Collectors.joining(","));
    return FakeNode.Answer.of(body.startsWith("[") ? "[" + replies + "]" : replies);
  }

  private static String reply(FakeChain.Asked call, FakeChain chain, long finalBlock) {
    boolean isFinal = call.params().contains("finalized");
    if (isFinal && finalBlock < 0) {
      return call.error(-32602, "invalid argument 0: hex string without 0x prefix");
    }
    String asked = "[\"0x%x\",false]".formatted(finalBlock);
    String reply =
        chain.reply(isFinal ? new FakeChain.Asked(call.id(), call.method(), asked) : call);
    if (!chain.equals(STALE)) {
      return reply;
    }
    String changed = reply;
    for (long number = FORK; number <= STALE.head(); number++) {
      changed = changed.replace(FakeChain.hash(number).toString(), orphan(number).toString());
    }
    return changed;
  }
}
