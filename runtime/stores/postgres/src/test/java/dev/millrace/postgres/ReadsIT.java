package dev.millrace.postgres;

import static dev.millrace.postgres.PostgresFixture.TOKEN;
import static dev.millrace.postgres.PostgresFixture.token;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.loaders.Address;
import dev.millrace.loaders.Entity;
import dev.millrace.loaders.EntityColumn;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.FieldCondition;
import dev.millrace.loaders.FieldCondition.Operator;
import dev.millrace.loaders.Id;
import dev.millrace.loaders.Query;
import dev.millrace.loaders.RowFilter;
import java.math.BigInteger;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The database answers like memory. */
final class ReadsIT {
  private static FieldCondition when(
      EntityType<?> type, String field, Operator operator, Object... v) {
    EntityColumn column = type.column(field).orElseThrow();
    List<Object> sorted = new ArrayList<>(List.of(v));
    sorted.sort(column.type()::compare);
    return new FieldCondition(column, operator, sorted);
  }

  private static RowFilter filter(FieldCondition... conditions) {
    return new RowFilter(List.of(conditions));
  }

  @Test
  @Tag("B6")
  @DisplayName("B6 tokens 50 and 60 by every comparison")
  void comparisons_countAsWritten() {
    try (PostgresFixture lab = PostgresFixture.fresh()) {
      lab.commit(lab.batch(script -> script.save(token(1, "a", 50)).save(token(2, "b", 60))));
      assertThat(count(lab, Operator.IS, 50)).isEqualTo(1);
      assertThat(count(lab, Operator.ABOVE, 50)).isEqualTo(1);
      assertThat(count(lab, Operator.ABOVE, 49)).isEqualTo(2);
      assertThat(count(lab, Operator.BELOW, 50)).isZero();
      assertThat(count(lab, Operator.BELOW, 51)).isEqualTo(1);
      assertThat(count(lab, Operator.AT_LEAST, 50)).isEqualTo(2);
      assertThat(count(lab, Operator.AT_LEAST, 51)).isEqualTo(1);
      assertThat(count(lab, Operator.AT_MOST, 50)).isEqualTo(1);
      assertThat(count(lab, Operator.AT_MOST, 49)).isZero();
      assertThat(count(lab, Operator.IN, 50, 60)).isEqualTo(2);
      assertThat(count(lab, Operator.IN, 999)).isZero();
      assertThat(count(lab, Operator.IN)).isZero();
    }
  }

  private static int count(PostgresFixture lab, Operator operator, Integer... values) {
    Object[] amounts = List.of(values).stream().map(BigInteger::valueOf).toArray();
    RowFilter filter = filter(when(TOKEN, "amount", operator, amounts));
    return lab.lane.reads().matching(TOKEN, List.of(filter)).size();
  }

  @Test
  @Tag("B4")
  @DisplayName("B4 filters of all kinds in one query, each row once")
  void matching_joinsFilters() {
    try (PostgresFixture lab = PostgresFixture.fresh()) {
      lab.commit(
          lab.batch(script -> {
            for (int i = 0; i < 10; i++) {
              script.save(token(i, "owner" + i % 3, i));
            }
          }));
      List<RowFilter> filters =
          List.of(
              filter(when(TOKEN, "owner", Operator.IS, "owner0")),
              filter(when(TOKEN, "owner", Operator.IN, "owner0", "nobody")),
              filter(when(TOKEN, "amount", Operator.ABOVE, BigInteger.valueOf(7))),
              filter(
                  when(TOKEN, "owner", Operator.IS, "owner1"),
                  when(TOKEN, "amount", Operator.AT_MOST, BigInteger.ONE)));
      assertThat(lab.lane.reads().matching(TOKEN, filters))
          .extracting(PostgresFixture.Token::id)
          .containsExactlyInAnyOrder(0L, 3L, 6L, 9L, 8L, 1L);
      assertThat(lab.lane.reads().matching(TOKEN, List.of())).isEmpty();
      assertThat(lab.lane.reads().matching(TOKEN, List.of(filter()))).hasSize(10);
    }
  }

