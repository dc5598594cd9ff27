package dev.millrace.devchain;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.evm.Event;
import dev.millrace.evm.Evm;
import dev.millrace.evm.EvmContext;
import dev.millrace.evm.EvmIndexer;
import dev.millrace.evm.Finality;
import dev.millrace.evm.Log;
import dev.millrace.evm.SourceProviders;
import dev.millrace.evm.SourceRequest;
import dev.millrace.evm.StopAt;
import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes32;
import dev.millrace.loaders.Entity;
import dev.millrace.loaders.Id;
import dev.millrace.loaders.MillraceException;
import dev.millrace.pipeline.Batch;
import dev.millrace.pipeline.Source;
import dev.millrace.pipeline.SourceBlock;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class DevChainTest {
  @Event("Transfer(address indexed from, address indexed to, uint256 value)")
  record Transferred(Address from, Address to, BigInteger value) {}

  @Event("NameRegistered(string name, address indexed owner)")
  record Registered(String name, Address owner) {}

  @Event("NameTransferred(string name, address indexed to)")
  record Moved(String name, Address to) {}

  @Event("NameReleased(string name)")
  record Released(String name) {}

  @Entity
  record Thing(@Id long id) {}

  private static <E> void ignore(E event, EvmContext context) {}

  private static final EvmIndexer TOKEN =
      Evm.indexer("token")
          .entities(Thing.class)
          .contract("Token", token -> token.on(Transferred.class, DevChainTest::ignore))
          .build();
  private static final EvmIndexer BOTH =
      Evm.indexer("both")
          .entities(Thing.class)
          .contract("Token", token -> token.on(Transferred.class, DevChainTest::ignore))
          .contract(
              "Names",
              names ->
                  names
                      .on(Registered.class, DevChainTest::ignore)
                      .on(Moved.class, DevChainTest::ignore)
                      .on(Released.class, DevChainTest::ignore))
          .build();
  private static final DevChainSettings SMALL =
      DevChainSettings.DEFAULTS.withBlocks(400).withAccounts(500);

  @Test
  void chain_isTheSameEveryTimeItIsReported() throws InterruptedException {
    List<dev.millrace.pipeline.SourceEvent> whole =
        events(new DevChain(SMALL).source(BOTH), null, 1000);
    List<dev.millrace.pipeline.SourceEvent> again =
        events(new DevChain(SMALL).source(BOTH), null, 1);
    SourceBlock middle = new DevChain(SMALL).block(199);
    List<dev.millrace.pipeline.SourceEvent> rest =
        events(
            new DevChain(SMALL).source(BOTH),
            new Source.BlockRef(middle.number(), middle.hash()),
            77);

    assertThat(texts(again)).isEqualTo(texts(whole));
    assertThat(texts(rest))
        .isEqualTo(texts(whole.stream().filter(event -> event.block().number() > 199).toList()));
    assertThat(texts(events(new DevChain(SMALL.withSeed(2)).source(BOTH), null, 1000)))
        .isNotEqualTo(texts(whole));
  }

  @Test
  void chain_hasAsManyEventsAsItSays() throws InterruptedException {
    for (EvmIndexer indexer : List.of(TOKEN, BOTH)) {
      Source source = new DevChain(SMALL.withBlocks(397)).source(indexer);
      Source.BlockRef middle = new Source.BlockRef(133, new DevChain(SMALL).block(133).hash());
      try (Source.Feed feed = source.open(Source.ResumePoint.START);
          Source.Feed rest = source.open(Source.ResumePoint.at(middle))) {
        assertThat(feed.extent().events()).hasValue(events(source, null, 50).size());
        assertThat(feed.extent().lastBlock()).hasValue(396);
        assertThat(rest.extent().firstBlock()).hasValue(134);
        assertThat(rest.extent().events()).hasValue(events(source, middle, 50).size());
      }
    }
    assertThat(events(new DevChain(SMALL).source(TOKEN), null, 50)).hasSize(400 * 25);
  }

  @Test
  void blocks_areLinkedByHashAndSomeAreEmpty() {
    DevChain chain = new DevChain(SMALL.withNames(0));
    int empty = 0;
    for (long number = 1; number < 100; number++) {
      assertThat(chain.block(number).parent()).isEqualTo(chain.block(number - 1).hash());
      assertThat(chain.block(number).timestamp()).isAfter(chain.block(number - 1).timestamp());
      empty += chain.logs(number).isEmpty() ? 1 : 0;
    }
    assertThat(chain.block(0).parent()).isEqualTo(Bytes32.ZERO);
    assertThat(empty).isBetween(10, 15);
  }

  @Test
  void logs_standInOrderWithinTheirBlock() {
    DevChain chain = new DevChain(SMALL);
    List<Log> logs = chain.logs(9);
    for (int index = 0; index < logs.size(); index++) {
      assertThat(logs.get(index).logIndex()).isEqualTo(index);
    }
    assertThat(logs).filteredOn(log -> log.contract().equals(DevChain.REGISTRY)).hasSize(2);
  }

  @Test
  void transfers_keepBalancesPositiveAndAFewAccountsBusy() throws InterruptedException {
    DevChainSettings settings = DevChainSettings.DEFAULTS.withBlocks(4_000).withAccounts(5_000);
    DevChain chain = new DevChain(settings);
    Map<Address, BigInteger> balances = new HashMap<>();
    Map<Address, Integer> busy = new HashMap<>();
    for (long number = 0; number < settings.blocks(); number++) {
      for (Log log : chain.logs(number)) {
        if (!log.contract().equals(DevChain.TOKEN)) {
          continue;
        }
        BigInteger value = new BigInteger(1, log.data().bytes());
        Address from = Address.of(log.topic(1).bytes(), 12);
        Address to = Address.of(log.topic(2).bytes(), 12);
        balances.merge(from, value.negate(), BigInteger::add);
        balances.merge(to, value, BigInteger::add);
        busy.merge(to, 1, Integer::sum);
      }
    }

    assertThat(balances.values().stream().reduce(BigInteger.ZERO, BigInteger::add)).isZero();
    assertThat(requireNonNull(balances.remove(Address.ZERO))).isNegative();
    assertThat(balances).hasSize(5_000);
    assertThat(balances.values()).noneMatch(balance -> balance.signum() < 0);
    assertThat(busy.get(chain.account(0))).isGreaterThan(10_000);
    assertThat(busy.get(chain.account(4_999))).isLessThan(100);
  }

  @Test
  void names_areRegisteredMovedAndReleased() throws InterruptedException {
    Set<String> kinds = new HashSet<>();
    for (dev.millrace.pipeline.SourceEvent event :
        events(new DevChain(SMALL).source(BOTH), null, 100)) {
      kinds.add(event.handler().name());
    }
    assertThat(kinds)
        .containsExactlyInAnyOrder(
            "Token.Transferred", "Names.Registered", "Names.Moved", "Names.Released");
  }

  @Test
  void feed_honoursTheNumberOfEventsInWholeBlocks() throws InterruptedException {
    try (Source.Feed feed = new DevChain(SMALL).source(TOKEN).open(Source.ResumePoint.START)) {
      Batch one = batch(feed, 1);
      Batch many = batch(feed, 1_000);

      assertThat(one.events().size()).isLessThanOrEqualTo(50);
      assertThat(many.events().size()).isBetween(1_000, 1_049);
      assertThat(many.events().getFirst().block().number()).isGreaterThan(one.last().number());
      assertThat(one.blocks()).isEmpty();
    }
  }

  @Test
  void feed_keepsReversibleBlocksApart() throws InterruptedException {
    Source source = new DevChain(SMALL).source(TOKEN, new StopAt.AtHead(), 10);
    try (Source.Feed feed = source.open(Source.ResumePoint.START)) {
      Batch history = batch(feed, 1_000_000);
      Batch reversible = batch(feed, 1_000_000);

      assertThat(history.reversible()).isFalse();
      assertThat(history.last().number()).isEqualTo(389);
      assertThat(reversible.reversible()).isTrue();
      assertThat(reversible.blocks()).map(SourceBlock::number).hasSize(10).startsWith(390L);
      assertThat(reversible.last().number()).isEqualTo(399);
      assertThat(feed.next(1)).isNull();
    }
  }

  @Test
  void feed_waitsForTheHeadAndIsWokenByIt() throws Exception {
    DevChain chain = new DevChain(SMALL.withBlocks(1));
    try (Source.Feed feed =
        chain.source(TOKEN, new StopAt.Never(), 0).open(Source.ResumePoint.START)) {
      assertThat(batch(feed, 100).last().number()).isZero();
      CompletableFuture<Source.@Nullable Step> waiting = next(feed);
      assertThat(feed.waitingFor()).contains("block 1");
      assertThat(waiting).isNotDone();

      chain.advance(3);

      assertThat(((Batch) requireNonNull(waiting.get(20, TimeUnit.SECONDS))).last().number())
          .isEqualTo(3);
    }
  }

  @Test
  void feed_endsAWaitWhenItIsClosed() {
    DevChain chain = new DevChain(SMALL.withBlocks(0));
    Source.Feed feed = chain.source(TOKEN, new StopAt.Never(), 0).open(Source.ResumePoint.START);
    CompletableFuture<Source.@Nullable Step> waiting = next(feed);

    feed.close();

    assertThat(waiting)
        .failsWithin(20, TimeUnit.SECONDS)
        .withThrowableThat()
        .withCauseInstanceOf(InterruptedException.class);
  }

  private static CompletableFuture<Source.@Nullable Step> next(Source.Feed feed) {
    CompletableFuture<Source.@Nullable Step> result = new CompletableFuture<>();
    Thread.ofVirtual()
        .start(() -> {
          try {
            result.complete(feed.next(100));
          } catch (InterruptedException closed) {
            result.completeExceptionally(closed);
          }
        });
    return result;
  }

  @Test
  void open_refusesAPlaceOfAnotherChain() {
    Source source = new DevChain(SMALL).source(TOKEN);

    assertThatThrownBy(
            () -> source.open(Source.ResumePoint.at(new Source.BlockRef(5, Bytes32.ZERO))))
        .isInstanceOf(MillraceException.class)
        .hasMessageContaining("chain does not hold the block");
  }

  @Test
  void endpoint_saysWhatTheChainIsMadeOf() throws InterruptedException {
    DevChainSettings settings = SMALL.withSeed(9).withLogs(3).withNames(1);
    SourceRequest request =
        new SourceRequest(
            TOKEN,
            1,
            List.of(settings.endpoint()),
            10,
            new StopAt.AtBlock(19),
            new Finality(java.util.Optional.empty(), OptionalLong.of(2)),
            Map.of("Token", List.of(DevChain.TOKEN)));

    assertThat(DevChainSettings.of(settings.endpoint())).isEqualTo(settings);
    assertThat(DevChainSettings.of("dev://any")).isEqualTo(DevChainSettings.DEFAULTS);
    List<dev.millrace.pipeline.SourceEvent> events =
        events(SourceProviders.source(request), null, 5);
    assertThat(events.getFirst().block().number()).isGreaterThanOrEqualTo(10);
    assertThat(events.getLast().block().number()).isBetween(18L, 19L);
    for (String wrong :
        List.of("dev://a?sed=1", "dev://a?seed=x", "dev://a?seed=1&seed=1", "dev://a?blocks=-1")) {
      assertThatThrownBy(() -> DevChainSettings.of(wrong))
          .isInstanceOf(MillraceException.class)
          .hasMessageStartingWith("dev chain is refused: endpoint=" + wrong);
    }
  }

  private static Batch batch(Source.Feed feed, int events) throws InterruptedException {
    return (Batch) requireNonNull(feed.next(events));
  }

  private static List<dev.millrace.pipeline.SourceEvent> events(
      Source source, Source.@Nullable BlockRef after, int size) throws InterruptedException {
    List<dev.millrace.pipeline.SourceEvent> all = new ArrayList<>();
    try (Source.Feed feed = source.open(Source.ResumePoint.at(after))) {
      Source.Step step = feed.next(size);
      while (step instanceof Batch batch) {
        all.addAll(batch.events());
        step = feed.next(size);
      }
    }
    return all;
  }

  /** Formats events for comparison: their handlers belong to the source that made them. */
  private static List<String> texts(List<dev.millrace.pipeline.SourceEvent> events) {
    return events.stream()
        .map(event -> event.describe() + event.block() + event.payload())
        .toList();
  }
}
