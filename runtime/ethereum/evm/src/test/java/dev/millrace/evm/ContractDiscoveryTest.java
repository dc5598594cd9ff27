package dev.millrace.evm;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes32;
import dev.millrace.loaders.Entity;
import dev.millrace.loaders.EventId;
import dev.millrace.loaders.Id;
import dev.millrace.loaders.MillraceException;
import dev.millrace.pipeline.Source.DiscoveredContract;
import java.lang.management.ManagementFactory;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

final class ContractDiscoveryTest {
  @Event("Created(address indexed by, address child)")
  record Created(Address by, Address child) {}

  @Event("Split(address part)")
  record Split(Address part) {
    static Address refuse(Split event) {
      if (event.part().equals(Address.ZERO)) {
        throw new IllegalStateException("nowhere");
      }
      return event.part();
    }
  }

  @Event("Moved(uint256 amount)")
  record Small(BigInteger amount) {}

  @Entity
  record Thing(@Id Address address) {}

  private static <E> void ignore(E event, EvmContext context) {}

  private static final Address FACTORY = Address.of("0x00000000000000000000000000000000000000f0");
  private static final EvmIndexer INDEXER =
      Evm.indexer("found")
          .entities(Thing.class)
          .contract("Factory", factory -> factory.on(Created.class))
          .contract(
              "Pool",
              pool ->
                  pool.createdBy(Created.class, Created::child)
                      .on(Small.class, ContractDiscoveryTest::ignore)
                      .on(Split.class, ContractDiscoveryTest::ignore))
          .contract(
              "Part",
              part ->
                  part.createdBy(Split.class, Split::refuse)
                      .on(Small.class, ContractDiscoveryTest::ignore))
          .build();
  private static final Bytes32 CREATED = topic(Created.class);
  private static final Bytes32 SPLIT = topic(Split.class);
  private static final Bytes32 MOVED = topic(Small.class);

  private static Bytes32 topic(Class<?> type) {
    return EventDefinition.read(type, null, new ArrayList<>())
        .flatMap(event -> event.signature().topic())
        .orElseThrow();
  }

  private static Address child(int number) {
    return Address.of(EncodedLogs.word(0xC0000000L + number), 12);
  }

  private final LogRouter router = router(Undecodable.SKIP, Map.of("Factory", List.of(FACTORY)));

  private static LogRouter router(
      Undecodable undecodable, Map<String, List<Address>> contracts, DiscoveredContract... found) {
    SourceRequest request =
        new SourceRequest(
            INDEXER, 1, List.of(), 0, new StopAt.Never(), Finality.AT_ONCE, contracts);
    return LogRouter.of(
        request.withReading(SourceOptions.DEFAULTS.withUndecodable(undecodable)),
        BlockDataSource.NONE,
        List.of(found));
  }

  private static Log created(int logIndex, Address child) {
    byte[][] topics = {CREATED.bytes(), EncodedLogs.word(EncodedLogs.ALICE)};
    return EncodedLogs.log(logIndex, FACTORY, topics, EncodedLogs.word(child));
  }

  private static Log split(int logIndex, Address by, Address part) {
    return EncodedLogs.log(logIndex, by, new byte[][] {SPLIT.bytes()}, EncodedLogs.word(part));
  }

  private static Log moved(int logIndex, Address by) {
    return EncodedLogs.log(logIndex, by, new byte[][] {MOVED.bytes()}, EncodedLogs.word(9));
  }

  private static String handler(dev.millrace.pipeline.@Nullable SourceEvent event) {
    return requireNonNull(event).handler().name();
  }

  @Test
  @Tag("F5")
  @DisplayName("F5 a child is followed from the very log on that created it, in its transaction")
  void child_isFollowedFromTheVeryLogOn() {
    assertThat(router.route(moved(3, child(1)))).as("before its creation").isNull();
    assertThat(router.route(created(5, child(1)))).as("nobody handles it").isNull();
    assertThat(router.route(moved(4, child(1)))).as("an earlier log, told late").isNull();
    assertThat(handler(router.route(moved(6, child(1))))).isEqualTo("Pool.Small");

    assertThat(router.takeFound())
        .containsExactly(
            new DiscoveredContract("Pool", child(1), EventId.of(EncodedLogs.BLOCK.number(), 5)));
    assertThat(router.takeFound()).isEmpty();
  }

