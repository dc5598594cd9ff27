package dev.millrace.source;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.evm.Finality;
import dev.millrace.evm.LogFilter;
import dev.millrace.evm.SourceOptions;
import dev.millrace.evm.StopAt;
import dev.millrace.loaders.Address;
import dev.millrace.loaders.EventId;
import dev.millrace.pipeline.Batch;
import dev.millrace.pipeline.Source;
import dev.millrace.rpc.LogColumns;
import dev.millrace.rpc.LogQuery;
import dev.millrace.rpc.LogsBloom;
import dev.millrace.rpc.NodeBlockHeader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Logs are compared with the blooms of their blocks. */
@Timeout(30)
final class LogAuditTest {
  private final TestChain chain = new TestChain();
  private final TestNode node = new TestNode(chain);

  @Test
  @Tag("F3")
  @DisplayName("F3 logs empty although the bloom has our filter: live, asked again elsewhere")
  void emptyLogsNearTheHead_areNotTrusted() throws InterruptedException {
    chain.transfers(40);
    node.kept = log -> log.block().number() != 35;
    ChainFixture reader = new ChainFixture(node).finality(ChainFeedTest.depth(20));

    try (Source.Feed feed = reader.open(Source.ResumePoint.START)) {
      List<Batch> batches = ChainFixture.drain(feed, 5);
      assertThat(ChainFixture.events(batches)).isEqualTo(reader.expected(0, 39));
      assertThat(feed.report()).containsEntry("audit.findings", "1");
      assertThat(feed.report().get("audit.last")).contains("block=35").contains("logs=1");
    }
  }

  @Test
  @Tag("F3")
  @DisplayName("F3 a suspiciously empty range of history is asked for elsewhere")
  void emptyRange_isAskedForElsewhere() throws InterruptedException {
    chain.transfers(2_000);
    node.kept = log -> log.block().number() / 100 != 7;
    node.span = 100;
    ChainFixture reader =
        new ChainFixture(node).finality(Finality.AT_ONCE).reading(reading().withAuditRatio(0));

    assertThat(ChainFixture.events(reader.toTheEnd(50))).isEqualTo(reader.expected(0, 1_999));
    assertThat(node.asked.stream().filter(query -> !query.avoid().isEmpty())).isNotEmpty();
  }

  @Test
  @Tag("F3")
  @DisplayName("F3 every endpoint keeps back the same logs: the receipts tell them")
  void logsThatNoEndpointReturns_comeFromTheReceipts() throws InterruptedException {
    chain.transfers(500);
    node.kept = log -> log.block().number() % 10 != 3;
    node.honest = _ -> false;
    ChainFixture reader =
        new ChainFixture(node).finality(Finality.AT_ONCE).reading(reading().withAuditRatio(1));

    try (Source.Feed feed = reader.open(Source.ResumePoint.START)) {
      assertThat(ChainFixture.events(ChainFixture.drain(feed, 50)))
          .isEqualTo(reader.expected(0, 499));
      SortedMap<String, String> report = feed.report();
      assertThat(Integer.parseInt(report.get("audit.findings"))).isGreaterThanOrEqualTo(50);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 30})
  @Tag("F4")
  @DisplayName("F4 one block of history is another branch's: found out, and asked again elsewhere")
  void logsOfAnotherBranch_areAskedForElsewhere(int every) throws InterruptedException {
    TestChain stray = new TestChain();
    for (int block = 0; block < 300; block++) {
      TestChain.Line[] lines =
          block % every == 0
              ? new TestChain.Line[] {TestChain.transfer(1, 2, block)}
              : new TestChain.Line[0];
      chain.mine(lines);
      stray.mine(block == 150 ? 5 : 0, lines);
    }
    stray.agreesExcept(chain, 150);
    node.stray = stray;
    // For sparse logs all headers are fetched; for others it takes a sample to find out.
    double audited = every == 1 ? 1 : 0;
    ChainFixture reader =
        new ChainFixture(node)
            .finality(Finality.AT_ONCE)
            .reading(reading().withAuditRatio(audited));

    try (Source.Feed feed = reader.open(Source.ResumePoint.START)) {
      assertThat(ChainFixture.events(ChainFixture.drain(feed, 50)))
          .isEqualTo(reader.expected(0, 299));
      assertThat(feed.report().get("audit.last")).contains("logs name other blocks");
    }
  }

