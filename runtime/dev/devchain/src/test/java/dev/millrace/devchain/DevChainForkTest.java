package dev.millrace.devchain;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.evm.Event;
import dev.millrace.evm.Evm;
import dev.millrace.evm.EvmIndexer;
import dev.millrace.evm.Log;
import dev.millrace.evm.StopAt;
import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes32;
import dev.millrace.loaders.Entity;
import dev.millrace.loaders.Id;
import dev.millrace.pipeline.Batch;
import dev.millrace.pipeline.Source;
import java.math.BigInteger;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class DevChainForkTest {
  @Event("Transfer(address indexed from, address indexed to, uint256 value)")
  record Transferred(Address from, Address to, BigInteger value) {}

  @Entity
  record Thing(@Id long id) {}

  private static final EvmIndexer TOKEN =
      Evm.indexer("token")
          .entities(Thing.class)
          .contract("Token", token -> token.on(Transferred.class, (_, _) -> {}))
          .build();
  private static final DevChainSettings SMALL =
      DevChainSettings.DEFAULTS.withBlocks(2_000).withAccounts(100).withPools(500, 1);

  private final DevChain chain = new DevChain(SMALL);

  private List<String> hashes(long from, long to) {
    return LongStream.rangeClosed(from, to)
        .mapToObj(number -> chain.block(number).hash().toString())
        .toList();
  }

  private List<String> logs(long from, long to) {
    return LongStream.rangeClosed(from, to)
        .mapToObj(chain::logs)
        .flatMap(List::stream)
        .map(log -> "%s %s %s".formatted(log, log.transaction(), log.data()))
        .toList();
  }

  private Set<Bytes32> transactions(long from, long to) {
    return LongStream.rangeClosed(from, to)
        .mapToObj(chain::logs)
        .flatMap(List<Log>::stream)
        .map(log -> log.transaction().hash())
        .collect(Collectors.toSet());
  }

  @Test
  void fork_replacesBlocksAndKeepsMostTransactions() {
    List<String> before = hashes(1_950, 1_999);
    Set<Bytes32> transactions = transactions(1_970, 1_999);

    chain.fork(30, 32);

    assertThat(chain.head()).isEqualTo(2_001);
    assertThat(hashes(1_950, 1_969)).isEqualTo(before.subList(0, 20));
    assertThat(hashes(1_970, 1_999)).doesNotContainAnyElementsOf(before);
    assertThat(chain.block(1_970).parent()).isEqualTo(chain.block(1_969).hash());
    Set<Bytes32> after = transactions(1_970, 1_999);
    long kept = after.stream().filter(transactions::contains).count();
    assertThat(kept).isBetween(after.size() / 2L, after.size() - 10L);
  }

  @Test
  void blocks_staySharedAndHoldNoTransactionTwice() {
    for (int fork = 0; fork < 40; fork++) {
      long depth = 1L + fork % 7;
      List<String> shared = logs(1_940, chain.head() - depth);
      chain.fork(depth, depth + fork % 2);
      assertThat(logs(1_940, 1_940 + 200)).startsWith(shared.toArray(String[]::new));
    }
    long blocks = chain.head() - 1_940 + 1;
    int apart =
        LongStream.rangeClosed(1_940, chain.head())
            .mapToInt(number -> transactions(number, number).size())
            .sum();
    assertThat(blocks).isEqualTo(80);
    assertThat(transactions(1_940, chain.head())).hasSize(apart);
  }

  @Test
  void chain_goesBackToABranchAsItWas() {
    List<String> first = logs(1_960, 1_999);
    DevChainHead a = chain.fork(30, 40);
    List<String> second = logs(1_960, 2_009);
    chain.fork(10, 3);
    DevChainHead b = chain.backTo(a);
    assertThat(logs(1_960, 1_999)).isEqualTo(first);
    chain.backTo(b);
    assertThat(logs(1_960, 1_999)).isEqualTo(second.subList(0, logs(1_960, 1_999).size()));
  }

  @Test
  void fork_neverReplacesAFinalBlockUnlessThatPromiseIsBroken() {
    assertThat(chain.finalized()).isEqualTo(1_999 - 64);
    assertThatThrownBy(() -> chain.fork(65, 1)).hasMessageContaining("final block");
    chain.fork(64, 1);
    assertThat(chain.head()).isEqualTo(1_936);
    assertThat(chain.finalized()).isEqualTo(1_935);
    chain.forgetFinal();
    chain.fork(1_937, 1);
    assertThat(chain.head()).isZero();
    assertThat(chain.block(0).hash()).isNotEqualTo(new DevChain(SMALL).block(0).hash());
  }

  @Test
  void pools_moveWithTheBranchThatCreatesThem() {
    DevChain young = new DevChain(SMALL.withBlocks(400).withPools(400, 0)).finality(1_000);
    List<Address> before = LongStream.range(0, 399).mapToObj(i -> young.pool((int) i)).toList();
    young.fork(200, 200);
    List<Address> after = LongStream.range(0, 399).mapToObj(i -> young.pool((int) i)).toList();

    assertThat(after.subList(0, 199)).isEqualTo(before.subList(0, 199));
    long moved =
        LongStream.range(199, 399)
            .filter(i -> !after.get((int) i).equals(before.get((int) i)))
            .count();
    assertThat(moved).isBetween(70L, 130L);
  }

  @Test
  void feed_rewindsWhenItsBranchIsLeft() throws InterruptedException {
    Source source = chain.source(TOKEN, new StopAt.Never(), 40);
    List<Source.BlockRef> window = new ArrayList<>();
    Source.BlockRef last;
    try (Source.Feed feed = source.open(Source.ResumePoint.START)) {
      Batch batch = batch(feed);
      while (batch.last().number() < 1_999) {
        batch = batch(feed);
      }
      batch
          .blocks()
          .forEach(block -> window.add(new Source.BlockRef(block.number(), block.hash())));
      last = window.getLast();
      chain.fork(5, 9);

      assertThat(feed.next(100))
          .isEqualTo(new Source.Rewind(new Source.BlockRef(1_994, chain.block(1_994).hash())));
    }
    Source.ResumePoint resumePoint = new Source.ResumePoint(last, window, List.of(), false);
    try (Source.Feed feed = source.open(resumePoint)) {
      assertThat(feed.next(100))
          .isEqualTo(new Source.Rewind(new Source.BlockRef(1_994, chain.block(1_994).hash())));
    }
    Source.BlockRef shared = new Source.BlockRef(1_994, chain.block(1_994).hash());
    try (Source.Feed feed = source.open(Source.ResumePoint.at(shared))) {
      assertThat(batch(feed).blocks().getFirst()).isEqualTo(chain.block(1_995));
    }
  }

  private static Batch batch(Source.Feed feed) throws InterruptedException {
    return (Batch) requireNonNull(feed.next(1_000_000));
  }

  @Test
  void life_isTheSameForTheSameSeed() {
    List<DevChainClock.ChainEvent> one = life(7);
    assertThat(life(7)).isEqualTo(one);
    assertThat(life(8)).isNotEqualTo(one);
    List<DevChainClock.ChainEvent.Forked> forks =
        one.stream()
            .filter(DevChainClock.ChainEvent.Forked.class::isInstance)
            .map(DevChainClock.ChainEvent.Forked.class::cast)
            .toList();
    assertThat(forks).hasSizeBetween(30, 90);
    assertThat(forks)
        .map(DevChainClock.ChainEvent.Forked::replaced)
        .allMatch(each -> each >= 1 && each <= 40);
    assertThat(forks).map(DevChainClock.ChainEvent.Forked::replaced).anyMatch(each -> each > 20);
    assertThat(forks).anyMatch(DevChainClock.ChainEvent.Forked::known);
  }

  private static List<DevChainClock.ChainEvent> life(long seed) {
    List<DevChainClock.ChainEvent> news = new ArrayList<>();
    DevChain chain = new DevChain(SMALL);
    DevChainClock life =
        DevChainClock.of(
            chain, new DevChainClock.ChainBehavior(Duration.ZERO, 0.1, 40, seed), news::add);
    for (int step = 0; step < 600; step++) {
      life.step();
    }
    return news;
  }
}
