package dev.millrace.source;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.evm.Finality;
import dev.millrace.evm.StopAt;
import dev.millrace.pipeline.Batch;
import dev.millrace.pipeline.Source;
import dev.millrace.pipeline.SourceBlock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
final class ChainFeedTest {
  private final TestChain chain = new TestChain();
  private final TestNode node = new TestNode(chain);
  private final ChainFixture reader = new ChainFixture(node);

  @Test
  void history_comesInOrderAndOnce() throws InterruptedException {
    chain.transfers(1_000);
    node.span = 17;
    node.reach = 5;
    reader.until(new StopAt.AtBlock(999)).finality(Finality.AT_ONCE);

    List<Batch> batches = reader.toTheEnd(100);

    assertThat(ChainFixture.events(batches)).isEqualTo(reader.expected(0, 999));
    assertThat(batches)
        .allSatisfy(batch -> {
          assertThat(batch.reversible()).isFalse();
          assertThat(batch.last().isComplete()).isTrue();
          assertThat(batch.last().hash()).isEqualTo(chain.hash(batch.last().number()));
        });
    assertThat(batches.getLast().last().number()).isEqualTo(999);
  }

  @Test
  void emptyStretch_movesTheFrontier() throws InterruptedException {
    chain.empty(1_000);
    reader.until(new StopAt.AtHead()).finality(Finality.AT_ONCE);

    List<Batch> batches = reader.toTheEnd(100);

    assertThat(ChainFixture.events(batches)).isEmpty();
    assertThat(batches.getLast().last()).isEqualTo(chain.at(999).orElseThrow().header().block());
  }

  @Test
  @Tag("F8")
  @DisplayName("F8 to is inclusive, in history, above it, and where it lies below from")
  void to_isInclusive() throws InterruptedException {
    chain.transfers(21);
    reader.until(new StopAt.AtBlock(10)).finality(Finality.AT_ONCE);
    assertThat(ChainFixture.events(reader.toTheEnd(3))).isEqualTo(reader.expected(0, 10));

    ChainFixture above = new ChainFixture(node).until(new StopAt.AtBlock(10)).finality(depth(15));
    assertThat(ChainFixture.events(above.toTheEnd(3))).isEqualTo(above.expected(0, 10));

    ChainFixture nothing =
        new ChainFixture(node).from(11).until(new StopAt.AtBlock(10)).finality(depth(15));
    assertThat(nothing.toTheEnd(3)).isEmpty();
  }

  @Test
  void atHead_endsWhereTheHeadWasAtFirst() throws InterruptedException {
    chain.transfers(21);
    reader.until(new StopAt.AtHead()).finality(depth(5));
    try (Source.Feed feed = reader.open(Source.ResumePoint.START)) {
      List<Batch> batches = new ArrayList<>();
      batches.add((Batch) requireNonNull(feed.next(1)));
      chain.transfers(10);
      batches.addAll(ChainFixture.drain(feed, 100));
      assertThat(ChainFixture.events(batches)).isEqualTo(reader.expected(0, 20));
    }
  }

  @Test
  @Tag("F6")
  @DisplayName("F6 the same blocks tell the same as history and live")
  void blocks_giveTheSameAsHistoryAndLive() throws InterruptedException {
    chain.transfers(100);
    ChainFixture history =
        new ChainFixture(node).until(new StopAt.AtBlock(99)).finality(Finality.AT_ONCE);
    ChainFixture live = new ChainFixture(node).until(new StopAt.AtBlock(99)).finality(depth(100));

    List<Batch> delivered = live.toTheEnd(10);

    assertThat(ChainFixture.events(delivered)).isEqualTo(ChainFixture.events(history.toTheEnd(10)));
    assertThat(delivered).allSatisfy(batch -> assertThat(batch.reversible()).isTrue());
    assertThat(
            delivered.stream().flatMap(batch -> batch.blocks().stream()).map(SourceBlock::number))
        .containsExactlyElementsOf(java.util.stream.LongStream.range(0, 100).boxed().toList());
  }