  @Test
  @Tag("F41")
  @DisplayName("F41 logs tell other times than their blocks: the headers' times count")
  void otherTimes_areNotBelieved() throws InterruptedException {
    chain.transfers(10);
    node.kept = _ -> true;
    node.timeOffset = 7;
    ChainFixture reader =
        new ChainFixture(node).finality(Finality.AT_ONCE).reading(reading().withAuditRatio(0));

    List<Batch> batches = reader.toTheEnd(50);

    assertThat(ChainFixture.events(batches)).isEqualTo(reader.expected(0, 9));
    assertThat(batches.stream().flatMap(batch -> batch.events().stream()))
        .allSatisfy(event ->
            assertThat(event.block())
                .isEqualTo(chain.at(event.block().number()).orElseThrow().header().block()));
  }

  @Test
  @Tag("F39")
  @DisplayName("F39 a chain without blooms: blocks near the head are asked for their logs")
  void blocksWithoutBlooms_areAsked() throws InterruptedException {
    chain.transfers(60);
    node.retold = block -> new NodeBlockHeader(block.header(), LogsBloom.MISSING);
    ChainFixture missing = new ChainFixture(node).finality(ChainFeedTest.depth(20));
    assertThat(ChainFixture.events(missing.toTheEnd(50))).isEqualTo(missing.expected(0, 59));

    node.retold = block -> new NodeBlockHeader(block.header(), LogsBloom.EMPTY);
    ChainFixture zero = new ChainFixture(node).finality(ChainFeedTest.depth(1_000));
    assertThat(ChainFixture.events(zero.toTheEnd(50))).isEqualTo(zero.expected(0, 59));
  }

  @Test
  @Tag("F40")
  @DisplayName("F40 blooms of other blocks: noticed at the first block with logs, and remembered")
  void bloomsOfOtherBlocks_areNoticedAndRemembered(@TempDir Path directory)
      throws InterruptedException {
    LogsBloom other = new TestChain().mine(TestChain.swap(TestChain.address(77), 1)).bloom(0);
    chain.empty(5).transfers(60);
    node.retold = block -> new NodeBlockHeader(block.header(), other);
    ChainFixture reader =
        new ChainFixture(node)
            .finality(ChainFeedTest.depth(1_000))
            .reading(reading().withDirectory(directory).withAuditRatio(0));

    try (Source.Feed feed = reader.open(Source.ResumePoint.START)) {
      assertThat(ChainFixture.events(ChainFixture.drain(feed, 50)))
          .isEqualTo(reader.expected(0, 64));
      assertThat(feed.report())
          .containsEntry("audit.blooms", "unusable")
          .hasEntrySatisfying("audit.last", last -> assertThat(last).contains("bloom denies"));
    }
    assertThat(reader.source().findings().bloomsAreUseless()).isTrue();
  }

