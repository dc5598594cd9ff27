package dev.millrace.source;

import static dev.millrace.source.TestChain.address;
import static dev.millrace.source.TestChain.created;
import static dev.millrace.source.TestChain.createdBy;
import static dev.millrace.source.TestChain.swap;
import static dev.millrace.source.TestChain.transfer;
import static dev.millrace.source.TestChain.transferBy;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.evm.Evm;
import dev.millrace.evm.EvmIndexer;
import dev.millrace.evm.SourceOptions;
import dev.millrace.evm.SourceRequest;
import dev.millrace.evm.StopAt;
import dev.millrace.evm.Undecodable;
import dev.millrace.loaders.Address;
import dev.millrace.loaders.MillraceException;
import dev.millrace.pipeline.Batch;
import dev.millrace.pipeline.Source;
import dev.millrace.rpc.LogsBloom;
import dev.millrace.rpc.NodeBlockHeader;
import dev.millrace.source.ChainFixture.PoolCreated;
import dev.millrace.source.ChainFixture.Swapped;
import dev.millrace.source.ChainFixture.Transferred;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** One log, one event, in stream order, however large the ranges are that bring the logs. */
@Timeout(60)
final class StreamOrderTest {
  private static final String RANGES = "1,0\n2,0\n3,0\n100,0\n1,1000\n100,1000";
  private static final Address POOL = address(100);
  private static final Address CHILD = address(200);

  @TempDir Path directory;

  private final TestChain chain = new TestChain();
  private final TestNode node = new TestNode(chain);
  private SourceOptions reading = SourceOptions.DEFAULTS.withPoll(Duration.ofMillis(1));

  /** Defines tokens everywhere beside pools, which create pools. */
  private static EvmIndexer indexer() {
    return Evm.indexer("order")
        .entities(ChainFixture.Nothing.class)
        .contract("Any", any -> any.anywhere().on(Transferred.class, (_, _) -> {}))
        .contract("Factory", factory -> factory.on(PoolCreated.class, (_, _) -> {}))
        .contract(
            "Pool",
            pool ->
                pool.createdBy(PoolCreated.class, PoolCreated::pool)
                    .on(PoolCreated.class, (_, _) -> {})
                    .on(Swapped.class, (_, _) -> {})
                    .on(Transferred.class, (_, _) -> {}))
        .build();
  }

  @ParameterizedTest
  @CsvSource(textBlock = RANGES)
  @Tag("F30")
  @DisplayName("F30 anywhere beside contracts found in the same stretch: one log, one event")
  void logHeardAnywhere_isTheFoundContractsOnce(long span, long depth) throws InterruptedException {
    chain.mine(transfer(1, 2, 3));
    chain.mine(transferBy(POOL, 1), created(POOL), transferBy(POOL, 2));
    chain.mine(transferBy(POOL, 7), swap(POOL, 1));
    chain.mine(created(address(101)), transferBy(address(101), 9), transfer(1, 2, 3));

    assertThat(read(indexer(), span, depth))
        .containsExactly(
            "0-0 Any.Transferred",
            "1-0 Any.Transferred",
            "1-1 Factory.PoolCreated",
            "1-2 Pool.Transferred",
            "2-0 Pool.Transferred",
            "2-1 Pool.Swapped",
            "3-0 Factory.PoolCreated",
            "3-1 Pool.Transferred",
            "3-2 Any.Transferred");
  }

  @ParameterizedTest
  @CsvSource(textBlock = RANGES)
  @Tag("F43")
  @DisplayName("F43 an answer is empty, and another one has a log of it: asked again, none is lost")
  void emptyAnswer_isRefutedByAnotherOne(long span, long depth) throws InterruptedException {
    EvmIndexer indexer = anywhereBesideFactory();
    for (int block = 0; block < 200; block++) {
      chain.mine(transfer(4, 5, block), transferBy(TestChain.FACTORY, block));
    }
    node.retold = block -> new NodeBlockHeader(block.header(), LogsBloom.MISSING);
    node.silent = query -> query.filter().addresses().isEmpty() && query.avoid().isEmpty();

    assertThat(read(indexer, span, depth))
        .hasSize(400)
        .startsWith("0-0 Any.Transferred", "0-1 Factory.Transferred")
        .doesNotHaveDuplicates();
  }

