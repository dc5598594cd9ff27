package dev.millrace.source;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.evm.BlockHeader;
import dev.millrace.evm.LogFilter;
import dev.millrace.evm.TransactionBody;
import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes;
import dev.millrace.loaders.Bytes32;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.MemoryBudget;
import dev.millrace.rpc.LogColumns;
import java.math.BigInteger;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Memory of the sources of several chains. */
@Timeout(60)
final class SourceMemoryTest {
  private static final int CHAINS = 4;
  private static final int HEADERS = 2_000;

  private final TestChain chain = new TestChain();

  /** Ranges that are fetched and not yet taken, of all chains. */
  private int ready;

  private final NavigableMap<Long, BlockHeader> headers = headers();

  @Test
  @Tag("F112")
  @DisplayName("F112 chains that fetch ahead hold no more together than one would")
  void ranges_ofAllChainsFitIntoOneBudget() throws InterruptedException {
    long bytes = range(0).bytes();
    MemoryBudget budget = new MemoryBudget(40 * bytes);
    List<RangeScheduler> chains = new ArrayList<>();
    for (int i = 0; i < CHAINS; i++) {
      chains.add(scheduler(budget));
    }
    chains.getFirst().reach(0, 10_000);
    assertThat(ready).as("one chain uses what the others leave free").isBetween(35, 40);

    chains.forEach(each -> {
      if (each != chains.getFirst()) {
        each.reach(0, 10_000);
      }
    });
    for (int taken = 0; taken < 50; taken++) {
      for (RangeScheduler each : chains) {
        assertThat(each.take().from()).isEqualTo(taken);
        ready--;
      }
    }
    assertThat(ready).isBetween(CHAINS, 40 + CHAINS);

    chains.subList(1, CHAINS).forEach(RangeScheduler::close);
    ready = 0;
    for (int taken = 50; taken < 100; taken++) {
      FetchedRange _ = chains.getFirst().take();
    }
    assertThat(ready - 50).as("closed chains hold nothing").isBetween(20, 40);
  }

  @Test
  @Tag("F112")
  @DisplayName("F112 a chain goes on with one range, however much the others hold")
  void range_isFetchedWithoutRoom() throws InterruptedException {
    MemoryBudget budget = new MemoryBudget(1);
    budget.register().updateUsage(1 << 30);
    RangeScheduler ranges = scheduler(budget);

    ranges.reach(0, 10);
    for (int taken = 0; taken <= 10; taken++) {
      assertThat(ready).isEqualTo(taken + 1);
      assertThat(ranges.take().from()).isEqualTo(taken);
    }
    assertThat(ranges.isEmpty()).isTrue();
  }

  @Test
  @Tag("F112")
  @DisplayName("F112 headers and transactions that chains keep for handlers fit into one budget")
  void recent_ofAllChainsFitsIntoOneBudget() {
    MemoryBudget budget = new MemoryBudget(40_000);
    List<RecentBlockCache> chains =
        IntStream.range(0, CHAINS).mapToObj(_ -> new RecentBlockCache(budget.register())).toList();
    RecentBlockCache first = chains.getFirst();
    first.addBodies(bodies());
    assertThat(first.bytes()).as("one chain uses what is free").isBetween(39_000L, 40_000L);

    chains.forEach(each -> each.addBodies(bodies()));
    headers.values().forEach(header -> chains.forEach(each -> each.addHeader(header)));
    first.addBodies(List.of(body(9_999)));

    assertThat(chains.stream().mapToLong(RecentBlockCache::bytes).sum()).isLessThan(40_000 + 2_000);
    assertThat(first.body(hash(9_999))).isNotNull();
    assertThat(first.header(headers.lastEntry().getValue().hash())).isNotNull();

    chains.forEach(RecentBlockCache::close);
    assertThat(budget.register().updateUsage(0)).isEqualTo(40_000);
  }

  @Test
  @Tag("F112")
  @DisplayName("F112 a chain that has ended leaves its memory to the others")
  void close_givesTheMemoryBack() throws InterruptedException {
    chain.transfers(10);
    ChainSource source = new ChainFixture(new TestNode(chain)).source();
    try (ChainFeed feed = new ChainFeed(source, dev.millrace.pipeline.Source.ResumePoint.START)) {
      assertThat(ChainFixture.drain(feed, 50)).isNotEmpty();
    }
    source.recent().addBodies(bodies());
    source.close();

    for (MemoryBudget each : List.of(source.memory().ranges(), source.memory().recent())) {
      assertThat(each.register().updateUsage(0)).isEqualTo(each.bytes());
    }
  }

  private RangeScheduler scheduler(MemoryBudget budget) {
    ExecutorService inline = new VirtualRuntime(1).threads("inline");
    RangeScheduler.Fetch fetch =
        new RangeScheduler.Fetch() {
          @Override
          public FetchedRange fetch(LogQueryPlan plan, long from, long to) {
            ready++;
            return range(from);
          }

          @Override
          public long span(LogQueryPlan plan, long from) {
            return 1;
          }
        };
    return new RangeScheduler(inline, fetch, plan(), 0, budget.register());
  }

  private FetchedRange range(long from) {
    return new FetchedRange(from, from, plan(), LogColumns.EMPTY, headers, new NoRefetch());
  }

  private static LogQueryPlan plan() {
    return LogQueryPlan.of(new LogFilter(List.of(TestChain.TOKEN), List.of()));
  }

  private static NavigableMap<Long, BlockHeader> headers() {
    NavigableMap<Long, BlockHeader> headers = new TreeMap<>();
    for (long number = 0; number < HEADERS; number++) {
      headers.put(number, new BlockHeader(number, hash(number), Bytes32.ZERO, Instant.EPOCH));
    }
    return headers;
  }

  private static List<TransactionBody> bodies() {
    return IntStream.range(0, 1_000).mapToObj(SourceMemoryTest::body).toList();
  }

  private static TransactionBody body(long number) {
    return new TransactionBody(
        hash(number), Address.ZERO, null, BigInteger.ONE, Bytes.EMPTY, number);
  }

  private static Bytes32 hash(long number) {
    return TestChain.word(number);
  }

  private static final class NoRefetch implements FetchedRange.Refetch {
    @Override
    public LogColumns ask(LogFilter filter) {
      return LogColumns.EMPTY;
    }

    @Override
    public LogColumns missing(LogFilter filter, LogColumns atHand) {
      return LogColumns.EMPTY;
    }

    @Override
    public MillraceException refused(String why) {
      return new MillraceException(Remedy.RESTART, why);
    }
  }
}
