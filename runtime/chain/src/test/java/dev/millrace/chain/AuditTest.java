package dev.millrace.chain;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.evm.Finality;
import dev.millrace.evm.Reading;
import dev.millrace.pipeline.Batch;
import dev.millrace.pipeline.Source;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Logs are compared with the blooms of their blocks. */
@Timeout(30)
final class AuditTest {
  private final TestChain chain = new TestChain();
  private final TestNode node = new TestNode(chain);

  @Test
  @Tag("F3")
  @DisplayName("F3 logs empty although the bloom has our filter: live, asked again elsewhere")
  void emptyLogsNearTheHead_areNotTrusted() throws InterruptedException {
    chain.transfers(40);
    node.kept = log -> log.block().number() != 35;
    Reader reader = new Reader(node).finality(ChainFeedTest.depth(20));

    try (Source.Feed feed = reader.open(Source.Standing.START)) {
      List<Batch> batches = Reader.drain(feed, 5);
      assertThat(Reader.events(batches)).isEqualTo(reader.expected(0, 39));
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
    Reader reader = new Reader(node).finality(Finality.AT_ONCE).reading(reading().withAudited(0));

    assertThat(Reader.events(reader.toTheEnd(50))).isEqualTo(reader.expected(0, 1_999));
    assertThat(node.asked.stream().filter(query -> !query.avoid().isEmpty())).isNotEmpty();
  }

  @Test
  @Tag("F3")
  @DisplayName("F3 every endpoint keeps back the same logs: the receipts tell them")
  void logsThatNobodyTells_comeFromTheReceipts() throws InterruptedException {
    chain.transfers(500);
    node.kept = log -> log.block().number() % 10 != 3;
    node.honest = _ -> false;
    Reader reader = new Reader(node).finality(Finality.AT_ONCE).reading(reading().withAudited(1));

    try (Source.Feed feed = reader.open(Source.Standing.START)) {
      assertThat(Reader.events(Reader.drain(feed, 50))).isEqualTo(reader.expected(0, 499));
      SortedMap<String, String> report = feed.report();
      assertThat(Integer.parseInt(report.get("audit.findings"))).isGreaterThanOrEqualTo(50);
    }
  }

  @Test
  @Tag("F4")
  @DisplayName("F4 logs of history whose block hash is not the block's: asked again elsewhere")
  void logsOfAnotherBranch_areAskedForElsewhere() throws InterruptedException {
    chain.transfers(300);
    TestChain stray = new TestChain().transfers(10);
    for (int block = 10; block < 300; block++) {
      stray.mine(5, TestChain.transfer(1, 2, block));
    }
    node.stray = stray;
    Reader reader = new Reader(node).finality(Finality.AT_ONCE).reading(reading().withAudited(0));

    try (Source.Feed feed = reader.open(Source.Standing.START)) {
      assertThat(Reader.events(Reader.drain(feed, 50))).isEqualTo(reader.expected(0, 299));
      assertThat(feed.report().get("audit.last")).contains("logs name other blocks");
    }
  }

  @Test
  void run_provesACompleteRange() throws InterruptedException {
    chain.transfers(300).empty(100).mine(TestChain.swap(TestChain.address(9), 1)).transfers(99);
    List<Audit.Proof> progress = new ArrayList<>();

    Audit.Proof proof =
        Audit.run(new Reader(node).request(), List.of(), node, 0, 499, progress::add);

    assertThat(proof).isEqualTo(new Audit.Proof(499, 500, 399, 399, 399, 0, true, List.of()));
    assertThat(progress).extracting(Audit.Proof::to).containsExactly(199L, 399L, 499L);
  }

  @Test
  void run_namesWhatIsMissing() throws InterruptedException {
    chain.transfers(100);
    node.kept = log -> log.block().number() != 42;

    Audit.Proof proof = Audit.run(new Reader(node).request(), List.of(), node, 0, 99, _ -> {});

    assertThat(proof.confirmed()).isEqualTo(99);
    assertThat(proof.findings())
        .containsExactly("logs were kept back: block=42 logs=1 endpoint=node");
  }

  private static Reading reading() {
    return Reading.USUAL.withPoll(java.time.Duration.ofMillis(1));
  }
}
