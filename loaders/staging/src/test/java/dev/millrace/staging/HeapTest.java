package dev.millrace.staging;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes;
import dev.millrace.loaders.Bytes32;
import dev.millrace.loaders.Entity;
import dev.millrace.loaders.EntityColumn;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.EventId;
import dev.millrace.loaders.FieldCondition;
import dev.millrace.loaders.Id;
import dev.millrace.loaders.Json;
import dev.millrace.loaders.QueryBuilder;
import dev.millrace.loaders.RowFilter;
import java.lang.management.ManagementFactory;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Instant;
import java.util.List;
import java.util.function.LongFunction;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import javax.management.ObjectName;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Compares the store's own count of its bytes with the heap measured after a full collection. */
final class HeapTest {
  private static final int ROWS = 100_000;

  @Entity
  record Plain(@Id long id, long a, int b, boolean c) {}

  @Entity
  record Named(@Id String name, String text) {}

  @Entity
  record Account(@Id Address address, BigInteger balance, long transfers) {}

  @Entity
  record Holding(@Id Address token, @Id long owner, BigInteger amount) {}

  @Entity
  record Wide(
      @Id EventId id,
      Bytes32 hash,
      Bytes data,
      BigDecimal price,
      Instant time,
      @Nullable String memo,
      Json json,
      List<Long> items) {}

  @Entity
  record Filed(@Id long id, long group, String owner) {}

  private static final EntityType<Filed> FILED = EntityType.of(Filed.class);

  /** A kind of entity and a function that creates the row of a number. */
  record Shape(String name, EntityType<?> type, LongFunction<Object> row) {
    @Override
    public String toString() {
      return name;
    }
  }

  static Stream<Shape> shapes() {
    return Stream.of(
        new Shape("primitives", type(Plain.class), i -> new Plain(i << 20, i, 7, true)),
        new Shape("text", type(Named.class), i -> new Named("name " + i, "é".repeat(40) + i)),
        new Shape("wide text", type(Named.class), i -> new Named("名前 " + i, "")),
        new Shape(
            "account",
            type(Account.class),
            i -> new Account(address(i), BigInteger.TEN.pow(24).add(BigInteger.valueOf(i)), i)),
        new Shape(
            "composite id",
            type(Holding.class),
            i -> new Holding(address(i), i << 10, BigInteger.valueOf(i + 1_000))),
        new Shape("all kinds", type(Wide.class), HeapTest::wide));
  }

  private static EntityType<?> type(Class<?> record) {
    return EntityType.of(record);
  }

  private static Address address(long number) {
    return Address.of("0x%040x".formatted(number * 0x9E3779B97F4AL));
  }

  private static Object wide(long i) {
    return new Wide(
        EventId.of(i, 3),
        Bytes32.of("0x%064x".formatted(i)),
        Bytes.of(new byte[(int) (i % 100)]),
        new BigDecimal("12345.678901").add(BigDecimal.valueOf(i)),
        Instant.ofEpochSecond(1_700_000_000L + i),
        i % 2 == 0 ? null : "memo " + i,
        Json.of("{\"number\":" + i + ",\"text\":\"some\"}"),
        List.of(i << 8, (i + 1) << 8));
  }

  @ParameterizedTest(name = "rows: {0}")
  @MethodSource("shapes")
  @Tag("B9")
  void rows_areCountedWithinAQuarter(Shape shape) throws Exception {
    StagedStore store = new StagedStore(List.of(shape.type));
    long before = liveBytes();
    store.begin(false);
    store.nextBlock();
    for (long i = 0; i < ROWS; i++) {
      store.save(shape.row.apply(i));
    }
    store.freeze();
    store.committed(1);
    store.begin(false);
    near(store, before);
  }

  @Test
  @Tag("B9")
  void absentIds_areCountedWithinAQuarter() throws Exception {
    EntityType<Account> type = EntityType.of(Account.class);
    StagedStore store = new StagedStore(List.of(type));
    long before = liveBytes();
    for (long i = 0; i < ROWS; i++) {
      store.installAbsent(type, address(i));
    }
    near(store, before);
  }

  @Test
  @Tag("B9")
  void loadedFilters_areCountedWithinAQuarter() throws Exception {
    EntityType<Filed> type = EntityType.of(Filed.class);
    StagedStore store = new StagedStore(List.of(type));
    ReadThroughLoader loader = new ReadThroughLoader(store, new MapReads());
    MapReads noRows = new MapReads();
    long before = liveBytes();
    GroupedLoadRound round = new GroupedLoadRound(store, noRows, loader);
    for (long i = 0; i < ROWS; i++) {
      String owner = "owner " + i;
      new QueryBuilder<>(
              type,
              query -> {
                round.request(query);
                return List.of();
              })
          .where(Filed::owner)
          .is(owner)
          .list();
    }
    round.send();
    noRows.queries.clear();
    near(store, before);
  }

