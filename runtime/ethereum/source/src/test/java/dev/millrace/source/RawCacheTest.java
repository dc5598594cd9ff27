package dev.millrace.source;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.evm.Finality;
import dev.millrace.evm.LogFilter;
import dev.millrace.evm.SourceOptions;
import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes32;
import dev.millrace.pipeline.Source;
import dev.millrace.rpc.LogColumns;
import dev.millrace.rpc.LogQuery;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Data that has been fetched once is not fetched again. */
@Timeout(60)
final class RawCacheTest {
  @TempDir Path directory;

  private final TestChain chain = new TestChain();
  private final TestNode node = new TestNode(chain);

  @BeforeEach
  void mine() {
    Random random = new Random(1);
    int born = 0;
    for (int block = 0; block < 600; block++) {
      Address pool = TestChain.address(1_000 + (born > 0 ? random.nextInt(born) : 0));
      if (block % 25 == 3) {
        chain.mine(
            TestChain.created(TestChain.address(1_000 + born++)), TestChain.transfer(1, 2, block));
      } else {
        chain.mine(TestChain.transfer(3, 4, block), TestChain.swap(pool, block));
      }
    }
    node.span = 40;
  }

  @Test
  @Tag("F13")
  @DisplayName("F13 second run of the same range: no getLogs leaves the machine")
  void secondRun_asksForNoLogs() throws InterruptedException {
    List<String> first = read(reader());
    node.asked.clear();
    node.span = 100;

    assertThat(read(reader())).isEqualTo(first).isEqualTo(reader().expected(0, 599));

    assertThat(node.asked).isEmpty();
  }

  @Test
  @Tag("F13")
  @DisplayName("F13 an earlier from fetches only what is missing")
  void earlierFrom_fetchesTheDifference() throws InterruptedException {
    read(reader().from(300));
    node.asked.clear();
    node.span = 400;

    // Pools created before have logs behind it, which no request had asked for.
    assertThat(read(reader())).isEqualTo(reader().expected(0, 599));

    assertThat(node.asked)
        .filteredOn(query -> query.filter().addresses().contains(TestChain.TOKEN))
        .allSatisfy(query -> assertThat(query.to()).isLessThan(300));
  }

  @Test
  @Tag("F13")
  @DisplayName("F13 an added address and an added event fetch only themselves")
  void addedFilter_fetchesTheDifference() throws InterruptedException {
    RawCache cache = cache(Long.MAX_VALUE);
    Address one = TestChain.address(1);
    Address two = TestChain.address(2);
    Bytes32 first = TestChain.TRANSFER;
    Bytes32 second = TestChain.SWAP;
    cache.keep(
        new LogFilter(List.of(one), List.of(first)),
        0,
        99,
        chain.hash(99),
        node.logs(new LogQuery(new LogFilter(List.of(one), List.of(first)), 0, 99)).logs());

    RawCache.CachedPart held =
        cache.find(new LogQuery(new LogFilter(List.of(one, two), List.of(first, second)), 0, 150));

    assertThat(held.reached()).isEqualTo(99);
    assertThat(held.logs())
        .singleElement()
        .satisfies(logs -> assertThat(logs.size()).isEqualTo(100));
    assertThat(held.missing())
        .containsExactlyInAnyOrder(
            new LogFilter(List.of(two), List.of(first, second)),
            new LogFilter(List.of(one), List.of(second)));
  }

  @Test
  @Tag("F13")
  @DisplayName("F13 a corrupt or truncated file is fetched again")
  void brokenFiles_areFetchedAgain() throws IOException, InterruptedException {
    List<String> first = read(reader());
    List<Path> files = files();
    byte[] bytes = Files.readAllBytes(files.get(0));
    bytes[bytes.length / 2] ^= 1;
    Files.write(files.get(0), bytes);
    Files.write(files.get(1), List.of("short"));
    Files.write(files.get(2), new byte[0]);
    Files.delete(files.get(3));
    node.asked.clear();

    assertThat(read(reader())).isEqualTo(first);
    assertThat(node.asked).isNotEmpty();
    node.asked.clear();
    assertThat(read(reader())).isEqualTo(first);
    assertThat(node.asked).isEmpty();
  }

  @Test
  void otherChain_isNoticedByTheHashes() throws InterruptedException {
    read(reader());
    TestChain other = new TestChain();
    for (int block = 0; block < 600; block++) {
      other.mine(9, TestChain.transfer(7, 8, block));
    }
    node.chain = other;

    assertThat(read(reader())).isEqualTo(reader().expected(0, 599));
  }

