package dev.millrace.clickhouse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes;
import dev.millrace.loaders.Bytes32;
import dev.millrace.loaders.Codec;
import dev.millrace.loaders.ColumnType;
import dev.millrace.loaders.Entity;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.EventId;
import dev.millrace.loaders.Id;
import dev.millrace.loaders.Json;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.MirrorOptions;
import dev.millrace.loaders.Remedy;
import dev.millrace.loaders.Scale;
import dev.millrace.loaders.Unsigned;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.pipeline.MirrorGroup;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

@Timeout(120)
@ExtendWith(TestClickHouse.WhereItCanRun.class)
final class TypesIT {
  enum Kind {
    PLAIN,
    WITH_UNDERSCORE
  }

  /** A column of every type, alone, nullable and in lists. */
  @Entity
  record Everything(
      @Id long id,
      boolean flag,
      int small,
      long large,
      double real,
      String text,
      Instant time,
      BigInteger integer,
      @Unsigned BigInteger positive,
      @Scale(18) BigDecimal decimal,
      @Scale(0) BigDecimal whole,
      Address address,
      Bytes32 word,
      Bytes bytes,
      EventId event,
      Kind kind,
      Json json,
      @Nullable Boolean maybeFlag,
      @Nullable Integer maybeSmall,
      @Nullable Long maybeLarge,
      @Nullable Double maybeReal,
      @Nullable String maybeText,
      @Nullable Instant maybeTime,
      @Nullable BigInteger maybeInteger,
      @Nullable @Unsigned BigInteger maybePositive,
      @Nullable BigDecimal maybeDecimal,
      @Nullable Address maybeAddress,
      @Nullable Bytes32 maybeWord,
      @Nullable Bytes maybeBytes,
      @Nullable EventId maybeEvent,
      @Nullable Kind maybeKind,
      @Nullable Json maybeJson,
      List<Boolean> flags,
      List<Integer> smalls,
      List<Long> larges,
      List<Double> reals,
      List<String> texts,
      List<Instant> times,
      List<BigInteger> integers,
      @Unsigned List<BigInteger> positives,
      List<BigDecimal> decimals,
      List<Address> addresses,
      List<Bytes32> words,
      List<EventId> events,
      List<Bytes> blobs,
      List<Kind> kinds,
      List<Json> jsons,
      @Nullable List<String> maybeTexts,
      @Nullable List<Kind> maybeKinds) {}

  /** Types that can be part of an id. */
  @Entity
  record Key(
      @Id Address address,
      @Id Instant time,
      @Id Kind kind,
      @Id BigInteger integer,
      @Id String text,
      @Id Bytes bytes,
      @Id EventId event,
      @Id boolean flag,
      @Nullable String value) {}

  @Entity(immutable = true)
  @MirrorOptions(order = "owner", partition = "part", ttl = "toDateTime(time) + INTERVAL 20 YEAR")
  record Trade(
      @Id EventId id,
      Address owner,
      int part,
      Instant time,
      @Codec("Gorilla, ZSTD(3)") double price) {}

  /** Names that a statement could take for its own. */
  @Entity
  record Order(
      @Id long end, long ends, long r, long by, long checkpoint, long epoch, @Nullable Long rows) {}

  private static final EntityType<Everything> EVERYTHING = EntityType.of(Everything.class);
  private static final EntityType<Key> KEY = EntityType.of(Key.class);
  private static final EntityType<Trade> TRADE = EntityType.of(Trade.class);
  private static final BigInteger MAX_INT256 = BigInteger.TWO.pow(255).subtract(BigInteger.ONE);
  private static final BigDecimal DIGITS =
      new BigDecimal(BigInteger.TEN.pow(76).subtract(BigInteger.ONE), 18);

  private static Everything least() {
    return new Everything(
        1,
        false,
        Integer.MIN_VALUE,
        Long.MIN_VALUE,
        Double.NEGATIVE_INFINITY,
        "",
        ColumnType.MIN_INSTANT,
        ColumnType.MIN_INTEGER,
        BigInteger.ZERO,
        DIGITS.negate(),
        BigDecimal.ZERO,
        Address.ZERO,
        Bytes32.ZERO,
        Bytes.EMPTY,
        new EventId(0),
        Kind.PLAIN,
        Json.of("null"),
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        List.of(),
        List.of(),
        List.of(),
        List.of(),
        List.of(),
        List.of(),
        List.of(),
        List.of(),
        List.of(),
        List.of(),
        List.of(),
        List.of(),
        List.of(),
        List.of(),
        List.of(),
        null,
        null);
  }