  /** A kind of filter with several conditions, and the number of filters to load. */
  record Asked(String name, int count, LongFunction<List<FieldCondition>> conditions) {
    @Override
    public String toString() {
      return name;
    }
  }

  static Stream<Asked> filters() {
    EntityColumn group = FILED.column("group").orElseThrow();
    EntityColumn owner = FILED.column("owner").orElseThrow();
    return Stream.of(
        new Asked(
            "two values",
            ROWS,
            i -> List.of(FieldCondition.is(group, i << 8), FieldCondition.is(owner, "owner " + i))),
        new Asked(
            "a value many filters share and one of their own",
            ROWS,
            i -> List.of(FieldCondition.is(group, 7L), FieldCondition.is(owner, "owner " + i))),
        new Asked(
            "a value and a range",
            ROWS,
            i ->
                List.of(
                    FieldCondition.is(owner, "owner " + i),
                    new FieldCondition(group, FieldCondition.Operator.ABOVE, List.of(i << 8)))),
        new Asked(
            "a range",
            ROWS,
            i ->
                List.of(
                    new FieldCondition(group, FieldCondition.Operator.AT_LEAST, List.of(i << 8)))),
        new Asked(
            "both ends of a range",
            ROWS,
            i ->
                List.of(
                    new FieldCondition(group, FieldCondition.Operator.AT_LEAST, List.of(i << 8)),
                    new FieldCondition(
                        group, FieldCondition.Operator.BELOW, List.of((i << 8) + 9)))),
        new Asked(
            "a value and a list of a thousand",
            200,
            i ->
                List.of(
                    FieldCondition.is(owner, "owner"),
                    FieldCondition.in(
                        group,
                        LongStream.range(0, 1_000)
                            .mapToObj(n -> (Object) (1_000 * i + n + 1_000))
                            .toList()))));
  }

  @ParameterizedTest(name = "filters: {0}")
  @MethodSource("filters")
  @Tag("B29")
  void filters_areCountedWithinAQuarter(Asked asked) throws Exception {
    StagedStore store = new StagedStore(List.of(FILED));
    long before = liveBytes();
    for (long i = 0; i < asked.count; i++) {
      store.markLoaded(FILED, new RowFilter(asked.conditions.apply(i)));
    }
    near(store, before);
  }

  static Stream<Shape> indexed() {
    return Stream.of(
        new Shape("unique values", type(Filed.class), i -> new Filed(i, i << 8, "owner " + i)),
        new Shape("five per value", type(Filed.class), i -> new Filed(i, i / 5, "owner " + i)),
        new Shape("one value", type(Filed.class), i -> new Filed(i, 7, "owner " + i)));
  }

  @ParameterizedTest(name = "index: {0}")
  @MethodSource("indexed")
  @Tag("B9")
  void index_isCountedWithinAQuarter(Shape shape) throws Exception {
    @SuppressWarnings("unchecked")
    EntityType<Filed> type = (EntityType<Filed>) shape.type;
    StagedStore store = new StagedStore(List.of(type));
    store.open(0, List.of(type));
    for (long i = 0; i < ROWS; i++) {
      store.install(type, (Filed) shape.row.apply(i));
    }
    long rows = store.bytes();
    long before = liveBytes();
    new QueryBuilder<>(type, store::matching).where(Filed::group).is(-1L).list();
    long measured = liveBytes() - before;
    assertThat((double) (store.bytes() - rows)).isBetween(0.75 * measured, 1.25 * measured);
  }

  private static void near(StagedStore store, long before) throws Exception {
    double measured = liveBytes() - before;
    assertThat(store.bytes() / measured).as("counted to measured").isBetween(0.75, 1.25);
  }

  /** Heap in use after a full collection, by the JVM's own histogram. */
  private static long liveBytes() throws Exception {
    String histogram =
        (String)
            ManagementFactory.getPlatformMBeanServer()
                .invoke(
                    new ObjectName("com.sun.management:type=DiagnosticCommand"),
                    "gcClassHistogram",
                    new Object[] {new String[0]},
                    new String[] {String[].class.getName()});
    String total = histogram.substring(histogram.lastIndexOf("Total")).strip();
    return Long.parseLong(total.split("\\s+", -1)[2]);
  }
}