  @Test
  void head_isFollowedFromHistoryAndBack() throws InterruptedException {
    chain.transfers(50);
    reader.until(new StopAt.AtBlock(199)).finality(depth(10));
    node.whileWaiting.add(() -> chain.transfers(3));
    node.whileWaiting.add(() -> chain.transfers(100));
    node.whileWaiting.add(() -> chain.transfers(47));

    List<Batch> batches = reader.toTheEnd(1_000);

    assertThat(ChainFixture.events(batches)).isEqualTo(reader.expected(0, 199));
    assertThat(batches.stream().map(Batch::reversible))
        .containsSubsequence(false, true, false, true);
    assertThat(batches)
        .allSatisfy(batch ->
            assertThat(batch.blocks()).hasSize(batch.reversible() ? batch.blocks().size() : 0));
    assertThat(batches.stream().map(Batch::finalBlock)).isSorted();
  }

  @Test
  @Tag("F1")
  @DisplayName("F1 the head jumps by 3 and by 200")
  void headJumps_deliverEveryBlockOnce() throws InterruptedException {
    chain.transfers(10);
    reader.until(new StopAt.AtBlock(212)).finality(depth(1_000));
    node.whileWaiting.add(() -> chain.transfers(3));
    node.whileWaiting.add(() -> chain.transfers(200));

    List<Batch> batches = reader.toTheEnd(1_000);

    assertThat(ChainFixture.events(batches)).isEqualTo(reader.expected(0, 212));
    assertThat(batches)
        .allSatisfy(
            batch -> assertThat(batch.blocks()).hasSizeLessThanOrEqualTo(HeadFollower.AT_ONCE));
  }

  @Test
  @Tag("F7")
  @DisplayName("F7 finalized and latest move backwards")
  void finality_neverMovesBack() throws InterruptedException {
    chain.transfers(100);
    node.finalized = 80;
    reader
        .until(new StopAt.AtBlock(110))
        .finality(new Finality(Optional.of("finalized"), OptionalLong.of(10)));
    node.whileWaiting.add(() -> {
      node.finalized = 20;
      node.latest = 60;
    });
    node.whileWaiting.add(() -> node.latest = 10);
    node.whileWaiting.add(() -> node.finalized = 5);
    node.whileWaiting.add(() -> {
      node.latest = 1_000_000;
      chain.transfers(11);
    });

    List<Batch> batches = reader.toTheEnd(1_000);

    assertThat(ChainFixture.events(batches)).isEqualTo(reader.expected(0, 110));
    assertThat(batches.stream().map(Batch::finalBlock)).isSorted().contains(80L);
  }

  @Test
  @Tag("F9")
  @DisplayName("F9 no new block: the reason for waiting is shown")
  void waiting_saysWhatForAndSinceWhen() throws InterruptedException {
    chain.transfers(10);
    reader.until(new StopAt.AtBlock(10)).finality(depth(5));
    String[] said = new String[1];
    try (Source.Feed feed = reader.open(Source.ResumePoint.START)) {
      for (int i = 0; i < 5; i++) {
        node.whileWaiting.add(() -> reader.pass(java.time.Duration.ofMinutes(15)));
      }
      node.whileWaiting.add(() -> {
        said[0] = feed.waitingFor();
        chain.transfers(1);
      });
      assertThat(ChainFixture.events(ChainFixture.drain(feed, 100)))
          .isEqualTo(reader.expected(0, 10));
    }
    assertThat(said[0])
        .isEqualTo("block 10; the head of the chain is 9 since " + ChainFixture.BEGINNING);
  }

  @Test
  void close_endsAWaitingCall() throws Exception {
    chain.transfers(1);
    reader.until(new StopAt.Never()).finality(Finality.AT_ONCE).poll(java.time.Duration.ofHours(1));
    Source.Feed feed = reader.open(Source.ResumePoint.START);
    assertThat(feed.next(10)).isInstanceOf(Batch.class);
    java.util.concurrent.FutureTask<Source.Step> waiting =
        new java.util.concurrent.FutureTask<>(() -> feed.next(10));
    Thread.ofVirtual().start(waiting);
    while (node.waits.isEmpty()) {
      Thread.onSpinWait();
    }

    feed.close();

    org.assertj.core.api.Assertions.assertThatThrownBy(waiting::get)
        .hasCauseInstanceOf(InterruptedException.class);
  }

  static Finality depth(long blocks) {
    return new Finality(Optional.empty(), OptionalLong.of(blocks));
  }
}
