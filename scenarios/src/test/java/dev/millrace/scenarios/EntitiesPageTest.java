package dev.millrace.scenarios;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.devchain.DevChain;
import dev.millrace.devchain.DevChainSettings;
import dev.millrace.evm.Event;
import dev.millrace.evm.Evm;
import dev.millrace.evm.EvmContext;
import dev.millrace.loaders.Address;
import dev.millrace.loaders.Codec;
import dev.millrace.loaders.Entity;
import dev.millrace.loaders.EventId;
import dev.millrace.loaders.Id;
import dev.millrace.loaders.Index;
import dev.millrace.loaders.MirrorOptions;
import dev.millrace.loaders.Scale;
import dev.millrace.loaders.Storage;
import dev.millrace.loaders.Unsigned;
import dev.millrace.loaders.Versions;
import dev.millrace.pipeline.Effect;
import dev.millrace.pipeline.Indexer;
import dev.millrace.testkit.BlockChanges;
import dev.millrace.testkit.IndexerTest;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The examples of docs/entities.md, which are parts of this file: they compile and run. */
final class EntitiesPageTest {
  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
  private static final Address ALICE = Address.of("0x00000000000000000000000000000000000000a1");
  private static final Address BOB = Address.of("0x00000000000000000000000000000000000000b0");

  @Event("Transfer(address indexed from, address indexed to, uint256 value)")
  public record Transferred(Address from, Address to, BigInteger value) {}

  @Event("Closed(address indexed holder)")
  public record Closed(Address holder) {}

  @Entity
  public record Holder(
      @Id Address address, BigInteger balance, @Index long payments, @Nullable Instant lastPaid) {

    static Holder of(Address address) {
      return new Holder(address, BigInteger.ZERO, 0, null);
    }

    Holder received(BigInteger amount) {
      return new Holder(address, balance.add(amount), payments, lastPaid);
    }

    Holder paid(BigInteger amount, Instant at) {
      return new Holder(address, balance.subtract(amount), payments + 1, at);
    }
  }

  @Entity(immutable = true, table = "payment")
  public record Paid(
      @Id EventId id,
      @Index Address from,
      @Index Address to,
      @Unsigned BigInteger amount,
      @Scale(2) BigDecimal dollars,
      Instant at) {}

  @Entity
  public record Day(@Id Address holder, @Id Instant day, long payments) {}

  @Entity(immutable = true, storage = Storage.CLICKHOUSE)
  @MirrorOptions(order = "holder", partition = "toYYYYMM(at)")
  public record Balance(
      @Id EventId id, @Id Address holder, @Codec("ZSTD(3)") BigInteger balance, Instant at) {}

  @Entity(storage = Storage.BOTH)
  @MirrorOptions(versions = Versions.LATEST)
  public record Label(@Id Address holder, String text, List<String> tags, Kind kind) {}

  public enum Kind {
    PERSON,
    CONTRACT
  }

  private static final Effect<Instant, BigDecimal> PRICE =
      Effect.of("price", Instant.class, BigDecimal.class, EntitiesPageTest::askForPrice)
          .persisted()
          .patience(Duration.ofHours(1));

  private static BigDecimal askForPrice(Instant day) throws IOException {
    throw new IOException("no service in a test: day=" + day);
  }

  static Indexer indexer() {
    return Evm.indexer("payments")
        .entities(Holder.class, Paid.class, Day.class, Balance.class, Label.class)
        .contract(
            "Token",
            token ->
                token
                    .on(Transferred.class, EntitiesPageTest::transferred)
                    .on(Closed.class, EntitiesPageTest::closed))
        .build();
  }

  private static void transferred(Transferred event, EvmContext context) {
    Instant at = context.block().timestamp();
    Holder from = context.find(Holder.class, event.from()).orElseGet(() -> Holder.of(event.from()));
    context.save(from.paid(event.value(), at));
    Holder to = context.find(Holder.class, event.to()).orElseGet(() -> Holder.of(event.to()));
    context.save(to.received(event.value()));
    record(event, context, at);
    day(context, event.from(), at.truncatedTo(ChronoUnit.DAYS));
    context.save(new Balance(context.eventId(), event.to(), to.balance().add(event.value()), at));
  }