  @ParameterizedTest
  @CsvSource(textBlock = RANGES)
  @Tag("F70")
  @DisplayName("F70 an answer about some addresses lacks a log that is known: asked again")
  void answerAboutSomeAddresses_isRefutedByTheOneAboutAll(long span, long depth)
      throws InterruptedException {
    for (int block = 0; block < 200; block++) {
      chain.mine(transferBy(TestChain.FACTORY, block), created(POOL));
    }
    node.retold = block -> new NodeBlockHeader(block.header(), LogsBloom.MISSING);
    node.silent = query -> !query.filter().addresses().isEmpty() && query.avoid().isEmpty();

    assertThat(read(anywhereBesideFactory(), span, depth))
        .hasSize(400)
        .startsWith("0-0 Factory.Transferred", "0-1 Factory.PoolCreated")
        .doesNotHaveDuplicates();
  }

  @Test
  @Tag("F88")
  @DisplayName("F88 an answer is empty for a while, and no endpoint has receipts: waited for")
  void lateIndex_isWaitedForWithoutReceipts() throws InterruptedException {
    chain.mine(transferBy(TestChain.FACTORY, 1), created(POOL)).transfers(2);
    node.retold = block -> new NodeBlockHeader(block.header(), LogsBloom.MISSING);
    node.receipts = false;
    AtomicInteger late = new AtomicInteger();
    node.silent = query -> !query.filter().addresses().isEmpty() && late.incrementAndGet() < 7;

    assertThat(read(anywhereBesideFactory(), 1, 1_000))
        .startsWith("0-0 Factory.Transferred", "0-1 Factory.PoolCreated");
  }

  private static EvmIndexer anywhereBesideFactory() {
    return Evm.indexer("refuted")
        .entities(ChainFixture.Nothing.class)
        .contract("Any", any -> any.anywhere().on(Transferred.class, (_, _) -> {}))
        .contract(
            "Factory",
            factory ->
                factory.on(PoolCreated.class, (_, _) -> {}).on(Transferred.class, (_, _) -> {}))
        .build();
  }

  @ParameterizedTest
  @CsvSource(textBlock = RANGES)
  @Tag("F31")
  @DisplayName("F31 two generations in one stretch: followed from their creation on, once")
  void grandchild_isFollowedFromItsCreationOn(long span, long depth) throws InterruptedException {
    chain.mine(transferBy(CHILD, 1));
    chain.mine(created(POOL));
    chain.mine(transferBy(CHILD, 2), createdBy(POOL, CHILD), transferBy(CHILD, 3));
    chain.mine(transferBy(CHILD, 7), swap(CHILD, 8));

    assertThat(read(indexer(), span, depth))
        .containsExactly(
            "0-0 Any.Transferred",
            "1-0 Factory.PoolCreated",
            "2-0 Any.Transferred",
            "2-1 Pool.PoolCreated",
            "2-2 Pool.Transferred",
            "3-0 Pool.Transferred",
            "3-1 Pool.Swapped");
  }

  @ParameterizedTest
  @CsvSource(textBlock = RANGES)
  @Tag("F32")
  @DisplayName("F32 several claims to one address: the first in log order counts")
  void twoClaims_theFirstInLogOrderCounts(long span, long depth) throws InterruptedException {
    EvmIndexer twoKinds =
        Evm.indexer("claims")
            .entities(ChainFixture.Nothing.class)
            .contract("Factory", factory -> factory.on(PoolCreated.class, (_, _) -> {}))
            .contract(
                "Pool",
                pool ->
                    pool.createdBy(PoolCreated.class, PoolCreated::pool)
                        .on(ChainFixture.PartCreated.class, (_, _) -> {})
                        .on(Swapped.class, (_, _) -> {}))
            .contract(
                "Part",
                part ->
                    part.createdBy(ChainFixture.PartCreated.class, ChainFixture.PartCreated::part)
                        .on(Swapped.class, (_, _) -> {}))
            .build();
    chain.mine(created(POOL));
    chain.mine(TestChain.partCreatedBy(POOL, CHILD));
    chain.mine(swap(CHILD, 7));
    chain.mine(created(CHILD));
    chain.mine(swap(CHILD, 8));

    assertThat(read(twoKinds, span, depth))
        .containsExactly(
            "0-0 Factory.PoolCreated",
            "1-0 Pool.PartCreated",
            "2-0 Part.Swapped",
            "3-0 Factory.PoolCreated",
            "4-0 Part.Swapped");
  }