  @Test
  @Tag("G2")
  @DisplayName("G2 a file whose last block may still be replaced is looked at each time")
  void prove_doesNotLastForABlockThatIsNotFinal() throws InterruptedException {
    LogFilter token = new LogFilter(List.of(TestChain.TOKEN), List.of(TestChain.TRANSFER));
    cache(Long.MAX_VALUE)
        .keep(token, 0, 99, chain.hash(99), node.logs(new LogQuery(token, 0, 99)).logs());
    RawCache cache = cache(Long.MAX_VALUE);
    RawCache.CachedPart held = cache.find(new LogQuery(token, 0, 89));
    assertThat(cache.prove(held.used(), 89, Map.of(), node)).isTrue();

    chain.cut(94);
    for (long number = chain.head(); number < 110; number++) {
      chain.mine(7);
    }

    assertThat(cache.prove(held.used(), 99, Map.of(), node)).isFalse();
    assertThat(cache.find(new LogQuery(token, 90, 99)).missing()).containsExactly(token);
  }

  @Test
  @Tag("F35")
  @DisplayName("F35 the end of the chain was replaced since: what is cached of it is not told")
  void replacedBranch_isNotReported() throws InterruptedException {
    TestChain ours = new TestChain().empty(80).transfers(1).empty(19);
    node.chain = ours;
    node.span = 1_000;
    assertThat(read(reader())).hasSize(1);
    ours.cut(50);
    for (int block = 0; block < 69; block++) {
      ours.mine(9);
    }

    assertThat(read(reader())).isEmpty();
  }

  @Test
  @Tag("F36")
  @DisplayName("F36 a chain begun anew in the same directory, still shorter: told as it is")
  void shorterChainBegunAnew_isReportedAsItIs() throws InterruptedException {
    node.span = 33;
    node.chain = new TestChain().empty(3).transfers(1).empty(396);
    assertThat(read(reader())).hasSize(1);
    TestChain anew = new TestChain();
    for (int block = 0; block < 60; block++) {
      anew.mine(77);
    }
    node.chain = anew;

    assertThat(read(reader())).isEmpty();
    anew.mine(77, TestChain.transfer(1, 2, 3));
    assertThat(read(reader())).isEqualTo(reader().expected(0, 60)).hasSize(1);
  }

  @Test
  @Tag("F37")
  @DisplayName(
      "F37 what a provider kept back and the cache holds is found by an audit, and deleted")
  void cachedRanges_areAudited() throws InterruptedException {
    node.kept = log -> log.block().number() % 10 != 4;
    node.honest = _ -> false;
    int lacking = read(reader()).size();
    node.kept = _ -> true;
    ChainFixture auditing = reader().reading(reading().withAuditRatio(1));

    assertThat(read(auditing)).isEqualTo(auditing.expected(0, 599)).hasSizeGreaterThan(lacking);
    node.asked.clear();
    assertThat(read(reader())).isEqualTo(reader().expected(0, 599));
    assertThat(node.asked).as("the cache holds what the audit has found to be right").isEmpty();
  }

  @Test
  @Tag("F38")
  @DisplayName("F38 two processes in one directory keep to one room")
  void room_isSharedByProcesses() throws IOException, InterruptedException {
    SourceOptions small = reading().withCacheBytes(60_000);
    node.span = 2;
    RawCache other = new RawCache(small, 1, () -> ChainFixture.BEGINNING);
    read(reader().reading(small));
    Bytes32 last = chain.hash(1);
    LogFilter filter = new LogFilter(List.of(TestChain.TOKEN), List.of(TestChain.TRANSFER));
    for (int file = 0; file < 128; file++) {
      other.keep(filter, 0, 1, last, node.logs(new LogQuery(filter, 0, 1)).logs());
    }

    long bytes = 0;
    for (Path file : files()) {
      bytes += Files.size(file);
    }
    assertThat(bytes).isLessThanOrEqualTo(60_000 + 64 * 500);
  }

