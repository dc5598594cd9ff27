package dev.millrace.source;

import static dev.millrace.source.TestChain.address;
import static dev.millrace.source.TestChain.created;
import static dev.millrace.source.TestChain.swap;
import static dev.millrace.source.TestChain.transfer;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.evm.Finality;
import dev.millrace.evm.Log;
import dev.millrace.evm.LogFilter;
import dev.millrace.evm.SourceOptions;
import dev.millrace.evm.StopAt;
import dev.millrace.loaders.Address;
import dev.millrace.loaders.EventId;
import dev.millrace.pipeline.Batch;
import dev.millrace.pipeline.Source;
import java.util.List;
import java.util.Random;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Discovered contracts are followed from the log that created them. */
@Timeout(30)
final class DiscoveredContractTest {
  private static final Address POOL = address(100);

  private final TestChain chain = new TestChain();
  private final TestNode node = new TestNode(chain);

  @ParameterizedTest
  @ValueSource(longs = {0, 1_000})
  @Tag("F5")
  @DisplayName("F5 creation and first event in one transaction, as history and live")
  void creationAndFirstEvent_areBothReported(long depth) throws InterruptedException {
    chain.mine(swap(POOL, 1));
    chain.mine(transfer(1, 2, 3), swap(POOL, 2), created(POOL), swap(POOL, 3), transfer(4, 5, 6));
    chain.mine(swap(POOL, 4));
    chain.empty(300).mine(swap(POOL, 5));
    ChainFixture reader = new ChainFixture(node).finality(ChainFeedTest.depth(depth));

    List<Batch> batches = reader.toTheEnd(2);

    assertThat(ChainFixture.events(batches)).hasSize(6).isEqualTo(reader.expected(0, 303));
    assertThat(batches.stream().flatMap(batch -> batch.found().stream()))
        .containsExactly(new Source.DiscoveredContract("Pool", POOL, EventId.of(1, 2)));
    assertThat(batches)
        .filteredOn(batch -> !batch.found().isEmpty())
        .allSatisfy(batch -> assertThat(batch.last().number()).isGreaterThanOrEqualTo(1));
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1_000})
  @Tag("F81")
  @DisplayName(
      "F81 all logs of a block that creates a contract are kept back: told, and the child's")
  void keptBackBlock_isReportedWithTheLogsOfItsChildren(long depth) throws InterruptedException {
    node.honest = _ -> false; // receipts have them
    deliversAllThatWasKeptBack(log -> log.block().number() == 2_000, depth, 0);
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1_000})
  @Tag("F81")
  @DisplayName(
      "F81 all logs of a topic are kept back in the block that creates their contract: told")
  void keptBackTopic_isReported(long depth) throws InterruptedException {
    deliversAllThatWasKeptBack(log -> log.topic(0).equals(TestChain.SWAP), depth, 0);
  }

  @ParameterizedTest
  @CsvSource({"0, 0", "1000, 0", "1000, 1000"})
  @Tag("F81")
  @DisplayName("F81 all logs of a child are kept back in the block that creates it: told")
  void keptBackChild_isReported(long depth, int maxAddresses) throws InterruptedException {
    deliversAllThatWasKeptBack(log -> log.contract().equals(POOL), depth, maxAddresses);
  }

  /** A first answer keeps logs back in a block that creates a contract; all ranges are audited. */
  private void deliversAllThatWasKeptBack(Predicate<Log> keptBack, long depth, int maxAddresses)
      throws InterruptedException {
    chain.mine(created(address(99))).transfers(1_999);
    chain.mine(created(POOL), swap(POOL, 1), transfer(1, 2, 3)).transfers(5);
    node.kept = keptBack.negate();
    node.span = 20;
    ChainFixture reader =
        new ChainFixture(node)
            .finality(ChainFeedTest.depth(depth))
            .maxAddresses(maxAddresses)
            .reading(SourceOptions.DEFAULTS.withAuditRatio(1));

    assertThat(ChainFixture.events(reader.toTheEnd(50))).isEqualTo(reader.expected(0, 2_005));
  }

  @Test
  void rangesUnderWay_areCompletedByTheChildAlone() throws InterruptedException {
    chain.mine(created(POOL)).transfers(10).mine(swap(POOL, 1)).transfers(500);
    chain.mine(swap(POOL, 2));
    node.span = 50;
    ChainFixture reader = new ChainFixture(node).finality(Finality.AT_ONCE);

    assertThat(ChainFixture.events(reader.toTheEnd(100))).isEqualTo(reader.expected(0, 512));

    assertThat(
            node.asked.stream()
                .filter(query -> !isAlone(query.filter()))
                .map(query -> query.from() + "-" + query.to()))
        .doesNotHaveDuplicates();
    assertThat(
            node.asked.stream()
                .map(query -> query.filter())
                .filter(DiscoveredContractTest::isAlone))
        .isNotEmpty();
  }

  private static boolean isAlone(LogFilter filter) {
    return filter.addresses().equals(List.of(POOL));
  }

  @Test
  @Tag("E9")
  @DisplayName("E9 created in a replaced block, and elsewhere on the new branch")
  void replacedCreation_isForgotten() throws InterruptedException {
    chain.transfers(10).mine(created(POOL)).mine(swap(POOL, 1)).transfers(3);
    ChainFixture reader =
        new ChainFixture(node).until(new StopAt.Never()).finality(ChainFeedTest.depth(8));
    Source.@Nullable Step rewind;
    try (Source.Feed feed = reader.open(Source.ResumePoint.START)) {
      Source.Step step = feed.next(100);
      while (step instanceof Batch batch && batch.last().number() < 14) {
        step = feed.next(100);
      }
      chain.cut(9).mine(7, swap(POOL, 2)).mine(7, transfer(1, 1, 1)).mine(7, created(POOL));
      chain.mine(7, swap(POOL, 3)).transfers(5);
      rewind = feed.next(100);
    }
    Source.BlockRef nine = new Source.BlockRef(9, chain.hash(9));
    assertThat(rewind).isEqualTo(new Source.Rewind(nine));
    reader.until(new StopAt.AtHead());
    try (Source.Feed feed =
        reader.open(
            new Source.ResumePoint(
                nine, List.of(new Source.BlockRef(6, chain.hash(6)), nine), List.of(), true))) {
      List<Batch> anew = ChainFixture.drain(feed, 100);
      assertThat(ChainFixture.events(anew)).isEqualTo(reader.expected(10, 18));
      assertThat(anew.stream().flatMap(batch -> batch.found().stream()))
          .containsExactly(new Source.DiscoveredContract("Pool", POOL, EventId.of(12, 0)));
    }
  }

  @Test
  void foundBefore_isFollowedWhenOpenedAgain() throws InterruptedException {
    chain.mine(created(POOL)).transfers(5).mine(swap(POOL, 1)).transfers(5);
    ChainFixture reader = new ChainFixture(node).finality(Finality.AT_ONCE);
    Source.BlockRef two = new Source.BlockRef(2, chain.hash(2));
    Source.DiscoveredContract pool = new Source.DiscoveredContract("Pool", POOL, EventId.of(0, 0));

    try (Source.Feed feed =
        reader.open(new Source.ResumePoint(two, List.of(two), List.of(pool), true))) {
      List<Batch> batches = ChainFixture.drain(feed, 100);
      assertThat(ChainFixture.events(batches)).isEqualTo(reader.expected(3, 11));
      assertThat(batches).allSatisfy(batch -> assertThat(batch.found()).isEmpty());
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {3, 300, 3_000})
  void manyChildren_areAllFollowed(int pools) throws InterruptedException {
    Random random = new Random(pools);
    int born = 0;
    while (born < pools) {
      TestChain.Line[] lines = new TestChain.Line[8];
      for (int i = 0; i < lines.length; i++) {
        lines[i] =
            i == 0 || random.nextInt(4) == 0
                ? created(address(1_000 + born++))
                : swap(address(1_000 + random.nextInt(born + 5)), i);
      }
      chain.mine(lines);
    }
    node.span = 20;
    ChainFixture reader = new ChainFixture(node).finality(ChainFeedTest.depth(10));

    List<Batch> batches = reader.toTheEnd(50);

    assertThat(ChainFixture.events(batches)).isEqualTo(reader.expected(0, chain.head()));
    assertThat(batches.stream().mapToInt(batch -> batch.found().size()).sum()).isEqualTo(born);
    assertThat(node.asked)
        .allSatisfy(query ->
            assertThat(query.filter().addresses()).hasSizeLessThanOrEqualTo(LogQueryPlan.CHUNK));
  }
}
