package dev.millrace.source;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.evm.Log;
import dev.millrace.evm.SourceOptions;
import dev.millrace.pipeline.Source;
import dev.millrace.rpc.LogsBloom;
import dev.millrace.rpc.NodeBlockHeader;
import dev.millrace.rpc.NodeStatus;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A log and the bloom of its block contradict each other: both are asked for again. */
@Timeout(60)
final class DisputedLogsTest {
  private static final LogsBloom OTHER =
      new TestChain().mine(TestChain.swap(TestChain.address(77), 1)).bloom(0);

  private final TestChain chain = new TestChain();
  private final TestNode node = new TestNode(chain);

  @ParameterizedTest
  @CsvSource({"0,true", "0,false", "1000,true", "1000,false"})
  @Tag("F89")
  @DisplayName("F89 a log that the bloom denies and another endpoint lacks is not delivered")
  void phantomLog_isNotDelivered(long depth, boolean receipts) throws InterruptedException {
    twoEndpoints();
    chain.transfers(10).empty(5);
    Log inEmpty = phantom(12, 0, 666);
    Log besideOurs = phantom(5, 1, 667);
    node.phantoms =
        query -> query.avoid().contains("node") ? List.of() : List.of(besideOurs, inEmpty);
    node.receipts = receipts;
    ChainFixture reader =
        new ChainFixture(node).finality(ChainFeedTest.depth(depth)).reading(reading());

    try (Source.Feed feed = reader.open(Source.ResumePoint.START)) {
      assertThat(ChainFixture.events(ChainFixture.drain(feed, 50)))
          .isEqualTo(reader.expected(0, 14));
      assertThat(feed.report()).doesNotContainKey("audit.blooms");
    }
  }

  @Test
  @Tag("F89")
  @DisplayName("F89 in the first blocks of a process receipts show that a log is not there")
  void phantomLogInTheFirstBlock_isNotDelivered() throws InterruptedException {
    twoEndpoints();
    chain.empty(1).transfers(3);
    Log first = phantom(0, 0, 666);
    Log second = phantom(1, 1, 667);
    node.phantoms = query -> query.avoid().contains("node") ? List.of() : List.of(first, second);
    ChainFixture reader =
        new ChainFixture(node).finality(ChainFeedTest.depth(1_000)).reading(reading());

    assertThat(ChainFixture.events(reader.toTheEnd(50))).isEqualTo(reader.expected(0, 3));
  }

  @Test
  @Tag("F89")
  @DisplayName("F89 the only endpoint adds a log to one answer, and not to the next")
  void phantomLogOfOneAnswer_isNotDelivered() throws InterruptedException {
    chain.transfers(20);
    Log added = phantom(12, 1, 666);
    AtomicInteger answers = new AtomicInteger();
    node.phantoms =
        query -> query.from() == 12 && answers.getAndIncrement() == 0 ? List.of(added) : List.of();
    ChainFixture reader =
        new ChainFixture(node).finality(ChainFeedTest.depth(1_000)).reading(reading());

    assertThat(ChainFixture.events(reader.toTheEnd(50))).isEqualTo(reader.expected(0, 19));
  }

  @Test
  @Tag("F89")
  @DisplayName("F89 the only endpoint repeats a log and its header: the log is believed")
  void logThatTheOnlyEndpointRepeats_isBelieved() throws InterruptedException {
    chain.transfers(20);
    Log repeated = phantom(12, 1, 666);
    node.phantoms = _ -> List.of(repeated);
    ChainFixture reader =
        new ChainFixture(node).finality(ChainFeedTest.depth(1_000)).reading(reading());

    List<String> expected = new ArrayList<>(reader.expected(0, 19));
    expected.add(13, "12-1 " + chain.hash(12));
    try (Source.Feed feed = reader.open(Source.ResumePoint.START)) {
      assertThat(ChainFixture.events(ChainFixture.drain(feed, 50))).isEqualTo(expected);
      assertThat(feed.report()).doesNotContainKey("audit.blooms");
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1_000})
  @Tag("F90")
  @DisplayName("F90 one header with another bloom: its logs come, and blooms are used on")
  void headerWithAnotherBloom_endsNoUseOfBlooms(long depth, @TempDir Path directory)
      throws InterruptedException {
    chain.transfers(40);
    node.kept = log -> log.block().number() != 38;
    node.retold =
        block -> block.header().number() == 5 ? new NodeBlockHeader(block.header(), OTHER) : block;
    ChainFixture reader =
        new ChainFixture(node)
            .finality(ChainFeedTest.depth(depth))
            .reading(reading().withDirectory(directory).withAuditRatio(1));

    try (Source.Feed feed = reader.open(Source.ResumePoint.START)) {
      assertThat(ChainFixture.events(ChainFixture.drain(feed, 50)))
          .isEqualTo(reader.expected(0, 39));
      assertThat(feed.report()).doesNotContainKey("audit.blooms");
    }
    assertThat(reader.source().findings().bloomsAreUseless()).isFalse();
  }

