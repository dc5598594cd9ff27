package dev.millrace.loaders;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The contents of definitions, and the mistakes reported for wrong ones. */
final class EntityTypeTest {
  enum Kind {
    SMALL,
    LARGE
  }

  @Entity(immutable = true)
  record Trade(
      @Id EventId id,
      @Index Address poolAddress,
      @Scale(4) BigDecimal price,
      @Nullable String memo,
      Kind kind,
      List<Long> ticks) {}

  @Test
  @DisplayName("a definition names its table, columns, types, ids and indexes")
  void definition_isRead() {
    EntityType<Trade> trade = EntityType.of(Trade.class);
    assertThat(trade.table()).isEqualTo("trade");
    assertThat(trade.isImmutable()).isTrue();
    assertThat(trade.columns())
        .extracting(EntityColumn::sql)
        .containsExactly("id", "pool_address", "price", "memo", "kind", "ticks");
    assertThat(trade.columns())
        .extracting(EntityColumn::type)
        .containsExactly(
            ColumnType.Scalar.EVENT_ID,
            ColumnType.Scalar.ADDRESS,
            new ColumnType.Decimal(4),
            ColumnType.Scalar.TEXT,
            new ColumnType.Enumerated(Kind.class),
            new ColumnType.ListOf(ColumnType.Scalar.LONG));
    assertThat(trade.columns().stream().filter(EntityColumn::isNullable))
        .extracting(EntityColumn::name)
        .containsExactly("memo");
    assertThat(trade.columns().stream().filter(EntityColumn::isIndexed))
        .extracting(EntityColumn::name)
        .containsExactly("poolAddress");
  }

  @Test
  @DisplayName("an entity is taken apart and made again")
  void entity_survivesItsValues() {
    EntityType<Trade> trade = EntityType.of(Trade.class);
    Trade one =
        new Trade(
            EventId.of(5, 1),
            Address.of("0x" + "12".repeat(20)),
            new BigDecimal("1.5000"),
            null,
            Kind.LARGE,
            List.of(1L, -2L));
    assertThat(trade.create(trade.values(one))).isEqualTo(one);
    assertThat(trade.canonical(one)).isEqualTo(one);
    assertThat(trade.id(one)).isEqualTo(EventId.of(5, 1));
  }

  @SuppressWarnings("NullablePrimitive") // one of the mistakes
  @Entity(table = "millrace_lane")
  record Wrong(
      @Id @Nullable String name,
      @Id double ratio,
      @Index Json json,
      Map<String, String> map,
      List<List<Long>> nested,
      @Scale(40) BigDecimal price,
      @Scale(2) long count,
      @Nullable int number,
      String chain,
      String fooBar,
      String foo_bar) {}

  @Test
  @Tag("C10")
  @DisplayName("C10 all mistakes of a definition come at once, in the words of the record")
  void definition_listsAllItsMistakes() {
    List<String> mistakes = new ArrayList<>();
    assertThat(EntityType.read(Wrong.class, mistakes)).isEmpty();
    assertThat(mistakes)
        .satisfiesExactlyInAnyOrder(
            wrong -> assertThat(wrong).startsWith("Wrong has a table whose name is reserved"),
            wrong -> assertThat(wrong).isEqualTo("Wrong.name is an id and must not be @Nullable"),
            wrong -> assertThat(wrong).startsWith("Wrong.ratio has a type that cannot be an id"),
            wrong -> assertThat(wrong).startsWith("Wrong.json has a type that cannot be indexed"),
            wrong ->
                assertThat(wrong)
                    .startsWith("Wrong.map has a type that no column can hold")
                    .contains("type=Map<String, String>"),
            wrong -> assertThat(wrong).startsWith("Wrong.nested has a type that no column can"),
            wrong -> assertThat(wrong).startsWith("Wrong.price has a scale outside 0 to 38"),
            wrong -> assertThat(wrong).startsWith("Wrong.count is annotated with @Scale"),
            wrong -> assertThat(wrong).startsWith("Wrong.number is primitive and cannot be"),
            wrong -> assertThat(wrong).startsWith("Wrong.chain takes a reserved column name"),
            wrong -> assertThat(wrong).startsWith("Wrong.foo_bar takes a column name twice"));
  }

  @Entity
  record NoId(long a) {}

  record NoEntity(@Id long a) {}

  @Entity
  static final class NoRecord {}

  @Test
  @Tag("C10")
  @DisplayName("C10 mistakes of several definitions come together")
  void definitions_shareOneListOfMistakes() {
    List<String> mistakes = new ArrayList<>();
    EntityType.read(NoId.class, mistakes);
    EntityType.read(NoEntity.class, mistakes);
    EntityType.read(NoRecord.class, mistakes);
    assertThat(mistakes)
        .containsExactly(
            "NoId has no component annotated with @Id",
            "NoEntity is not annotated with @Entity",
            "NoRecord is not a record");
    assertThatThrownBy(() -> EntityType.of(NoId.class))
        .isInstanceOf(DefinitionException.class)
        .hasMessage(
            "definition is wrong: subject=NoId mistakes=1\n"
                + "  - NoId has no component annotated with @Id");
  }