  @Test
  @Tag("F63")
  @DisplayName("F63 blooms of the block before, in a busy history: no log near the head is missed")
  void bloomsOfTheBlockBefore_skipNothing() throws InterruptedException {
    chain.transfers(50);
    for (int i = 0; i < 60; i++) {
      TestChain.Line noise = TestChain.swap(TestChain.address(900 + i), i);
      if (i % 3 == 1) {
        chain.mine(noise, TestChain.transfer(1, 2, 7_000 + i));
      } else {
        chain.mine(noise);
      }
    }
    node.retold =
        block -> {
          long number = block.header().number();
          return number == 0 ? block : new NodeBlockHeader(block.header(), chain.bloom(number - 1));
        };
    ChainFixture reader =
        new ChainFixture(node).until(new StopAt.AtBlock(109)).finality(ChainFeedTest.depth(60));

    assertThat(ChainFixture.events(reader.toTheEnd(50))).isEqualTo(reader.expected(0, 109));
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1_000})
  @Tag("F42")
  @DisplayName("F42 all logs of one contract are kept back, and others' come: told from elsewhere")
  void logsOfOneContract_areMissed(long depth) throws InterruptedException {
    twoContracts();
    ChainFixture reader =
        new ChainFixture(node)
            .finality(ChainFeedTest.depth(depth))
            .reading(reading().withAuditRatio(1));

    assertThat(ChainFixture.events(reader.toTheEnd(50))).isEqualTo(reader.expected(0, 100));
  }

  @Test
  @Tag("F77")
  @DisplayName("F77 one block in a long range lacks its logs: told where all ranges are audited")
  void logsOfOneBlock_areMissedInALongRange() throws InterruptedException {
    chain.transfers(1).empty(9_000).transfers(1).empty(9_000);
    node.kept = log -> log.block().number() != 9_001;
    node.span = 20_000;
    ChainFixture reader =
        new ChainFixture(node)
            .finality(ChainFeedTest.depth(0))
            .reading(reading().withAuditRatio(1));

    assertThat(ChainFixture.events(reader.toTheEnd(50))).isEqualTo(reader.expected(0, 18_001));
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1_000})
  @Tag("F84")
  @DisplayName("F84 a second answer lacks less than the first, and still some: receipts are asked")
  void secondAnswerThatLacksSome_isNotBelieved(long depth) throws InterruptedException {
    Address first = TestChain.address(101);
    Address second = TestChain.address(102);
    chain.mine(TestChain.created(first)).mine(TestChain.created(second)).transfers(30);
    chain.mine(TestChain.swap(first, 1), TestChain.swap(second, 2)).transfers(10);
    node.silent =
        query ->
            query.avoid().isEmpty() && query.from() > 2 && query.from() <= 32 && query.to() >= 32;
    node.kept = log -> !log.contract().equals(second);
    node.honest = _ -> false;
    node.span = 10;
    ChainFixture reader =
        new ChainFixture(node)
            .finality(ChainFeedTest.depth(depth))
            .reading(reading().withAuditRatio(1));

    assertThat(ChainFixture.events(reader.toTheEnd(50)))
        .isEqualTo(reader.expected(0, chain.head()));
  }

  @Test
  @Tag("F75")
  @DisplayName("F75 all logs of one topic are kept back, another of the contract comes: told")
  void logsOfOneTopic_areMissedBesideAnother() throws InterruptedException {
    chain.mine(TestChain.transfer(1, 2, 3), TestChain.swap(TestChain.TOKEN, 1));
    node.kept = log -> !log.topic(0).equals(TestChain.SWAP);
    NodeBlockHeader block = chain.at(0).orElseThrow().block();
    LogFilter both =
        new LogFilter(List.of(TestChain.TOKEN), List.of(TestChain.TRANSFER, TestChain.SWAP));
    LogColumns answered = node.logsOf(block.header().hash(), new LogQuery(both, 0, 0)).logs();
    BloomLogAuditor auditor =
        new BloomLogAuditor(node, new LogAuditStatistics(1, Optional.empty(), System::nanoTime));

    LogColumns missing =
        auditor.check(
            new LogQueryPlan(List.of(both), List.of(both), 0), answered, List.of(block), "node");

    assertThat(answered.size()).isEqualTo(1);
    assertThat(missing.size()).isEqualTo(1);
    assertThat(missing.topic(0, 0)).isEqualTo(TestChain.SWAP);
  }

  @Test
  @Tag("F42")
  @DisplayName("F42 audit names logs of one contract that are kept back where others' come")
  void run_namesLogsOfOneContract() throws InterruptedException {
    twoContracts();
    Source.DiscoveredContract pool =
        new Source.DiscoveredContract("Pool", TestChain.address(100), EventId.of(0, 0));

    RangeLogAudit.Proof proof =
        RangeLogAudit.run(new ChainFixture(node).request(), List.of(pool), node, 1, 100, _ -> {});

    assertThat(proof.findings()).hasSize(100);
  }

  private void twoContracts() {
    TestChain.Line swap = TestChain.swap(TestChain.address(100), 1);
    chain.mine(TestChain.created(TestChain.address(100)));
    for (int block = 1; block <= 100; block++) {
      chain.mine(TestChain.transfer(1, 2, block), swap);
    }
    node.kept = log -> !log.contract().equals(TestChain.address(100));
  }

  @Test
  void run_provesACompleteRange() throws InterruptedException {
    chain.transfers(300).empty(100).mine(TestChain.swap(TestChain.address(9), 1)).transfers(99);
    List<RangeLogAudit.Proof> progress = new ArrayList<>();

    RangeLogAudit.Proof proof =
        RangeLogAudit.run(new ChainFixture(node).request(), List.of(), node, 0, 499, progress::add);

    assertThat(proof)
        .isEqualTo(new RangeLogAudit.Proof(499, 500, 399, 0, 399, 399, 0, true, List.of()));
    assertThat(progress).extracting(RangeLogAudit.Proof::to).containsExactly(199L, 399L, 499L);
  }

  @Test
  void run_namesWhatIsMissing() throws InterruptedException {
    chain.transfers(100);
    node.kept = log -> log.block().number() != 42;

    RangeLogAudit.Proof proof =
        RangeLogAudit.run(new ChainFixture(node).request(), List.of(), node, 0, 99, _ -> {});

    assertThat(proof.confirmed()).isEqualTo(99);
    assertThat(proof.findings())
        .containsExactly("logs were kept back: block=42 logs=1 endpoint=node");
  }

  private static SourceOptions reading() {
    return SourceOptions.DEFAULTS.withPoll(java.time.Duration.ofMillis(1));
  }
}
