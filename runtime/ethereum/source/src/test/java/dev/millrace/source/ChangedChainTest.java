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
import dev.millrace.rpc.LogsBloom;
import dev.millrace.rpc.NodeBlockHeader;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Endpoints that come to serve another chain, and heads that are not there. */
@Timeout(60)
final class ChangedChainTest {
  private static final Finality THREE_DEEP = new Finality(Optional.empty(), OptionalLong.of(3));

  private final TestChain chain = new TestChain();
  private final TestNode node = new TestNode(chain);
  private final ChainFixture reader =
      new ChainFixture(node).until(new StopAt.Never()).finality(THREE_DEEP);

  /** Returns a chain that shares no block with the first. */
  private static TestChain other(int blocks) {
    TestChain other = new TestChain();
    for (int i = 0; i < blocks; i++) {
      other.mine(5, TestChain.transfer(7, 7, i));
    }
    return other;
  }

  @Test
  @Tag("F61")
  @DisplayName(
      "F61 blocks near the head are of another chain: not one is told, and no reorg is seen")
  void liveBlocksOfAnotherChain_areNotReported() throws InterruptedException {
    chain.transfers(10);
    try (Source.Feed feed = reader.open(Source.ResumePoint.START)) {
      readTo(feed, 9);
      chain.transfers(1);
      node.chain = other(40);
      node.whenReproved = () -> node.chain = chain;

      assertThat(ChainFixture.events(readTo(feed, 10))).isEqualTo(reader.expected(10, 10));
    }
  }

  @Test
  @Tag("F61")
  @DisplayName("F61 ranges of history are of another chain: not one is told, and the lane goes on")
  void rangesOfAnotherChain_areNotReported() throws InterruptedException {
    chain.transfers(60);
    node.span = 10;
    try (Source.Feed feed = reader.open(Source.ResumePoint.START)) {
      List<Batch> delivered = new ArrayList<>(readTo(feed, 9));
      node.chain = other(100);
      node.whenReproved = () -> node.chain = chain;
      delivered.addAll(readTo(feed, 59));

      assertThat(ChainFixture.events(delivered)).isEqualTo(reader.expected(0, 59));
    }
  }

  @Test
  @Tag("F61")
  @DisplayName("F61 the first blocks of a lane are of another chain: asked for again, none is told")
  void firstBlocksOfAnotherChain_areNotReported() throws InterruptedException {
    for (long depth : new long[] {3, 100}) {
      chain.cut(-1).transfers(10);
      reader.finality(new Finality(Optional.empty(), OptionalLong.of(depth)));
      node.tagged =
          head -> {
            node.chain = other(40); // from the first look at the head on
            return head;
          };
      node.whenReproved =
          () -> {
            if (node.chain != chain) {
              node.chain = chain;
              node.tagged = UnaryOperator.identity();
            }
          };
      try (Source.Feed feed = reader.open(Source.ResumePoint.START)) {
        assertThat(ChainFixture.events(readTo(feed, 9))).isEqualTo(reader.expected(0, 9));
      }
    }
  }

  @Test
  @Tag("E30")
  @DisplayName("E30 one head that is far too high: nothing is final too soon, and the lane goes on")
  void headThatIsFarTooHigh_movesNothing() throws InterruptedException {
    chain.transfers(10);
    AtomicInteger heads = new AtomicInteger();
    node.tagged = head -> heads.getAndIncrement() == 2 ? block(50_000_000) : head;
    try (Source.Feed feed = reader.open(Source.ResumePoint.START)) {
      readTo(feed, 9);
      chain.transfers(2);

      Batch next = readTo(feed, 10).getFirst();

      assertThat(heads).hasValueGreaterThan(2);
      assertThat(next.reversible()).isTrue();
      assertThat(next.finalBlock()).isLessThanOrEqualTo(8);
      assertThat(feed.report()).containsEntry("chain.final", "6");
    }
  }

  @Test
  @Tag("E30")
  @DisplayName("E30 the first head is far too high: history ends where the chain does")
  void firstHeadThatIsFarTooHigh_movesNothing() throws InterruptedException {
    chain.transfers(10);
    AtomicInteger heads = new AtomicInteger();
    node.tagged = head -> heads.getAndIncrement() == 0 ? block(50_000_000) : head;

    List<Batch> delivered = reader.until(new StopAt.AtHead()).toTheEnd(1_000);

    assertThat(ChainFixture.events(delivered)).isEqualTo(reader.expected(0, 9));
    assertThat(delivered)
        .allSatisfy(batch -> assertThat(batch.finalBlock()).isLessThanOrEqualTo(6));
  }