  @Test
  @Tag("F90")
  @DisplayName("F90 one of two endpoints always has other blooms: those of the other one count")
  void bloomsOfOneEndpoint_areCompared() throws InterruptedException {
    twoEndpoints();
    chain.transfers(40);
    node.kept = log -> log.block().number() != 38;
    // That endpoint is asked first for every second block. Where it is believed and logs are kept
    // back too, nothing shows that; so block 38, whose logs are, is asked for at the other one.
    Set<Long> seen = ConcurrentHashMap.newKeySet();
    node.retold =
        block -> {
          long number = block.header().number();
          return number % 2 == 1 && seen.add(number)
              ? new NodeBlockHeader(block.header(), OTHER)
              : block;
        };
    ChainFixture reader =
        new ChainFixture(node).finality(ChainFeedTest.depth(1_000)).reading(reading());

    try (Source.Feed feed = reader.open(Source.ResumePoint.START)) {
      assertThat(ChainFixture.events(ChainFixture.drain(feed, 50)))
          .isEqualTo(reader.expected(0, 39));
      assertThat(feed.report()).doesNotContainKey("audit.blooms");
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  @Tag("F91")
  @DisplayName("F91 blocks without blooms near the head: a question each, and a few at the start")
  void blocksWithoutBlooms_areNotAskedTwice(boolean isMissing) throws InterruptedException {
    twoEndpoints();
    chain.transfers(300);
    LogsBloom none = isMissing ? LogsBloom.MISSING : LogsBloom.EMPTY;
    node.retold = block -> new NodeBlockHeader(block.header(), none);
    ChainFixture reader =
        new ChainFixture(node).finality(ChainFeedTest.depth(1_000)).reading(reading());

    assertThat(ChainFixture.events(reader.toTheEnd(50))).isEqualTo(reader.expected(0, 299));
    assertThat(node.askedByHash).hasSizeLessThan(330);
  }

  @Test
  @Tag("F91")
  @DisplayName("F91 a header without bloom and another one with it: the block is not waited for")
  void headerWithoutBloom_isOutweighedByTheNextOne() throws InterruptedException {
    twoEndpoints();
    node.isAlone = true;
    chain.transfers(30);
    Set<Long> seen = ConcurrentHashMap.newKeySet();
    node.retold =
        block ->
            seen.add(block.header().number())
                ? new NodeBlockHeader(block.header(), LogsBloom.EMPTY)
                : block;
    ChainFixture reader =
        new ChainFixture(node).finality(ChainFeedTest.depth(1_000)).reading(reading());

    assertThat(ChainFixture.events(reader.toTheEnd(50))).isEqualTo(reader.expected(0, 29));
    assertThat(node.askedByHash).hasSizeLessThan(100);
  }

  @Test
  @Tag("F89")
  @DisplayName("F89 the only endpoint that answers repeats a log that its receipts lack")
  void phantomLogOfTheOnlyOneThatAnswers_isNotInTheReceipts() throws InterruptedException {
    twoEndpoints();
    node.isAlone = true;
    chain.empty(1).transfers(3);
    Log repeated = phantom(0, 0, 666);
    node.phantoms = _ -> List.of(repeated);
    ChainFixture reader =
        new ChainFixture(node).finality(ChainFeedTest.depth(1_000)).reading(reading());

    assertThat(ChainFixture.events(reader.toTheEnd(50))).isEqualTo(reader.expected(0, 3));
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1_000})
  @Tag("F114")
  @DisplayName("F114 while a log is asked for again, the status names the block and the endpoint")
  void waitingFor_namesTheDispute(long depth) throws InterruptedException {
    twoEndpoints();
    node.isAlone = true;
    node.receipts = false;
    chain.empty(1).transfers(3);
    Log repeated = phantom(0, 0, 666);
    node.phantoms = _ -> List.of(repeated);
    ChainFixture reader =
        new ChainFixture(node).finality(ChainFeedTest.depth(depth)).reading(reading());
    Set<String> waits = ConcurrentHashMap.newKeySet();
    try (Source.Feed feed = reader.open(Source.ResumePoint.START)) {
      for (int i = 0; i < 100; i++) {
        node.whileWaiting.add(() -> {
          reader.pass(Duration.ofSeconds(2));
          waits.add(feed.waitingFor());
        });
      }
      assertThat(ChainFixture.drain(feed, 50)).isNotEmpty();

      assertThat(waits)
          .anySatisfy(text ->
              assertThat(text)
                  .startsWith(
                      "logs that the bloom of their block denies:"
                          + " block=0 logs=1 endpoint=node, for 4 s"));
      assertThat(feed.waitingFor()).isEmpty();
    }
  }

  @Test
  @Tag("F89")
  @DisplayName("F89 audit names a log that is not there")
  void run_namesALogThatIsNotThere() throws InterruptedException {
    twoEndpoints();
    chain.transfers(40);
    Log added = phantom(12, 1, 666);
    node.phantoms = query -> query.avoid().contains("node") ? List.of() : List.of(added);

    RangeLogAudit.Proof proof =
        RangeLogAudit.run(new ChainFixture(node).request(), List.of(), node, 0, 39, _ -> {});

    assertThat(proof.findings())
        .singleElement()
        .asString()
        .contains("logs are not there", "block=12 logs=1 endpoint=node");
    assertThat(proof.bloomsAreUsable()).isTrue();
  }

  private Log phantom(long block, int index, long amount) {
    return TestChain.log(
        chain.at(block).orElseThrow().header(), index, TestChain.transfer(98, 99, amount));
  }

  private void twoEndpoints() {
    SortedMap<String, Long> none = new TreeMap<>();
    node.endpoints =
        Stream.of("node", "second")
            .map(name -> new NodeStatus.Endpoint(name, NodeStatus.State.GOOD, "", 1, 1, 1, 1, none))
            .toList();
  }

  private static SourceOptions reading() {
    return SourceOptions.DEFAULTS.withPoll(Duration.ofMillis(1));
  }
}