  @ParameterizedTest
  @CsvSource(textBlock = RANGES)
  @Tag("F33")
  @DisplayName("F33 the raw cache beside anywhere and found contracts: the same events again")
  void cachedLogs_giveTheSame(long span, long depth) throws InterruptedException {
    chain.mine(transferBy(CHILD, 1), transfer(1, 2, 3));
    chain.mine(created(POOL), transferBy(POOL, 2));
    chain.mine(createdBy(POOL, CHILD), swap(CHILD, 1), transferBy(CHILD, 3));
    chain.mine(transfer(1, 2, 4), swap(POOL, 2), transferBy(POOL, 7), transferBy(CHILD, 8));
    List<String> plain = read(indexer(), span, depth);
    reading = reading.withDirectory(directory).withAuditRatio(0);

    assertThat(read(indexer(), 2, depth)).isEqualTo(plain);
    assertThat(read(indexer(), span, depth)).isEqualTo(plain).doesNotHaveDuplicates();
  }

  @Test
  @Tag("F34")
  @DisplayName("F34 undecodable: stop, and the log turns out to be another contract's: no stop")
  void undecodable_stopsOnlyWhereTheLogIsItsContracts() throws InterruptedException {
    reading = reading.withUndecodable(Undecodable.STOP);
    EvmIndexer wider =
        Evm.indexer("wider")
            .entities(ChainFixture.Nothing.class)
            .contract("Factory", factory -> factory.on(PoolCreated.class, (_, _) -> {}))
            .contract(
                "Pool",
                pool ->
                    pool.createdBy(PoolCreated.class, PoolCreated::pool)
                        .on(ChainFixture.PartCreated.class, (_, _) -> {})
                        .on(Swapped.class, (_, _) -> {}))
            .contract(
                "Part",
                part ->
                    part.createdBy(ChainFixture.PartCreated.class, ChainFixture.PartCreated::part)
                        .on(Transferred.class, (_, _) -> {}))
            .build();
    chain.mine(created(POOL));
    chain.mine(TestChain.partCreatedBy(POOL, CHILD));
    chain.mine(created(CHILD)); // the second claim, of a kind that cannot read the next log
    chain.mine(new TestChain.Line(CHILD, TestChain.SWAP, List.of()), transferBy(CHILD, 1));

    assertThat(read(wider, 100, 0))
        .containsExactly(
            "0-0 Factory.PoolCreated",
            "1-0 Pool.PartCreated",
            "2-0 Factory.PoolCreated",
            "3-1 Part.Transferred");

    chain.mine(new TestChain.Line(POOL, TestChain.SWAP, List.of()));
    assertThatThrownBy(() -> read(wider, 100, 0))
        .isInstanceOf(MillraceException.class)
        .hasMessageContaining("block=4 logIndex=0");
  }

  private List<String> read(EvmIndexer indexer, long span, long depth) throws InterruptedException {
    node.span = span;
    SourceRequest request =
        new SourceRequest(
            indexer,
            1,
            List.of(),
            0,
            new StopAt.AtHead(),
            ChainFeedTest.depth(depth),
            Map.of("Factory", List.of(TestChain.FACTORY)),
            reading);
    try (Source.Feed feed =
        new ChainSource(request, node, InstantSource.system()).open(Source.ResumePoint.START)) {
      return ChainFixture.drain(feed, 100).stream()
          .map(Batch::events)
          .flatMap(List::stream)
          .map(event ->
              "%s-%s %s"
                  .formatted(event.block().number(), event.logIndex(), event.handler().name()))
          .toList();
    }
  }
}