  @Test
  void filters_growWithWhatIsFound() {
    assertThat(router.filters()).containsExactly(new LogFilter(List.of(FACTORY), List.of(CREATED)));

    router.route(created(1, child(2)));
    router.route(created(2, child(1)));

    assertThat(router.filters())
        .containsExactly(
            new LogFilter(List.of(FACTORY), List.of(CREATED)),
            new LogFilter(List.of(child(2), child(1)), List.of(MOVED, SPLIT)));
  }

  @Test
  void child_mayHaveChildrenOfItsOwn() {
    router.route(created(1, child(1)));

    assertThat(handler(router.route(split(2, child(1), child(2))))).isEqualTo("Pool.Split");
    assertThat(handler(router.route(moved(3, child(2))))).isEqualTo("Part.Small");
    assertThat(router.takeFound())
        .map(DiscoveredContract::contract)
        .containsExactly("Pool", "Part");
  }

  @Test
  void address_belongsToTheFirstThatClaimsIt() {
    router.route(created(1, child(1)));
    router.route(created(2, child(1)));
    router.route(created(3, FACTORY));
    router.route(split(4, child(1), child(1)));

    assertThat(router.takeFound())
        .containsExactly(
            new DiscoveredContract("Pool", child(1), EventId.of(EncodedLogs.BLOCK.number(), 1)));
    assertThat(handler(router.route(moved(5, child(1))))).isEqualTo("Pool.Small");
    assertThat(router.route(created(6, child(2)))).isNull();
    assertThat(router.takeFound()).as("the factory stays one").hasSize(1);
  }

  @Test
  void child_mayBeKnownBeforehand() {
    LogRouter known =
        router(
            Undecodable.SKIP,
            Map.of("Factory", List.of(FACTORY), "Pool", List.of(child(1))),
            new DiscoveredContract("Pool", child(2), EventId.of(6, 0)),
            new DiscoveredContract("Gone", child(3), EventId.of(6, 0)));

    assertThat(handler(known.route(moved(0, child(1))))).isEqualTo("Pool.Small");
    assertThat(handler(known.route(moved(0, child(2))))).isEqualTo("Pool.Small");
    assertThat(known.route(moved(0, child(3)))).isNull();
    assertThat(known.takeFound()).isEmpty();
    assertThat(known.filters()).map(LogFilter::addresses).contains(List.of(child(1), child(2)));
  }

  @Test
  void finder_thatThrowsIsNamed() {
    router.route(created(1, child(1)));

    assertThat(handler(router.route(split(2, child(1), Address.ZERO))))
        .as("the event itself is as good as any")
        .isEqualTo("Pool.Split");
    assertThat(router.undecoded()).isEqualTo(1);
    assertThat(router.firstUndecoded())
        .hasValue(
            "log does not decode: chain=1 block=7 logIndex=2 contract="
                + child(1)
                + " event=Pool.Split reason=\"function of createdBy throws:"
                + " error=java.lang.IllegalStateException: nowhere\"");

    LogRouter strict =
        router(
            Undecodable.STOP,
            Map.of("Factory", List.of(FACTORY)),
            new DiscoveredContract("Pool", child(1), EventId.of(0, 0)));
    assertThatThrownBy(() -> strict.route(split(2, child(1), Address.ZERO)))
        .isInstanceOf(MillraceException.class)
        .hasMessageContaining("function of createdBy throws");
  }

  @Test
  void router_refusesTwoContractsAtOneAddress() {
    assertThatThrownBy(() ->
            router(Undecodable.SKIP, Map.of("Factory", List.of(FACTORY), "Pool", List.of(FACTORY))))
        .hasMessageContaining(
            "two contracts claim one address: key=chains.contracts.address value=%s"
                    .formatted(FACTORY)
                + " contracts=Factory, Pool");
  }

  @Test
  void router_passesOverTheLogsOfOthersWithoutAnObject() {
    for (int i = 0; i < 5_000; i++) {
      router.route(created(i, child(i)));
    }
    Log[] others = {
      moved(9_000, EncodedLogs.BOB), moved(9_000, FACTORY), split(9_000, FACTORY, EncodedLogs.BOB)
    };
    ThreadMXBean memory = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    int events = 0;
    long before = memory.getCurrentThreadAllocatedBytes();
    for (int i = 0; i < 10_000; i++) {
      events += router.route(others[i % 3]) == null ? 0 : 1;
    }
    assertThat(memory.getCurrentThreadAllocatedBytes() - before).isLessThan(20_000);
    assertThat(events).isZero();
  }
}
