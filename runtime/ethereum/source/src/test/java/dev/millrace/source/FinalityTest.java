package dev.millrace.source;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.evm.BlockHeader;
import dev.millrace.evm.Finality;
import dev.millrace.evm.StopAt;
import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes32;
import dev.millrace.loaders.MillraceException;
import dev.millrace.pipeline.Batch;
import dev.millrace.pipeline.Source;
import dev.millrace.rpc.NodeBlockHeader;
import dev.millrace.rpc.NodeStatus;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Final blocks that are replaced, denied or shown by endpoints of another branch. */
@Timeout(60)
final class FinalityTest {
  private static final Finality UNSAID = new Finality(Optional.empty(), OptionalLong.empty());

  private final TestChain chain = new TestChain();
  private final TestNode node = new TestNode(chain);
  private final ChainFixture reader =
      new ChainFixture(node).until(new StopAt.Never()).finality(UNSAID).chain(31337);

  @Test
  @Tag("E23")
  @DisplayName("E23 depth 0, and blocks are replaced between two looks: nothing is told on top")
  void replacedBelowTheTip_nothingIsReportedOnTop() throws InterruptedException {
    chain.transfers(10);
    reader.finality(Finality.AT_ONCE);
    try (Source.Feed feed = reader.open(Source.ResumePoint.START)) {
      assertThat(next(feed).last().number()).isEqualTo(9);
      chain.cut(7).mine(3, TestChain.transfer(9, 9, 9)).mine(3).transfers(3);

      assertThatThrownBy(() -> feed.next(1_000))
          .isInstanceOf(MillraceException.class)
          .hasMessageContaining("chain was replaced from its final block on");
    }
  }

  @Test
  @Tag("E24")
  @DisplayName("E24 blocks are replaced while the next range is fetched: nothing is told on top")
  void replacedWhileFetched_nothingIsReportedOnTop() throws InterruptedException {
    chain.transfers(10);
    reader.finality(Finality.AT_ONCE);
    try (Source.Feed feed = reader.open(Source.ResumePoint.START)) {
      assertThat(next(feed).last().number()).isEqualTo(9);
      chain.transfers(5);
      AtomicInteger looks = new AtomicInteger();
      node.retold =
          block -> {
            if (block.header().number() == 14 && looks.incrementAndGet() == 1) {
              chain
                  .cut(7)
                  .mine(3)
                  .mine(3)
                  .transfers(5); // the head has been returned, the range has not
            }
            return block;
          };

      assertThatThrownBy(() -> feed.next(1_000))
          .isInstanceOf(MillraceException.class)
          .hasMessageContaining("chain was replaced from its final block on");
      assertThat(looks).hasPositiveValue();
    }
  }

  @Test
  @Tag("E25")
  @DisplayName("E25 a header at the seam of two ranges names another parent: asked again")
  void strayHeaderAtASeam_isAskedForAgain() throws InterruptedException {
    chain.transfers(40);
    node.span = 10;
    AtomicInteger calls = new AtomicInteger();
    node.retold =
        block -> {
          BlockHeader header = block.header();
          return header.number() == 20 && calls.incrementAndGet() == 1
              ? new NodeBlockHeader(
                  new BlockHeader(20, header.hash(), Bytes32.ZERO, header.timestamp()),
                  block.bloom())
              : block;
        };
    reader.finality(Finality.AT_ONCE).until(new StopAt.AtHead());

    List<Batch> batches = reader.toTheEnd(5);

    assertThat(ChainFixture.events(batches)).isEqualTo(reader.expected(0, 39));
    assertThat(calls).hasValueGreaterThan(1);
  }

  @Test
  @Tag("E27")
  @DisplayName("E27 logs of a range whose replaced last block holds none: asked elsewhere")
  void replacedEndWithoutLogs_isAskedElsewhere() throws InterruptedException {
    chain.transfers(18).mine(2).mine(2).transfers(5);
    TestChain other = new TestChain();
    other.transfers(17).mine(3).mine(3).mine(3); // no log where the chain has its last one
    node.stray = other;
    node.span = 20;
    reader.finality(Finality.AT_ONCE).until(new StopAt.AtBlock(19));

    List<Batch> batches = reader.toTheEnd(1_000);

    assertThat(ChainFixture.events(batches)).isEqualTo(reader.expected(0, 19));
  }