  @Test
  @Tag("B4")
  @DisplayName("B4 thousands of filters of several fields, each row once")
  void matching_takesThousandsOfFilters() {
    try (PostgresFixture lab = PostgresFixture.fresh()) {
      lab.commit(
          lab.batch(script -> {
            for (int i = 0; i < 2_000; i++) {
              script.save(token(i, "owner" + i % 7, i));
            }
          }));
      List<RowFilter> filters = new ArrayList<>();
      for (int i = 0; i < 2_000; i++) {
        filters.add(
            filter(
                when(TOKEN, "owner", Operator.IS, "owner" + i % 2),
                when(TOKEN, "amount", Operator.IS, BigInteger.valueOf(i))));
      }
      assertThat(lab.lane.reads().matching(TOKEN, filters))
          .hasSize((int) IntStream.range(0, 2_000).filter(i -> i % 7 == i % 2).count())
          .doesNotHaveDuplicates();
    }
  }

  @Test
  void lanes_doNotSeeEachOther() {
    try (PostgresFixture lab = PostgresFixture.fresh()) {
      lab.commit(lab.batch(script -> script.save(token(1, "a", 1))));
      try (var other = lab.store.takeOver("10")) {
        assertThat(other.reads().byIds(TOKEN, List.of(1L))).isEmpty();
        assertThat(other.reads().isEmpty(TOKEN)).isTrue();
        assertThat(lab.lane.reads().isEmpty(TOKEN)).isFalse();
      }
    }
  }

  /** A composite id of types that need care, and fields with special sort orders. */
  @Entity
  record Place(
      @Id String name,
      @Id Address at,
      @Id Instant since,
      @Nullable String kind,
      @Nullable BigInteger weight,
      double real,
      boolean open) {}

  private static final EntityType<Place> PLACE = EntityType.of(Place.class);
  private static final List<String> NAMES =
      List.of("", "a", "B", "b", "\uFFFD", "😀", "Z", "é", "z", "\\N");

  private static List<Place> places(Random random) {
    List<Place> places = new ArrayList<>();
    for (String name : NAMES) {
      for (int i = 0; i < 12; i++) {
        byte[] bytes = new byte[20];
        bytes[19] = (byte) (i * 37);
        places.add(
            new Place(
                name,
                Address.of(bytes),
                Instant.ofEpochSecond(-i, 1_000L * random.nextInt(1_000_000)),
                random.nextInt(3) == 0 ? null : NAMES.get(random.nextInt(NAMES.size())),
                random.nextInt(3) == 0 ? null : BigInteger.valueOf(random.nextInt(-2, 3)),
                List.of(-1.5, 0.0, Double.NaN, Double.POSITIVE_INFINITY).get(random.nextInt(4)),
                random.nextBoolean()));
      }
    }
    return places;
  }

  @Test
  @Tag("A5")
  @Tag("B15")
  @DisplayName("A5 B15 pages follow the order of memory, nulls, ties and all")
  void pages_followTheOrderOfMemory() {
    Random random = new Random(11);
    List<Place> places = places(random);
    try (PostgresFixture lab = PostgresFixture.of(PLACE)) {
      lab.commit(lab.batch(script -> places.forEach(script::save)));
      for (int draw = 0; draw < 60; draw++) {
        Query<Place> query = query(random);
        List<Place> expected =
            places.stream().filter(query.filter()::matches).sorted(query.comparator()).toList();
        assertThat(pages(lab, query, 1 + random.nextInt(40))).as("%s", query).isEqualTo(expected);
      }
    }
  }

  private static List<Place> pages(PostgresFixture lab, Query<Place> query, int size) {
    List<Place> all = new ArrayList<>();
    Place after = null;
    while (true) {
      List<Place> page = lab.lane.reads().page(query, after, size);
      all.addAll(page);
      if (page.size() < size) {
        return all;
      }
      after = page.getLast();
    }
  }

  private static Query<Place> query(Random random) {
    List<Query.Order> orders = new ArrayList<>();
    for (String field : List.of("kind", "weight", "real", "open", "name", "since")) {
      if (random.nextInt(4) == 0) {
        orders.add(new Query.Order(PLACE.column(field).orElseThrow(), random.nextBoolean()));
      }
    }
    RowFilter filter =
        switch (random.nextInt(4)) {
          case 0 -> filter();
          case 1 -> filter(when(PLACE, "kind", Operator.AT_LEAST, "b"));
          case 2 -> filter(when(PLACE, "real", Operator.ABOVE, 0.0));
          default ->
              filter(
                  when(PLACE, "weight", Operator.BELOW, BigInteger.TWO),
                  when(PLACE, "open", Operator.IS, true));
        };
    return new Query<>(PLACE, filter, orders, Query.NO_LIMIT);
  }

