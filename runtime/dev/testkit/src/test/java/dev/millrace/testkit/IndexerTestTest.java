package dev.millrace.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.devchain.DevChain;
import dev.millrace.devchain.DevChainSettings;
import dev.millrace.evm.Event;
import dev.millrace.evm.Evm;
import dev.millrace.evm.EvmContext;
import dev.millrace.evm.EvmIndexer;
import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes;
import dev.millrace.loaders.Bytes32;
import dev.millrace.loaders.Entity;
import dev.millrace.loaders.Id;
import dev.millrace.loaders.TriggerMoment;
import dev.millrace.loaders.TriggerableJob;
import dev.millrace.pipeline.Effect;
import java.math.BigInteger;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class IndexerTestTest {
  private static final Address ALICE = Address.of("0x00000000000000000000000000000000000000a1");
  private static final Address BOB = Address.of("0x00000000000000000000000000000000000000b0");
  private static final Address POOL = Address.of("0x0000000000000000000000000000000000000900");
  private static final AtomicInteger TICKS = new AtomicInteger();

  @Event("Transfer(address indexed from, address indexed to, uint256 value)")
  record Transferred(Address from, Address to, BigInteger value) {}

  @Event("PoolCreated(address pool)")
  record PoolCreated(Address pool) {}

  @Event("Swap(int256 amount)")
  record Swap(BigInteger amount) {}

  @Entity
  record Account(@Id Address address, BigInteger balance, long transfers) {}

  @Entity
  record Note(@Id long block, String text) {}

  private static final Effect<String, String> WEATHER =
      Effect.of("weather", String.class, String.class, _ -> "rain");

  private final IndexerTest test = IndexerTest.of(balances());

  private static EvmIndexer balances() {
    return Evm.indexer("balances")
        .entities(Account.class)
        .contract("Token", token -> token.on(Transferred.class, IndexerTestTest::transferred))
        .build();
  }

  private static void transferred(Transferred event, EvmContext context) {
    move(context, event.from(), event.value().negate());
    move(context, event.to(), event.value());
  }

  private static void move(EvmContext context, Address address, BigInteger amount) {
    Account account =
        context
            .find(Account.class, address)
            .orElseGet(() -> new Account(address, BigInteger.ZERO, 0));
    BigInteger balance = account.balance().add(amount);
    if (balance.signum() == 0) {
      context.delete(Account.class, address);
    } else {
      context.save(new Account(address, balance, account.transfers() + 1));
    }
  }

  /** A job whose inputs are texts. */
  private record TestJob(String name) implements TriggerableJob<String> {
    @Override
    public Class<String> inputType() {
      return String.class;
    }

    @Override
    public TriggerMoment moment() {
      return TriggerMoment.FINALIZED;
    }

    @Override
    public String inputText(String input) {
      return '"' + input + '"';
    }
  }

  private static final TestJob NOTIFY = new TestJob("notify");

  private static IndexerTest triggering(dev.millrace.evm.EvmHandler<Transferred> handler) {
    return IndexerTest.of(
        Evm.indexer("triggering")
            .entities(Note.class)
            .jobs(NOTIFY)
            .contract("Token", token -> token.on(Transferred.class, handler))
            .build());
  }

  @Test
  void triggered_returnsTheInputsOfABlock() {
    IndexerTest triggering =
        triggering((event, context) -> context.trigger(NOTIFY, event.to() + "!"));
    Transferred event = new Transferred(ALICE, BOB, BigInteger.ONE);

    BlockChanges changes = triggering.emit(event, event);
    assertThat(changes.triggered(NOTIFY)).containsExactly(BOB + "!", BOB + "!");
    assertThat(changes.isEmpty()).isFalse();
    assertThat(changes).asString().contains("triggered notify(\"" + BOB + "!\")");
  }

  @Test
  void handlerThatTriggersSomethingElseEachTime_failsTheTest() {
    AtomicInteger calls = new AtomicInteger();
    IndexerTest triggering =
        triggering((_, context) -> context.trigger(NOTIFY, "n" + calls.incrementAndGet()));

    assertThatThrownBy(() -> triggering.emit(new Transferred(ALICE, BOB, BigInteger.ONE)))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("triggers=[notify(");
  }

  @Test
  void jobThatTheIndexerDoesNotName_failsTheEvent() {
    IndexerTest triggering =
        triggering((_, context) -> context.trigger(new TestJob("other"), "text"));

    assertThatThrownBy(() -> triggering.emit(new Transferred(ALICE, BOB, BigInteger.ONE)))
        .hasMessageContaining("job is not part of this indexer, add it with jobs(...): job=other");
  }

  private static IndexerTest noting(dev.millrace.evm.EvmHandler<Transferred> handler) {
    return IndexerTest.of(
        Evm.indexer("noting")
            .entities(Note.class)
            .contract("Token", token -> token.on(Transferred.class, handler))
            .build());
  }

  private static Transferred sent(Address from, Address to, long value) {
    return new Transferred(from, to, BigInteger.valueOf(value));
  }

  private static Account account(Address address, long balance, long transfers) {
    return new Account(address, BigInteger.valueOf(balance), transfers);
  }

  @Test
  void changes_areTheDifferenceThatABlockMakes() {
    BlockChanges first = test.emit(sent(ALICE, BOB, 5));
    assertThat(first.block()).isEqualTo(1);
    assertThat(first.inserted(Account.class))
        .containsExactly(account(ALICE, -5, 1), account(BOB, 5, 1));

    BlockChanges second = test.emit(sent(BOB, ALICE, 2), sent(BOB, POOL, 3));
    assertThat(second.updated(Account.class)).containsExactly(account(ALICE, -3, 2));
    assertThat(second.deleted(Account.class)).containsExactly(account(BOB, 5, 1));
    assertThat(second.inserted(Account.class)).containsExactly(account(POOL, 3, 1));
    assertThat(second.toString())
        .startsWith("block 2: \n  updated Account[address=" + ALICE)
        .contains("to Account[", "\n  deleted Account[", "\n  inserted Account[");

    BlockChanges third = test.emit(sent(POOL, BOB, 1), sent(BOB, POOL, 1));
    assertThat(third.inserted(Account.class)).isEmpty();
    assertThat(test.rows(Account.class))
        .containsExactly(account(ALICE, -3, 2), account(POOL, 3, 3));
    assertThat(test.find(Account.class, BOB)).isEmpty();
    assertThat(test.block().run().isEmpty()).isTrue();
  }

  @Test
  void block_saysWhatHandlersMayReadOfIt() {
    IndexerTest noting =
        noting((_, context) ->
                context.save(
                    new Note(
                        context.eventId().logIndex(),
                        "%d %s %s %s %s %s %d %d"
                            .formatted(
                                context.block().number(),
                                context.block().timestamp(),
                                context.transaction().from(),
                                context.transaction().to().orElse(Address.ZERO),
                                context.transaction().value(),
                                context.transaction().input(),
                                context.transaction().index(),
                                context.chain()))))
            .chain(10);

    noting
        .block()
        .number(100)
        .timestamp(Instant.parse("2026-01-01T00:00:00Z"))
        .transaction(ALICE, BOB, BigInteger.TEN, Bytes.of("0xabcd"))
        .emit(sent(ALICE, BOB, 1))
        .emit(sent(ALICE, BOB, 2))
        .transaction(BOB, ALICE)
        .emit(sent(BOB, ALICE, 3))
        .run();

    assertThat(noting.rows(Note.class))
        .containsExactly(
            new Note(0, "100 2026-01-01T00:00:00Z " + ALICE + " " + BOB + " 10 0xabcd 0 10"),
            new Note(1, "100 2026-01-01T00:00:00Z " + ALICE + " " + BOB + " 10 0xabcd 0 10"),
            new Note(2, "100 2026-01-01T00:00:00Z " + BOB + " " + ALICE + " 0 0x 1 10"));
    assertThatThrownBy(() -> noting.block().number(100).run())
        .hasMessage("block must come after the last one: number=100 last=100");
  }

  @Test
  void contract_thatIsFoundIsFollowedFromItsCreation() {
    IndexerTest found =
        IndexerTest.of(
            Evm.indexer("pools")
                .entities(Note.class)
                .contract(
                    "Factory",
                    factory ->
                        factory.on(
                            PoolCreated.class,
                            (event, context) -> context.save(new Note(0, event.pool().toString()))))
                .contract(
                    "Pool",
                    pool ->
                        pool.createdBy(PoolCreated.class, PoolCreated::pool)
                            .on(
                                Swap.class,
                                (event, context) ->
                                    context.save(
                                        new Note(context.block().number(), event.toString()))))
                .build());

    assertThatThrownBy(() -> found.block().emit(POOL, new Swap(BigInteger.ONE)).run())
        .hasMessageStartingWith(
            "no contract listens to this event here: event=Swap[amount=1] address=" + POOL);

    found.block().emit(new PoolCreated(POOL)).emit(POOL, new Swap(BigInteger.valueOf(-7))).run();
    assertThat(found.rows(Note.class))
        .containsExactly(new Note(0, POOL.toString()), new Note(1, "Swap[amount=-7]"));
  }

  @Test
  void handler_thatIsNoFunctionOfItsEventIsFound() {
    IndexerTest ticking =
        noting((_, context) -> context.save(new Note(0, "tick " + TICKS.incrementAndGet())));

    assertThatThrownBy(() -> ticking.emit(sent(ALICE, BOB, 1)))
        .isInstanceOf(AssertionError.class)
        .hasMessageContainingAll(
            "handler is no function of its event and its Context: block=1 logIndex=0",
            "Token.Transferred",
            "text=tick 1",
            "text=tick 2");
  }

  @Test
  void handler_thatThrowsIsReportedWithItsEvent() {
    IndexerTest failing = noting((_, context) -> context.require(Note.class, 7L));

    assertThatThrownBy(() -> failing.emit(sent(ALICE, BOB, 1)))
        .isInstanceOf(AssertionError.class)
        .hasMessageContainingAll("handler failed: block=1 logIndex=0", "row is required", "7");
  }

  @Test
  void effect_isAnsweredByTheTestOrReallyRuns() {
    IndexerTest asking =
        noting((_, context) ->
            context.save(new Note(context.block().number(), context.effect(WEATHER, "here"))));
    asking.answer(WEATHER, "here", "sun").emit(sent(ALICE, BOB, 1));
    asking.answer(WEATHER, "here", "fog").emit(sent(ALICE, BOB, 1));
    assertThat(asking.rows(Note.class)).containsExactly(new Note(1, "sun"), new Note(2, "fog"));

    IndexerTest really =
        noting((_, context) -> context.save(new Note(1, context.effect(WEATHER, "here"))));
    really.emit(sent(ALICE, BOB, 1));
    assertThat(really.rows(Note.class)).containsExactly(new Note(1, "rain"));
  }

  @Test
  void event_withoutOrWithSeveralHandlersIsRefused() {
    assertThatThrownBy(() -> test.emit(new Swap(BigInteger.ONE)))
        .hasMessageStartingWith("no contract has a handler for this event: event=Swap known=");
    assertThatThrownBy(() -> test.emit("Transfer"))
        .hasMessageStartingWith("no contract has a handler for this event: event=String");
    assertThatThrownBy(() -> test.emit(sent(ALICE, BOB, -1)))
        .hasMessage("value does not fit its parameter: where=Transferred type=uint256 value=-1");

    IndexerTest two =
        IndexerTest.of(
            Evm.indexer("two")
                .entities(Account.class)
                .contract("A", a -> a.on(Transferred.class, IndexerTestTest::transferred))
                .contract("B", b -> b.on(Transferred.class, IndexerTestTest::transferred))
                .build());
    assertThatThrownBy(() -> two.emit(sent(ALICE, BOB, 1)))
        .hasMessage(
            "several contracts have a handler for this event, name one: event=Transferred contracts=[A, B]");
    assertThat(two.block().emit("B", sent(ALICE, BOB, 1)).run().all()).hasSize(2);
  }

  @Test
  void contract_livesWhereTheTestSays() {
    IndexerTest moved = IndexerTest.of(balances()).contract("Token", POOL, BOB);

    assertThat(moved.block().emit(BOB, sent(ALICE, BOB, 1)).run().all()).hasSize(2);
    assertThatThrownBy(() -> moved.emit(sent(ALICE, BOB, 1)))
        .hasMessageStartingWith("contract has no address of its own: name=Token");
    assertThatThrownBy(() -> IndexerTest.of(balances()).contract("Tokn", POOL))
        .hasMessage("contract has no address to choose: name=Tokn known=[Token]");
    assertThatThrownBy(() -> moved.contract("Token", POOL))
        .hasMessage("must be said before the first event: what=contract");
  }

  @Test
  void devChain_runsInMemory() throws Exception {
    List<BlockChanges> blocks =
        test.run(new DevChain(DevChainSettings.DEFAULTS.withBlocks(60).withAccounts(50)));

    assertThat(blocks).isNotEmpty().noneMatch(BlockChanges::isEmpty);
    assertThat(
            test.rows(Account.class).stream()
                .map(Account::balance)
                .reduce(BigInteger.ZERO, BigInteger::add))
        .isEqualTo(BigInteger.ZERO);
  }

  @Event(
      "Wide(string text, (uint8 kind, bytes raw)[] parts, int16[2] pair, bytes4 id, bool yes,"
          + " string indexed hashed, bytes32 indexed word)")
  record Wide(
      String text,
      List<Part> parts,
      List<Integer> pair,
      Bytes id,
      boolean yes,
      Bytes32 hashed,
      Bytes32 word) {}

  record Part(int kind, Bytes raw) {}

  @Test
  void event_travelsAsALogForAllTypes() {
    Wide wide =
        new Wide(
            "grüße, " + "lang ".repeat(20),
            List.of(new Part(255, Bytes.of("0x")), new Part(0, Bytes.of("0x" + "ab".repeat(40)))),
            List.of(-32768, 32767),
            Bytes.of("0xdeadbeef"),
            true,
            TestBlock.word(1, 2),
            TestBlock.word(3, 4));
    IndexerTest events =
        IndexerTest.of(
            Evm.indexer("wide")
                .entities(Note.class)
                .contract(
                    "Any",
                    any ->
                        any.on(
                            Wide.class,
                            (event, context) -> context.save(new Note(1, event.toString()))))
                .build());

    events.emit(wide);

    assertThat(events.rows(Note.class)).containsExactly(new Note(1, wide.toString()));
  }
}