  private static Everything greatest() {
    byte[] ones = new byte[300];
    java.util.Arrays.fill(ones, (byte) 0xFF);
    String text = "ß€𝄞\uFFFD \t\n\\N 'x' \"" + "long ".repeat(60);
    Json json = Json.of("{\"a\":[1,null,\"\\t€\"],\"b\":{}}");
    Address address = Address.of(java.util.Arrays.copyOf(ones, 20));
    BigInteger positive = ColumnType.MAX_INTEGER;
    Bytes32 word = Bytes32.of(java.util.Arrays.copyOf(ones, 32));
    return new Everything(
        2,
        true,
        Integer.MAX_VALUE,
        Long.MAX_VALUE,
        Double.NaN,
        text,
        ColumnType.MAX_INSTANT,
        MAX_INT256,
        positive,
        DIGITS,
        new BigDecimal(BigInteger.TEN.pow(76).subtract(BigInteger.ONE)),
        address,
        word,
        Bytes.of(ones),
        new EventId(Long.MAX_VALUE),
        Kind.WITH_UNDERSCORE,
        json,
        true,
        -1,
        -1L,
        -0.5,
        text,
        ColumnType.MIN_INSTANT,
        ColumnType.MIN_INTEGER,
        positive,
        new BigDecimal("-0.000000000000000001"),
        address,
        word,
        Bytes.of(new byte[1]),
        new EventId(7),
        Kind.PLAIN,
        json,
        List.of(true, false),
        List.of(Integer.MIN_VALUE, 0, Integer.MAX_VALUE),
        List.of(Long.MIN_VALUE, -1L, Long.MAX_VALUE),
        List.of(Double.NaN, Double.MIN_VALUE, 0.0),
        List.of("", text),
        List.of(Instant.EPOCH, ColumnType.MAX_INSTANT),
        List.of(ColumnType.MIN_INTEGER, BigInteger.ZERO, MAX_INT256),
        List.of(BigInteger.ZERO, positive),
        List.of(new BigDecimal("1.5"), DIGITS),
        List.of(address, Address.ZERO),
        List.of(word, Bytes32.ZERO),
        List.of(new EventId(0), new EventId(Long.MAX_VALUE)),
        List.of(Bytes.EMPTY, Bytes.of(ones)),
        List.of(Kind.PLAIN, Kind.WITH_UNDERSCORE),
        List.of(json, json),
        List.of(),
        List.of(Kind.PLAIN));
  }

  @Test
  @Tag("C1")
  @Tag("C3")
  @DisplayName("C1 C3 every value of every type comes back from ClickHouse, and after a rollback")
  void everyValueOfEveryType_roundTrips() {
    List<Everything> rows =
        List.of(EVERYTHING.canonical(least()), EVERYTHING.canonical(greatest()));
    try (ClickHouseFixture lab = ClickHouseFixture.of(Failpoint.NONE, EVERYTHING)) {
      ClickHouseFixture.Run run = lab.run(lab.book("1")).follow();
      run.commit(true, rows);

      assertThat(lab.read(EVERYTHING, run.book, 1)).isEqualTo(rows);
      assertThat(lab.query("SELECT id, maybe_texts, _null_maybe_texts FROM everything ORDER BY id"))
          .containsExactly("1|[]|true", "2|[]|false");
      assertThat(lab.query("SELECT positive, hex(address), decimal FROM everything WHERE id = 2"))
          .containsExactly(
              ColumnType.MAX_INTEGER + "|" + "F".repeat(40) + "|" + DIGITS.toPlainString());
      run.commit(true, List.of(new ClickHouseFixture.Gone(EVERYTHING, 1L)));
      assertThat(lab.read(EVERYTHING, run.book, 2)).isEqualTo(rows.subList(1, 2));
      run.openEpoch(1);
      run.commit(true, List.of(EVERYTHING.create(with(least(), "small", 7))));
      run.openEpoch(1);
      assertThat(lab.read(EVERYTHING, run.book, 1)).isEqualTo(rows);
    }
  }

  private static Key key(String text, int number) {
    return new Key(
        Address.of("0x" + "%040x".formatted(number)),
        Instant.EPOCH.minusMillis(number),
        Kind.PLAIN,
        BigInteger.valueOf(-number),
        text,
        Bytes.of(new byte[number]),
        new EventId(number),
        true,
        null);
  }

  @Test
  void idsOfSeveralParts_distinguishRows() {
    try (ClickHouseFixture lab = ClickHouseFixture.of(Failpoint.NONE, KEY)) {
      ClickHouseFixture.Run run = lab.run(lab.book("1")).follow();
      run.commit(true, List.of(key("a", 1), key("b", 1), key("a", 2)));
      run.commit(true, List.of(new ClickHouseFixture.Gone(KEY, KEY.id(key("b", 1)))));

      assertThat(lab.read(KEY, run.book, 2)).containsExactly(key("a", 1), key("a", 2));
    }
  }

