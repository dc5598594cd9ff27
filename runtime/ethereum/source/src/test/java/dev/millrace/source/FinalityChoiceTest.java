package dev.millrace.source;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.evm.BlockHeader;
import dev.millrace.evm.Finality;
import dev.millrace.evm.StopAt;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.Batch;
import dev.millrace.pipeline.Source;
import dev.millrace.rpc.NodeBlockHeader;
import dev.millrace.rpc.NodeStatus;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The rule of finality where the configuration, or the nodes, or both name no final block. */
@Timeout(60)
final class FinalityChoiceTest {
  private static final Finality UNSAID = new Finality(Optional.empty(), OptionalLong.empty());

  private final TestChain chain = new TestChain();
  private final TestNode node = new TestNode(chain);
  private final ChainFixture reader =
      new ChainFixture(node).until(new StopAt.Never()).finality(UNSAID).chain(31337);

  @Test
  @Tag("E20")
  @DisplayName("E20 no finality in the config: the finalized block decides, and a reorg is seen")
  void unsaid_theFinalizedBlockDecides() throws InterruptedException {
    chain.transfers(10);
    node.finalized = 5;
    try (Source.Feed feed = reader.open(Source.ResumePoint.START)) {
      assertThat(next(feed).last().number()).isEqualTo(5);
      assertThat(next(feed).reversible()).isTrue();
      chain.cut(7).mine(3, TestChain.transfer(9, 9, 9)).mine(3).transfers(3);

      assertThat(feed.next(1_000))
          .isEqualTo(new Source.Rewind(new Source.BlockRef(7, chain.hash(7))));
      assertThat(feed.report()).containsEntry("chain.finality", "finalized");
    }
  }

  @Test
  @Tag("E21")
  @DisplayName("E21 no finality in the config, nor at the nodes of an unknown chain: refused")
  void unsaidAndUnknown_isRefused() {
    chain.transfers(10);
    Source.Feed feed = reader.open(Source.ResumePoint.START);

    assertThatThrownBy(() -> feed.next(1_000))
        .isInstanceOfSatisfying(
            MillraceException.class,
            refused -> assertThat(refused.remedy()).isEqualTo(Remedy.FIX_SETUP))
        .hasMessageContaining("chain=31337")
        .hasMessageContaining("finality: { depth: 100 }");
    feed.close();
  }

