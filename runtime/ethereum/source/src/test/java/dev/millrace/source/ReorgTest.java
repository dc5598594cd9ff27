package dev.millrace.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.evm.StopAt;
import dev.millrace.loaders.Bytes32;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.Batch;
import dev.millrace.pipeline.Source;
import dev.millrace.pipeline.SourceBlock;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Steps of a feed when the chain leaves the delivered branch. */
@Timeout(30)
final class ReorgTest {
  private final TestChain chain = new TestChain();
  private final TestNode node = new TestNode(chain);
  private final ChainFixture reader =
      new ChainFixture(node).until(new StopAt.Never()).finality(ChainFeedTest.depth(20));

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 7, 19})
  @Tag("E1")
  @DisplayName("E1 blocks are replaced: back to the last shared one")
  void replacedBlocks_rewindToTheAncestor(int depth) throws InterruptedException {
    chain.transfers(50);
    try (Source.Feed feed = reader.open(Source.ResumePoint.START)) {
      readTo(feed, 49);
      fork(49 - depth, depth + 1);

      assertThat(feed.next(100)).isEqualTo(backTo(49 - depth));
      assertThat(feed.next(100)).isNull();
    }
  }

  @Test
  void replacedTip_isNoticedAtTheSameHeight() throws InterruptedException {
    chain.transfers(50);
    try (Source.Feed feed = reader.open(Source.ResumePoint.START)) {
      readTo(feed, 49);
      fork(48, 1);

      assertThat(feed.next(100)).isEqualTo(backTo(48));
    }
  }

  @Test
  @Tag("E2")
  @DisplayName("E2 no common ancestor within the window: stops and says how to go on")
  void tooDeep_stopsAndSaysHowToGoOn() throws InterruptedException {
    chain.transfers(50);
    try (Source.Feed feed = reader.open(Source.ResumePoint.START)) {
      readTo(feed, 49);
      fork(10, 60);

      assertThatThrownBy(() -> feed.next(100))
          .isInstanceOfSatisfying(
              MillraceException.class,
              stopped -> assertThat(stopped.remedy()).isEqualTo(Remedy.FIX_SETUP))
          .hasMessageContaining("block=29")
          .hasMessageContaining("finality.depth");
    }
  }

  @Test
  @Tag("E36")
  @DisplayName("E36 an endpoint that missed a reorg denies our final block: it is not believed")
  void endpointBehindAReorg_deniesNoFinalBlock() throws InterruptedException {
    chain.transfers(50);
    try (Source.Feed feed = reader.open(Source.ResumePoint.START)) {
      readTo(feed, 49);
      TestChain other = new TestChain();
      other.transfers(20).empty(30); // our final block is 29
      node.behind = other;
      for (int i = 0; i < 5; i++) {
        node.whileWaiting.add(() -> {});
      }
      node.whileWaiting.add(() -> {
        node.behind = null;
        chain.transfers(2);
      });

      assertThat(ChainFixture.events(readTo(feed, 51))).isEqualTo(reader.expected(50, 51));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 7})
  @Tag("E47")
  @DisplayName("E47 an endpoint that answers first stands still on a replaced branch for ever")
  void endpointThatStandsStill_holdsNoLane(int depth) throws InterruptedException {
    chain.transfers(50);
    ChainSource source = reader.source();
    List<Batch> delivered;
    try (Source.Feed feed = source.open(Source.ResumePoint.START)) {
      delivered = readTo(feed, 49);
      TestChain still = new TestChain();
      node.behind = still.transfers(50);
      fork(48 - depth, depth + 10);

      assertThat(feed.next(100)).isEqualTo(backTo(48 - depth));
    }
    try (Source.Feed feed = source.open(resumePoint(delivered, 48 - depth))) {
      assertThat(ChainFixture.events(readTo(feed, 58))).isEqualTo(reader.expected(49 - depth, 58));
    }
  }

  @Test
  @Tag("E6")
  @DisplayName("E6 a deeper reorg while the first is undone")
  void reorgDuringARewind_isFoundWhenTheStreamIsOpenedAgain() throws InterruptedException {
    chain.transfers(50);
    ChainSource source = reader.source();
    List<Batch> delivered;
    try (Source.Feed feed = source.open(Source.ResumePoint.START)) {
      delivered = readTo(feed, 49);
      fork(45, 6);
      assertThat(feed.next(100)).isEqualTo(backTo(45));
    }
    fork(40, 20);
    try (Source.Feed feed = source.open(resumePoint(delivered, 45))) {
      assertThat(feed.next(100)).isEqualTo(backTo(40));
    }
    try (Source.Feed feed = source.open(resumePoint(delivered, 40))) {
      assertThat(ChainFixture.events(readTo(feed, 60))).isEqualTo(reader.expected(41, 60));
    }
  }

  @Test
  @Tag("E7")
  @DisplayName("E7 the original branch comes back")
  void firstBranchAgain_isReportedAgain() throws InterruptedException {
    chain.transfers(50);
    Bytes32 first = chain.hash(49);
    ChainSource source = reader.source();
    List<Batch> delivered;
    try (Source.Feed feed = source.open(Source.ResumePoint.START)) {
      delivered = readTo(feed, 49);
      fork(45, 6);
      assertThat(feed.next(100)).isEqualTo(backTo(45));
    }
    List<Batch> other;
    try (Source.Feed feed = source.open(resumePoint(delivered, 45))) {
      other = readTo(feed, 51);
      chain.restore(first).transfers(3);
      assertThat(feed.next(100)).isEqualTo(backTo(45));
    }
    assertThat(other).isNotEmpty();
    try (Source.Feed feed = source.open(resumePoint(delivered, 45))) {
      assertThat(ChainFixture.events(readTo(feed, 52))).isEqualTo(reader.expected(46, 52));
    }
  }

  @Test
  @Tag("E12")
  @DisplayName("E12 the chain gets shorter with another hash")
  void shorterChain_rewindsToTheAncestor() throws InterruptedException {
    chain.transfers(50);
    try (Source.Feed feed = reader.open(Source.ResumePoint.START)) {
      readTo(feed, 49);
      fork(40, 3);

      assertThat(feed.next(100)).isEqualTo(backTo(40));
    }
  }

  @Test
  @Tag("E13")
  @DisplayName("E13 a reorg at the first indexed block: back to empty")
  void reorgAtTheFirstBlock_rewindsToNothing() throws InterruptedException {
    chain.transfers(10);
    reader.from(5);
    try (Source.Feed feed = reader.open(Source.ResumePoint.START)) {
      assertThat(readTo(feed, 9).getFirst().last().number()).isEqualTo(9);
      fork(3, 8);

      assertThat(feed.next(100)).isEqualTo(new Source.Rewind(null));
    }
    try (Source.Feed feed = reader.open(Source.ResumePoint.START)) {
      assertThat(ChainFixture.events(readTo(feed, 11))).isEqualTo(reader.expected(5, 11));
    }
  }

  @Test
  @Tag("E37")
  @DisplayName("E37 the first indexed block is final and others are told: never back to empty")
  void firstBlockIsFinal_isNotRewound() throws InterruptedException {
    chain.transfers(26);
    reader.from(5);
    try (Source.Feed feed = reader.open(Source.ResumePoint.START)) {
      readTo(feed, 25); // block 5 is final, and nothing above it
      TestChain other = new TestChain();
      other.empty(30);
      node.behind = other;
      for (int i = 0; i < 5; i++) {
        node.whileWaiting.add(() -> {});
      }
      node.whileWaiting.add(() -> {
        node.behind = null;
        chain.transfers(2);
      });

      assertThat(ChainFixture.events(readTo(feed, 27))).isEqualTo(reader.expected(26, 27));
    }
  }

  @Test
  @Tag("E40")
  @DisplayName(
      "E40 the first indexed block is final, and the feed opened anew: never back to empty")
  void firstBlockIsFinal_isNotRewoundAfterARestart() throws InterruptedException {
    chain.transfers(26);
    reader.from(5);
    List<Batch> delivered;
    try (Source.Feed feed = reader.open(Source.ResumePoint.START)) {
      delivered = readTo(feed, 25); // block 5 is final, and nothing above it
    }
    TestChain other = new TestChain();
    other.empty(30);
    node.behind = other;
    for (int i = 0; i < 5; i++) {
      node.whileWaiting.add(() -> {});
    }
    node.whileWaiting.add(() -> {
      node.behind = null;
      chain.transfers(2);
    });
    try (Source.Feed feed = reader.open(resumePoint(delivered, 25))) {
      assertThat(ChainFixture.events(readTo(feed, 27))).isEqualTo(reader.expected(26, 27));
    }
  }

  @Test
  @Tag("E37")
  @DisplayName("E37 the first block was not told as final, its successor is by now: back to empty")
  void successorOfTheFirstBlockIsFinal_rewindsToNothing() throws InterruptedException {
    chain.transfers(10);
    reader.from(5);
    try (Source.Feed feed = reader.open(Source.ResumePoint.START)) {
      readTo(feed, 9);
      fork(3, 40);

      assertThat(feed.next(100)).isEqualTo(new Source.Rewind(null));
    }
  }

  @Test
  @Tag("E14")
  @DisplayName("E14 the same head told again: nothing happens")
  void sameHeadAgain_reportsNothing() throws InterruptedException {
    chain.transfers(50);
    try (Source.Feed feed = reader.open(Source.ResumePoint.START)) {
      readTo(feed, 49);
      for (int i = 0; i < 10; i++) {
        node.whileWaiting.add(() -> {});
      }
      node.whileWaiting.add(() -> chain.transfers(1));

      assertThat(ChainFixture.events(readTo(feed, 50))).isEqualTo(reader.expected(50, 50));
    }
  }

  @Test
  @Tag("E15")
  @DisplayName("E15 replaced blocks without events of ours")
  void emptyBlocks_areRewoundToo() throws InterruptedException {
    chain.transfers(40).empty(10);
    ChainSource source = reader.source();
    List<Batch> delivered;
    try (Source.Feed feed = source.open(Source.ResumePoint.START)) {
      delivered = readTo(feed, 49);
      chain.cut(44);
      for (int i = 0; i < 6; i++) {
        chain.mine(1);
      }
      assertThat(feed.next(100)).isEqualTo(backTo(44));
    }
    try (Source.Feed feed = source.open(resumePoint(delivered, 44))) {
      List<Batch> anew = readTo(feed, 50);
      assertThat(anew.getLast().last().hash()).isEqualTo(chain.hash(50));
      node.whileWaiting.add(() -> chain.transfers(1));
      assertThat(ChainFixture.events(readTo(feed, 51))).hasSize(1);
    }
  }

  @Test
  @Tag("E19")
  @DisplayName("E19 blocks that were told and never committed")
  void uncommittedBlocks_areRewoundFromTheFeedsOwnPlace() throws InterruptedException {
    chain.transfers(50);
    List<Batch> delivered = readTo(reader.open(Source.ResumePoint.START), 40);
    try (Source.Feed feed = reader.open(resumePoint(delivered, 35))) {
      readTo(feed, 49);
      fork(45, 6);
      assertThat(feed.next(100)).isEqualTo(backTo(45));
    }
  }

  @Test
  void open_findsOutThatTheLaneStandsOnAnotherBranch() throws InterruptedException {
    chain.transfers(50);
    List<Batch> delivered = readTo(reader.open(Source.ResumePoint.START), 49);
    fork(42, 400);

    try (Source.Feed feed = reader.open(resumePoint(delivered, 49))) {
      assertThat(feed.next(100)).isEqualTo(backTo(42));
    }
  }

  @Test
  void nodeThatIsBehind_rewindsNothing() throws InterruptedException {
    chain.transfers(50);
    try (Source.Feed feed = reader.open(Source.ResumePoint.START)) {
      readTo(feed, 49);
      node.latest = 35;
      node.whileWaiting.add(() -> {});
      node.whileWaiting.add(() -> node.latest = 20);
      node.whileWaiting.add(() -> node.latest = 1_000_000);
      node.whileWaiting.add(() -> chain.transfers(2));

      assertThat(ChainFixture.events(readTo(feed, 51))).isEqualTo(reader.expected(50, 51));
    }
  }

  @Test
  void blockCalledFinal_onAnotherBranch_rewindsBeforeItIsReported() throws InterruptedException {
    chain.transfers(50);
    node.finalized = 30;
    reader.finality(
        new dev.millrace.evm.Finality(
            java.util.Optional.of("finalized"), java.util.OptionalLong.empty()));
    try (Source.Feed feed = reader.open(Source.ResumePoint.START)) {
      readTo(feed, 49);
      node.whileWaiting.add(() -> {
        fork(40, 15);
        node.finalized = 54;
      });

      assertThat(feed.next(100)).isEqualTo(backTo(40));
    }
  }

  private void fork(long last, int blocks) {
    chain.cut(last);
    for (int i = 0; i < blocks; i++) {
      chain.mine(7, TestChain.transfer(20, 21, i));
    }
  }

  private Source.Rewind backTo(long block) {
    return new Source.Rewind(new Source.BlockRef(block, chain.hash(block)));
  }

  /** Reads batches up to a block. */
  static List<Batch> readTo(Source.Feed feed, long block) throws InterruptedException {
    List<Batch> batches = new ArrayList<>();
    do {
      batches.add((Batch) feed.next(5));
    } while (batches.getLast().last().number() < block);
    return batches;
  }

  /** Returns the resume point of a lane that has committed some of the delivered batches. */
  static Source.ResumePoint resumePoint(List<Batch> delivered, long last) {
    Source.@Nullable BlockRef base = null;
    List<Source.BlockRef> window = new ArrayList<>();
    for (Batch batch : delivered) {
      if (!batch.reversible()) {
        base = new Source.BlockRef(batch.last().number(), batch.last().hash());
      }
      for (SourceBlock block : batch.blocks()) {
        if (block.number() <= last) {
          window.add(new Source.BlockRef(block.number(), block.hash()));
        }
      }
    }
    if (base != null) {
      window.addFirst(base);
    }
    return new Source.ResumePoint(window.getLast(), window, List.of(), base != null);
  }
}