  @Test
  @Tag("B25")
  @DisplayName("B25 first rows of many queries in one statement are those of each alone")
  void pages_ofAlikeQueriesAreThoseOfEach() {
    Random random = new Random(13);
    try (PostgresFixture lab = PostgresFixture.of(PLACE)) {
      List<Place> places = places(random);
      lab.commit(lab.batch(script -> places.forEach(script::save)));
      for (int draw = 0; draw < 20; draw++) {
        List<Query.Order> orders = query(random).orders();
        List<Query<Place>> alike = new ArrayList<>();
        for (Place place : places) {
          alike.add(new Query<>(PLACE, near(place, draw % 4), orders, 3));
        }
        List<List<Place>> alone =
            alike.stream().map(query -> lab.lane.reads().page(query, null, 5)).toList();
        assertThat(lab.lane.reads().pages(alike, 5)).as("%s", orders).isEqualTo(alone);
      }
    }
  }

  @Test
  @Tag("B25")
  @DisplayName("B25 many queries by a text in one statement go by its beginning, as its index does")
  void pages_ofAlikeQueriesUseTheIndexOfATextsBeginning() {
    List<Query<Place>> alike =
        NAMES.stream()
            .map(kind ->
                new Query<>(
                    PLACE,
                    filter(when(PLACE, "kind", Operator.IS, kind)),
                    List.<Query.Order>of(),
                    1))
            .toList();
    String sql = new BatchedQueries<>(alike).sql(new EntityTable<>("s", PLACE), 1, 1);
    assertThat(sql).contains("t.\"kind\" = k.c0 AND left(t.\"kind\", 200) = k.b0");
  }

  private static RowFilter near(Place place, int shape) {
    return switch (shape) {
      case 0 -> filter(when(PLACE, "name", Operator.IS, place.name()));
      case 1 ->
          filter(
              when(PLACE, "name", Operator.AT_MOST, place.name()),
              when(PLACE, "at", Operator.ABOVE, place.at()),
              when(PLACE, "open", Operator.IS, place.open()));
      case 2 ->
          filter(
              when(PLACE, "since", Operator.BELOW, place.since()),
              when(PLACE, "real", Operator.AT_LEAST, place.real()));
      default ->
          filter(when(PLACE, "weight", Operator.ABOVE, BigInteger.valueOf(-place.name().length())));
    };
  }

  @Test
  @Tag("B15")
  @DisplayName("B15 rows by composite ids of text, bytes and time; updates and deletes by them")
  void compositeIds_findTheirRows() {
    List<Place> places = places(new Random(3));
    try (PostgresFixture lab = PostgresFixture.of(PLACE)) {
      lab.commit(lab.batch(script -> places.forEach(script::save)));
      List<Object> ids = new ArrayList<>(places.subList(5, 25).stream().map(PLACE::id).toList());
      ids.add(PLACE.id("nowhere", Address.ZERO, Instant.EPOCH));
      assertThat(lab.lane.reads().byIds(PLACE, ids))
          .containsExactlyInAnyOrderElementsOf(places.subList(5, 25));

      lab.commit(
          lab.batch(script -> {
            for (Place place : places) {
              if (place.open()) {
                script.delete(PLACE, PLACE.id(place));
              } else {
                script.save(
                    new Place(place.name(), place.at(), place.since(), "moved", null, 1.0, true));
              }
            }
          }));
      List<Place> left = lab.lane.reads().matching(PLACE, List.of(filter()));
      assertThat(left.stream().map(PLACE::id))
          .containsExactlyInAnyOrderElementsOf(
              places.stream().filter(place -> !place.open()).map(PLACE::id).toList());
      assertThat(left).allMatch(place -> "moved".equals(place.kind()));
    }
  }

  @Test
  @Tag("B15")
  @DisplayName("B15 text in order of code points, decimals by value, in the database as in memory")
  void order_isTheSameInTheDatabase() {
    List<Place> places = places(new Random(5));
    try (PostgresFixture lab = PostgresFixture.of(PLACE)) {
      lab.commit(lab.batch(script -> places.forEach(script::save)));
      Query<Place> byId = new Query<>(PLACE, filter(), List.of(), Query.NO_LIMIT);
      Comparator<Place> order = byId.comparator();
      assertThat(lab.lane.reads().page(byId, null, 1_000)).isSortedAccordingTo(order);
    }
  }
}