  @Test
  @Tag("E48")
  @DisplayName("E48 two of three endpoints give logs of a replaced branch: the third one is asked")
  void logsOfAReplacedBranch_areAskedOfEachEndpoint() throws InterruptedException {
    chain.transfers(20);
    node.stray = new TestChain().transfers(10).mine(5).transfers(9);
    node.strays = 2;
    node.endpoints =
        Stream.of("node", "second", "third")
            .map(name ->
                new NodeStatus.Endpoint(
                    name, NodeStatus.State.GOOD, "", 1, 1, 1, 1, new TreeMap<>()))
            .toList();
    node.span = 20;
    reader.finality(Finality.AT_ONCE).until(new StopAt.AtBlock(19));

    List<Batch> batches = reader.toTheEnd(1_000);

    assertThat(ChainFixture.events(batches)).isEqualTo(reader.expected(0, 19));
  }

  @Test
  @Tag("E51")
  @DisplayName("E51 the chain becomes shorter while a range up to its final block is fetched")
  void chainThatBecomesShorter_isFollowedBlockByBlock() throws InterruptedException {
    chain.transfers(89);
    node.deniesFinal = true;
    node.phantoms =
        _ -> {
          if (chain.head() == 88) {
            chain.cut(79).transfers(5); // block 79 was final, 9 below the head
          }
          return List.of();
        };
    reader
        .finality(new Finality(Optional.empty(), OptionalLong.of(9)))
        .until(new StopAt.AtBlock(84));

    List<Batch> batches = reader.toTheEnd(1_000);

    assertThat(ChainFixture.events(batches)).isEqualTo(reader.expected(0, 84));
  }

  @Test
  @Tag("E52")
  @DisplayName("E52 the chain becomes shorter before the logs of a found contract are asked for")
  void chainThatBecomesShorter_isFollowedWithTheContractsOfARange() throws InterruptedException {
    Address pool = TestChain.address(100);
    chain.transfers(10).mine(TestChain.created(pool)).mine(TestChain.swap(pool, 1)).transfers(77);
    node.deniesFinal = true;
    node.phantoms =
        query -> {
          if (chain.head() == 88 && query.filter().addresses().contains(pool)) {
            chain.cut(79).transfers(5); // the range up to block 79 has been fetched
          }
          return List.of();
        };
    reader
        .finality(new Finality(Optional.empty(), OptionalLong.of(9)))
        .until(new StopAt.AtBlock(84));

    List<Batch> batches = reader.toTheEnd(1_000);

    assertThat(chain.head()).isEqualTo(84);
    assertThat(ChainFixture.events(batches)).isEqualTo(reader.expected(0, 84));
  }

  @Test
  @Tag("E52")
  @DisplayName("E52 the chain is replaced below its final block and shorter: refused once it grows")
  void shorterChainReplacedBelowItsFinalBlock_isRefusedOnceItGrows() throws InterruptedException {
    chain.transfers(20);
    node.deniesFinal = true;
    reader.finality(new Finality(Optional.empty(), OptionalLong.of(3)));
    try (Source.Feed feed = reader.open(Source.ResumePoint.START)) {
      assertThat(next(feed).last().number()).isEqualTo(16);
      assertThat(next(feed).last().number()).isEqualTo(19);
      chain.cut(10).mine(3).transfers(7);
      AtomicInteger waits = new AtomicInteger();
      for (int i = 0; i < 20; i++) {
        node.whileWaiting.add(waits::incrementAndGet);
      }
      node.whileWaiting.add(() -> chain.transfers(10));

      assertThatThrownBy(() -> feed.next(1_000))
          .isInstanceOf(MillraceException.class)
          .hasMessageContaining("chain was replaced from its final block on");
      assertThat(waits).hasValue(20);
    }
  }

  @Test
  @Tag("E28")
  @DisplayName("E28 final by depth, and the head is that of another branch: counted from our tip")
  void headOfAnotherBranch_makesNothingOfOursFinal() throws InterruptedException {
    chain.transfers(10);
    reader.finality(new Finality(Optional.empty(), OptionalLong.of(3)));
    try (Source.Feed feed = reader.open(Source.ResumePoint.START)) {
      assertThat(next(feed).last().number()).isEqualTo(6);
      assertThat(next(feed).last().number()).isEqualTo(9);
      TestChain other = new TestChain();
      other.transfers(7).mine(2).mine(2).mine(2).mine(2).mine(2).mine(2);
      node.ahead = other; // block 12, so that block 9 would be final
      chain.transfers(1);

      Batch batch = next(feed);

      assertThat(batch.last().number()).isEqualTo(10);
      assertThat(batch.finalBlock()).isEqualTo(7);
    }
  }

  private static Batch next(Source.Feed feed) throws InterruptedException {
    return (Batch) requireNonNull(feed.next(1_000));
  }
}