  private static void record(Transferred event, EvmContext context, Instant at) {
    BigDecimal price = context.effect(PRICE, at.truncatedTo(ChronoUnit.DAYS));
    BigDecimal dollars = price.multiply(new BigDecimal(event.value()));
    context.save(
        new Paid(
            context.eventId(),
            event.from(),
            event.to(),
            event.value(),
            dollars.setScale(2, RoundingMode.HALF_EVEN),
            at));
  }

  private static void day(EvmContext context, Address holder, Instant day) {
    long before = context.find(Day.class, holder, day).map(Day::payments).orElse(0L);
    context.save(new Day(holder, day, before + 1));
  }

  private static void closed(Closed event, EvmContext context) {
    Holder known = context.require(Holder.class, event.holder()); // no such row: the event fails
    List<Paid> largest =
        context
            .query(Paid.class)
            .where(Paid::to)
            .is(event.holder())
            .and(Paid::amount)
            .atLeast(BigInteger.TEN)
            .orderByDescending(Paid::amount)
            .limit(3)
            .list(); // or first()
    List<String> tags = largest.stream().map(paid -> "from " + paid.from()).toList();
    context.save(new Label(known.address(), "closed", tags, Kind.PERSON));
    context.delete(Holder.class, event.holder());
  }

  private final IndexerTest test = IndexerTest.of(indexer());

  @Test
  void payment_movesTheBalance() {
    Instant noon = Instant.parse("2026-01-01T12:00:00Z");
    test.answer(PRICE, Instant.parse("2026-01-01T00:00:00Z"), new BigDecimal("0.5"));

    BlockChanges changes =
        test.block()
            .timestamp(noon)
            .transaction(ALICE, BOB)
            .emit(new Transferred(ALICE, BOB, BigInteger.TEN))
            .run();

    assertThat(changes.inserted(Holder.class))
        .containsExactly(
            new Holder(ALICE, BigInteger.TEN.negate(), 1, noon),
            new Holder(BOB, BigInteger.TEN, 0, null));
    assertThat(test.rows(Paid.class))
        .extracting(Paid::dollars)
        .containsExactly(new BigDecimal("5.00"));
  }

  @Test
  void closed_deletesTheHolder() {
    test.answer(PRICE, Instant.parse("2024-01-01T00:00:00Z"), BigDecimal.ONE);
    test.emit(new Transferred(ALICE, BOB, BigInteger.TEN));

    BlockChanges changes = test.emit(new Closed(BOB));

    assertThat(changes.deleted(Holder.class)).extracting(Holder::address).containsExactly(BOB);
    assertThat(test.find(Label.class, BOB))
        .contains(new Label(BOB, "closed", List.of("from " + ALICE), Kind.PERSON));
    assertThatThrownBy(() -> test.emit(new Closed(BOB)))
        .hasMessageContaining("row is required and does not exist: entity=Holder");
  }

  @Test
  void definition_thatIsWrongNamesAllMistakes() {
    assertThatThrownBy(() -> Evm.indexer("wrong").entities(Wrong.class).build())
        .hasMessageContaining("Wrong has no component annotated with @Id")
        .hasMessageContaining("Wrong.size has a type that no column can hold: type=short")
        .hasMessageContaining("Wrong.chain takes a reserved column name: column=chain");
  }

  @Entity
  record Wrong(short size, long chain) {}

  @Test
  void examples_areThoseOfThePage() throws IOException {
    String source =
        condensed(
            Files.readString(
                ROOT.resolve(
                    "scenarios/src/test/java/dev/millrace/scenarios/EntitiesPageTest.java")));
    List<String> examples =
        Pattern.compile("```java\n(.*?)```", Pattern.DOTALL)
            .matcher(Files.readString(ROOT.resolve("docs/entities.md")))
            .results()
            .map(found -> condensed(found.group(1)))
            .toList();

    assertThat(examples).hasSizeGreaterThan(10);
    assertThat(examples.stream().filter(example -> !source.contains(example)))
        .as("examples of the page that are no part of this file")
        .isEmpty();
  }

  /** Removes all white space, which the formatter may change. */
  private static String condensed(String code) {
    return code.replaceAll("\\s", "");
  }

  @Test
  void devChain_runsAsAWhole() throws Exception {
    IndexerTest registry = IndexerTest.of(Registry.indexer());
    registry.run(new DevChain(DevChainSettings.DEFAULTS.withBlocks(200)));

    assertThat(registry.rows(Registry.Owner.class)).isNotEmpty();
  }
}