  @Entity
  record User(@Id long order, String select, String from, String ERC20Token, String tokenURI) {}

  @Entity
  record Aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa(@Id long id) {}

  @Entity
  record Aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa(@Id long id) {}

  @Entity
  record Hidden(@Id long id, String ctid, long xmin, long tableoid, long _epoch) {}

  @Test
  @Tag("C8")
  @DisplayName("C8 keywords, mixed case and 63 bytes are names; what PostgreSQL keeps is refused")
  void names_workOrAreRefused() {
    assertThat(EntityType.of(User.class).columns())
        .extracting(EntityColumn::sql)
        .containsExactly("order", "select", "from", "erc20_token", "token_uri");
    assertThat(
            EntityType.of(Aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.class)
                .table())
        .hasSize(63);
    assertThatThrownBy(() ->
            EntityType.of(Aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.class))
        .hasMessageContaining("has a name longer than 63 bytes")
        .hasMessageContaining("bytes=64");
    List<String> mistakes = new ArrayList<>();
    EntityType.read(Hidden.class, mistakes);
    assertThat(mistakes)
        .containsExactly(
            "Hidden.ctid takes a reserved column name: column=ctid",
            "Hidden.xmin takes a reserved column name: column=xmin",
            "Hidden.tableoid takes a reserved column name: column=tableoid",
            "Hidden._epoch takes a reserved column name: column=_epoch");
  }

  @Test
  @DisplayName("a value that no store could hold is refused with entity and field")
  @SuppressWarnings("NullAway") // the null is the case
  void value_isRefusedByName() {
    EntityType<Trade> trade = EntityType.of(Trade.class);
    Address pool = Address.of("0x" + "12".repeat(20));
    EventId id = EventId.of(1, 1);
    assertThatThrownBy(() ->
            trade.canonical(
                new Trade(id, pool, new BigDecimal("0.00001"), null, Kind.SMALL, List.of())))
        .isInstanceOf(MillraceException.class)
        .hasMessageContaining("entity=Trade field=price")
        .hasMessageContaining("places=5 kept=4");
    assertThatThrownBy(() ->
            trade.canonical(new Trade(id, pool, BigDecimal.ONE, "a\0b", Kind.SMALL, List.of())))
        .hasMessageContaining("field=memo")
        .hasMessageContaining("U+0000");
    assertThatThrownBy(
            () -> trade.canonical(new Trade(id, pool, BigDecimal.ONE, "", null, List.of())))
        .hasMessageContaining("field=kind")
        .hasMessageContaining("value is null");
  }

  @Entity
  record Price(@Id long id, BigDecimal amount) {
    Price {
      amount = amount.stripTrailingZeros();
    }
  }

  @Entity
  record Tagged(@Id long id, List<String> tags) {
    Tagged {
      tags = new ArrayList<>(tags);
    }
  }

  @Test
  @Tag("B8")
  @DisplayName("B8 a record that undoes the canonical form of its values is refused, not stored")
  void canonical_refusesARecordThatChangesWhatItIsGiven() {
    assertThatThrownBy(
            () -> EntityType.of(Price.class).canonical(new Price(1, new BigDecimal("5.00"))))
        .isInstanceOf(MillraceException.class)
        .hasMessageContaining("entity=Price field=amount")
        .hasMessageContaining("its constructor changes");
    assertThatThrownBy(() -> EntityType.of(Tagged.class).canonical(new Tagged(1, List.of("a"))))
        .isInstanceOf(MillraceException.class)
        .hasMessageContaining("entity=Tagged field=tags")
        .hasMessageContaining("its constructor changes");
  }

  @Entity
  record Primitives(@Id long id, int small, boolean truth, double share, String text) {}

  @Test
  @DisplayName("primitive components are read without a box")
  void bits_areThoseOfTheComponent() {
    EntityType<Primitives> type = EntityType.of(Primitives.class);
    Primitives row = new Primitives(Long.MIN_VALUE, -7, true, -0.5, "text");
    List<Long> bits = new ArrayList<>();
    for (EntityColumn column : type.columns()) {
      if (column.isPrimitive()) {
        bits.add(column.bits(row));
      }
    }

    assertThat(bits).containsExactly(Long.MIN_VALUE, -7L, 1L, Double.doubleToLongBits(-0.5));
    EntityColumn text = type.column("text").orElseThrow();
    assertThatThrownBy(() -> text.bits(row)).isInstanceOf(IllegalStateException.class);
  }
}