  @Test
  void anIntegerThatIsTooLarge_isRefusedBeforeAnythingIsSent() {
    try (ClickHouseFixture lab =
        ClickHouseFixture.of(Failpoint.NONE, EVERYTHING, ClickHouseFixture.NOTE)) {
      ClickHouseFixture.Run run = lab.run(lab.book("1")).follow();
      Everything wrong = greatest();
      MirrorGroup group =
          run.group(
              run.batch(
                  true,
                  List.of(new ClickHouseFixture.Note(EventId.of(1, 0), "x")),
                  List.of(
                      EVERYTHING.canonical(
                          EVERYTHING.create(
                              with(wrong, "integer", MAX_INT256.add(BigInteger.ONE)))))));

      assertThatThrownBy(() -> run.lane.insert(group))
          .isInstanceOfSatisfying(
              MillraceException.class,
              refused -> assertThat(refused.remedy()).isEqualTo(Remedy.FIX_HANDLER))
          .hasMessage(
              "integer needs more than 255 bits, which only an @Unsigned one has in ClickHouse:"
                  + " entity=Everything field=integer id=2 block=2 logIndex=1 handler=Lab.write");
      assertThat(lab.query("SELECT _checkpoint FROM millrace_reached")).isEmpty();
    }
  }

  private static @Nullable Object[] with(Everything row, String field, Object value) {
    @Nullable Object[] values = EVERYTHING.values(row);
    values[EVERYTHING.column(field).orElseThrow().position()] = value;
    return values;
  }

  private static List<Trade> trades(int count) {
    List<Trade> trades = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      trades.add(
          new Trade(
              EventId.of(1, i),
              Address.of("0x" + "%040x".formatted(count - i)),
              i,
              Instant.parse("2020-01-01T00:00:00Z"),
              i / 3.0));
    }
    return trades;
  }

  @Test
  void awkwardNames_areNames() {
    EntityType<Order> type = EntityType.of(Order.class);
    try (ClickHouseFixture lab = ClickHouseFixture.of(Failpoint.NONE, type)) {
      ClickHouseFixture.Run run = lab.run(lab.book("1")).follow();
      run.commit(true, List.of(new Order(1, 2, 3, 4, 5, 6, null)));
      run.commit(true, List.of(new Order(1, 9, 8, 7, 6, 5, 4L)));

      String all = "SELECT `end`, ends, r, `by`, checkpoint, epoch FROM `order`";
      assertThat(lab.query(all)).containsExactly("1|9|8|7|6|5");
      assertThat(lab.query(all.replace("`order`", "order_at(chain = 1, checkpoint = 1)")))
          .containsExactly("1|2|3|4|5|6");
      assertThat(lab.read(type, run.book, 2)).isEqualTo(run.book.state(type, 2));
    }
  }

  @Test
  void layouts_areAsTheEntitySays() {
    try (ClickHouseFixture lab = ClickHouseFixture.of(Failpoint.NONE, TRADE)) {
      String ddl =
          lab.query(
                  "SELECT create_table_query FROM system.tables WHERE database = currentDatabase()"
                      + " AND name = 'millrace_rows_trade'")
              .getFirst();

      assertThat(ddl)
          .contains("`price` Float64 CODEC(Gorilla(8), ZSTD(3))")
          .contains("PARTITION BY part")
          .contains("ORDER BY (chain, owner, id, _checkpoint)")
          .contains("TTL toDateTime(time) + toIntervalYear(20)");
    }
  }

  /** An insert may have a hundred partitions; the table gets more of them in smaller chunks. */
  @Test
  void insertsIntoManyPartitions_areCutSmaller() {
    List<Trade> trades = trades(1000);
    try (ClickHouseFixture lab = ClickHouseFixture.of(Failpoint.NONE, TRADE)) {
      ClickHouseFixture.Run run = lab.run(lab.book("1")).follow();
      MirrorGroup group = run.group(run.batch(true, trades));
      int tries = ClickHouseFixture.insertPatiently(run, group);
      run.commit(group);
      run.lane.publish(run.said());

      assertThat(tries).isGreaterThan(1);
      assertThat(lab.read(TRADE, run.book, 1)).isEqualTo(trades);
      assertThat(IntStream.range(0, 1000).boxed().toList())
          .isEqualTo(lab.read(TRADE, run.book, 1).stream().map(Trade::part).toList());
      assertThat(lab.query("SELECT id FROM trade ORDER BY owner LIMIT 1"))
          .containsExactly(Long.toString(EventId.of(1, 999).value()));
    }
  }
}