  @Test
  @Tag("E31")
  @DisplayName("E31 a lane at its end, and its last blocks were replaced: back to the ancestor")
  void laneAtItsEnd_isComparedWithTheChain() throws InterruptedException {
    chain.transfers(30);
    reader.until(new StopAt.AtBlock(20));
    node.latest = 20;
    List<Batch> delivered = readTo(reader.open(Source.ResumePoint.START), 20);
    chain.cut(18);
    for (int i = 0; i < 12; i++) {
      chain.mine(7, TestChain.transfer(20, 21, i));
    }
    node.latest = 1_000_000;
    try (Source.Feed feed = reader.open(ReorgTest.resumePoint(delivered, 20))) {
      assertThat(feed.next(100))
          .isEqualTo(new Source.Rewind(new Source.BlockRef(18, chain.hash(18))));
    }
    try (Source.Feed feed = reader.open(ReorgTest.resumePoint(delivered, 18))) {
      assertThat(ChainFixture.events(ChainFixture.drain(feed, 100)))
          .isEqualTo(reader.expected(19, 20));
    }
  }

  @Test
  @Tag("E31")
  @DisplayName("E31 a lane at its end, and another chain of the same id: refused")
  void laneAtItsEnd_refusesAnotherChain() throws InterruptedException {
    chain.transfers(30);
    reader.until(new StopAt.AtBlock(20));
    List<Batch> delivered = readTo(reader.open(Source.ResumePoint.START), 20);
    Source.ResumePoint resumePoint = ReorgTest.resumePoint(delivered, 20);
    node.chain = other(40);
    try (Source.Feed feed = reader.open(resumePoint)) {
      assertThatThrownBy(() -> feed.next(100))
          .isInstanceOfSatisfying(
              MillraceException.class,
              refused -> assertThat(refused.remedy()).isEqualTo(Remedy.FIX_SETUP))
          .hasMessageContaining("chain was replaced from its final block on");
    }
    node.chain = chain;
    try (Source.Feed feed = reader.open(resumePoint)) {
      assertThat(feed.next(100)).isNull();
    }
  }

  @Test
  @Tag("E32")
  @DisplayName("E32 another chain of the same id, and nothing is final yet: refused, nothing told")
  void anotherChainOfTheSameId_isRefused() throws InterruptedException {
    for (long from : new long[] {0, 5}) {
      node.chain = chain;
      chain.cut(-1).transfers(10);
      reader.from(from).finality(new Finality(Optional.empty(), OptionalLong.of(100)));
      try (Source.Feed feed = reader.open(Source.ResumePoint.START)) {
        readTo(feed, 9);
        node.chain = other(40);

        assertThatThrownBy(() -> feed.next(100))
            .isInstanceOfSatisfying(
                MillraceException.class,
                refused -> assertThat(refused.remedy()).isEqualTo(Remedy.FIX_SETUP))
            .hasMessageContaining("endpoints serve a different chain of the same id");
      }
    }
  }

  @Test
  @Tag("E33")
  @Tag("F101")
  @DisplayName("E33 a node that was just started names no finalized block at first: waited for")
  void finalizedBlock_isAskedForWithPauses() throws InterruptedException {
    chain.transfers(10);
    reader
        .chain(31337)
        .poll(Duration.ofMillis(80))
        .finality(new Finality(Optional.empty(), OptionalLong.empty()));
    for (int i = 0; i < 6; i++) {
      node.whileWaiting.add(() -> {});
    }
    node.whileWaiting.add(() -> node.finalized = 5);
    try (Source.Feed feed = reader.open(Source.ResumePoint.START)) {
      assertThat(requireNonNull((Batch) feed.next(100)).finalBlock()).isEqualTo(5);
      assertThat(node.pauses)
          .extracting(Duration::toMillis)
          .containsExactly(10L, 20L, 40L, 80L, 80L, 80L, 80L);
      assertThat(node.waits).hasSize(7);
    }
  }

  private NodeBlockHeader block(long number) {
    BlockHeader head = chain.at(0).orElseThrow().header();
    return new NodeBlockHeader(
        new BlockHeader(
            number, TestChain.keccak("other"), TestChain.keccak("chain"), head.timestamp()),
        LogsBloom.MISSING);
  }

  private static List<Batch> readTo(Source.Feed feed, long block) throws InterruptedException {
    return ReorgTest.readTo(feed, block);
  }
}