  @Test
  @Tag("F33")
  @DisplayName("F33 a question about one contract brings no log of another")
  void find_bringsWhatIsAskedForAlone() {
    RawCache cache = cache(Long.MAX_VALUE);
    LogFilter anyone = new LogFilter(List.of(), List.of(TestChain.TRANSFER, TestChain.SWAP));
    cache.keep(anyone, 0, 99, chain.hash(99), node.logs(new LogQuery(anyone, 0, 99)).logs());
    LogFilter token = new LogFilter(List.of(TestChain.TOKEN), List.of(TestChain.TRANSFER));

    RawCache.CachedPart held = cache.find(new LogQuery(token, 0, 99));

    assertThat(held.missing()).isEmpty();
    assertThat(held.logs())
        .singleElement()
        .satisfies(logs -> assertThat(logs.size()).isEqualTo(100));
  }

  @Test
  @Tag("F104")
  @DisplayName("F104 files that were asked for with one filter hold it once, in a new process too")
  void filters_areInMemoryOnce() {
    List<Address> addresses = IntStream.range(0, 250).mapToObj(TestChain::address).toList();
    LogFilter swaps = new LogFilter(addresses, List.of(TestChain.SWAP));
    LogFilter reversed = new LogFilter(addresses.reversed(), List.of(TestChain.SWAP));
    LogFilter one = new LogFilter(List.of(TestChain.TOKEN), List.of(TestChain.TRANSFER));
    RawCache cache = cache(Long.MAX_VALUE);
    Set<PackedLogFilter> kept = Collections.newSetFromMap(new IdentityHashMap<>());
    for (int file = 0; file < 6; file++) {
      LogFilter filter = file % 3 == 0 ? one : file % 3 == 1 ? swaps : reversed;
      kept.add(
          cache
              .keep(filter, 100L * file, 100L * file + 99, TestChain.word(file), LogColumns.EMPTY)
              .orElseThrow()
              .filter());
    }
    assertThat(kept).hasSize(2);

    RawCache again = cache(Long.MAX_VALUE);
    Set<PackedLogFilter> read = Collections.newSetFromMap(new IdentityHashMap<>());
    for (int file = 0; file < 6; file++) {
      LogFilter filter = file % 3 == 0 ? one : swaps;
      RawCache.CachedPart part = again.find(new LogQuery(filter, 100L * file, 100L * file + 99));
      assertThat(part.missing()).isEmpty();
      part.used().forEach(segment -> read.add(segment.filter()));
    }
    assertThat(read).hasSize(2);
  }

  @Test
  @Tag("F35")
  @DisplayName("F35 reset deletes what is cached of a chain")
  void forget_deletesTheFiles() throws IOException, InterruptedException {
    read(reader());
    assertThat(files()).isNotEmpty();

    RpcChainProvider.forget(directory, 1);

    assertThat(files()).isEmpty();
  }

  @Test
  void room_isKept() throws IOException, InterruptedException {
    ChainFixture small = reader();
    small.reading(reading().withCacheBytes(20_000));

    assertThat(read(small)).isEqualTo(small.expected(0, 599));

    long bytes = 0;
    for (Path file : files()) {
      bytes += Files.size(file);
    }
    assertThat(bytes).isBetween(10_000L, 20_000L);
    try (Source.Feed feed = small.open(Source.ResumePoint.START)) {
      assertThat(feed.report()).containsEntry("cache.bytes", Long.toString(bytes));
    }
  }

  @Test
  void packing_bringsBackWhatItWasGiven() {
    Random random = new Random(7);
    for (int length = 0; length < 3_000; length += 1 + random.nextInt(40)) {
      byte[] plain = new byte[length];
      for (int i = 0; i < length; i++) {
        plain[i] = random.nextInt(5) == 0 ? (byte) random.nextInt() : 0;
      }
      byte[] packed = ZeroByteCompression.pack(plain, length);
      byte[] again = ZeroByteCompression.unpack(packed, 0, packed.length, length);
      assertThat(java.util.Arrays.copyOf(again, length)).isEqualTo(plain);
    }
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> all = Files.walk(directory)) {
      return all.filter(Files::isRegularFile).sorted().toList();
    }
  }

  private RawCache cache(long bytes) {
    return new RawCache(reading().withCacheBytes(bytes), 1, () -> ChainFixture.BEGINNING);
  }

  private SourceOptions reading() {
    return SourceOptions.DEFAULTS
        .withPoll(Duration.ofMillis(1))
        .withDirectory(directory)
        .withAuditRatio(0);
  }

  private ChainFixture reader() {
    return new ChainFixture(node).finality(Finality.AT_ONCE).reading(reading());
  }

  private static List<String> read(ChainFixture reader) throws InterruptedException {
    return ChainFixture.events(reader.toTheEnd(100));
  }
}