  @Test
  @Tag("E22")
  @DisplayName("E22 no finality in the config, nor at the nodes of a known chain: a default, said")
  void unsaidAndKnown_takesADefaultAndSaysSo() throws InterruptedException {
    chain.transfers(200);
    ChainSource source = reader.chain(1).source();
    try (Source.Feed feed = source.open(Source.ResumePoint.START)) {
      Batch first = next(feed);

      assertThat(first.finalBlock()).isEqualTo(199 - 128);
      assertThat(first.last().number()).isLessThanOrEqualTo(199 - 128);
      assertThat(feed.report().get("chain.finality")).contains("128 blocks below the head");
      assertThat(source.doubts()).containsExactly(feed.report().get("chain.finality"));
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = NodeStatus.State.class,
      names = {"FAILING", "LIMITED"})
  @Tag("E38")
  @DisplayName("E38 no endpoint that answers names a finalized block, another is away: waited for")
  void endpointIsAway_isWaitedForBeforeADefaultIsTaken(NodeStatus.State away)
      throws InterruptedException {
    chain.transfers(10);
    node.endpoints = List.of(endpoint(away));
    for (int i = 0; i < 20; i++) {
      node.whileWaiting.add(() -> {});
    }
    node.whileWaiting.add(() -> node.finalized = 5);
    try (Source.Feed feed = reader.open(Source.ResumePoint.START)) {
      assertThat(next(feed).finalBlock()).isEqualTo(5);
    }
  }

  private static NodeStatus.Endpoint endpoint(NodeStatus.State state) {
    return new NodeStatus.Endpoint(
        "away", state, "connection refused", 0, 1, 1, 9, new TreeMap<>());
  }

  @Test
  @Tag("E53")
  @DisplayName("E53 the endpoint that was away answers, at first without a finalized block")
  void endpointThatWasAway_isAskedAsOftenAsOneThatStarts() throws InterruptedException {
    chain.transfers(10);
    node.endpoints = List.of(endpoint(NodeStatus.State.FAILING));
    for (int i = 0; i < 20; i++) {
      node.whileWaiting.add(() -> {});
    }
    node.whileWaiting.add(() -> node.endpoints = List.of(endpoint(NodeStatus.State.GOOD)));
    for (int i = 0; i < 5; i++) {
      node.whileWaiting.add(() -> {});
    }
    node.whileWaiting.add(() -> node.finalized = 5);
    try (Source.Feed feed = reader.open(Source.ResumePoint.START)) {
      assertThat(next(feed).finalBlock()).isEqualTo(5);
    }
  }

  @Test
  @Tag("E38")
  @DisplayName("E38 the other endpoint stays away: refused in the end")
  void endpointStaysAway_isRefusedInTheEnd() {
    chain.transfers(10);
    node.endpoints = List.of(endpoint(NodeStatus.State.FAILING));
    for (int i = 0; i < 20; i++) {
      node.whileWaiting.add(() -> reader.pass(Duration.ofMinutes(1)));
    }
    Source.Feed feed = reader.open(Source.ResumePoint.START);

    assertThatThrownBy(() -> feed.next(1_000))
        .isInstanceOf(MillraceException.class)
        .hasMessageContaining("chain=31337");
    feed.close();
  }

  @Test
  @Tag("E41")
  @DisplayName("E41 by tag and depth, and the first answer names no finalized block: asked again")
  void tagAndDepth_theTagIsAskedForAgain() throws InterruptedException {
    chain.transfers(10);
    node.whileWaiting.add(() -> node.finalized = 5);
    reader.finality(tagAndDepth(1));
    try (Source.Feed feed = reader.open(Source.ResumePoint.START)) {
      assertThat(next(feed).finalBlock()).isEqualTo(5);
    }
  }

  @Test
  @Tag("E41")
  @DisplayName("E41 by tag and depth, and no endpoint names a finalized block: the depth, said")
  void tagAndDepth_withoutATagTheDepthDecides() throws InterruptedException {
    chain.transfers(10);
    ChainSource source = reader.finality(tagAndDepth(3)).source();
    try (Source.Feed feed = source.open(Source.ResumePoint.START)) {
      assertThat(next(feed).finalBlock()).isEqualTo(6);
      assertThat(source.doubts())
          .containsExactly("3 blocks below the head; nodes name no finalized block");
    }
  }

  @Test
  @Tag("E42")
  @DisplayName("E42 by tag and depth, and a reply names a head far too high: the depth still holds")
  void tagAndDepth_aFarHeadMakesNothingFinal() throws InterruptedException {
    chain.transfers(10);
    node.finalized = 8;
    AtomicInteger calls = new AtomicInteger();
    node.tagged =
        block -> {
          BlockHeader header = block.header();
          BlockHeader far =
              new BlockHeader(5_000, header.hash(), header.parent(), header.timestamp());
          return calls.incrementAndGet() == 1 ? new NodeBlockHeader(far, block.bloom()) : block;
        };
    reader.finality(tagAndDepth(4));
    try (Source.Feed feed = reader.open(Source.ResumePoint.START)) {
      for (long at = -1; at < 9; ) {
        Batch batch = next(feed);
        assertThat(batch.finalBlock()).isLessThanOrEqualTo(5);
        at = batch.last().number();
      }
      chain.transfers(1);
      assertThat(next(feed).finalBlock()).isEqualTo(6);
    }
  }

  @Test
  @Tag("E45")
  @DisplayName(
      "E45 a reorg, and then no endpoint names a finalized block: the rule is not forgotten")
  void reorg_leavesTheRuleAsItIs() throws InterruptedException {
    chain.transfers(200);
    node.finalized = 20;
    ChainSource source = reader.chain(1).source();
    try (Source.Feed feed = source.open(Source.ResumePoint.START)) {
      assertThat(next(feed).finalBlock()).isEqualTo(20);
    }
    node.finalized = -1;
    try (Source.Feed feed = source.open(Source.ResumePoint.START)) {
      assertThat(next(feed).finalBlock()).isLessThanOrEqualTo(20);
      assertThat(source.doubts()).isEmpty();
    }
  }

  private static Finality tagAndDepth(long depth) {
    return new Finality(Optional.of("finalized"), OptionalLong.of(depth));
  }

  private static Batch next(Source.Feed feed) throws InterruptedException {
    return (Batch) requireNonNull(feed.next(1_000));
  }
}
