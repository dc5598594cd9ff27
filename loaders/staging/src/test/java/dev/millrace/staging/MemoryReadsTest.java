package dev.millrace.staging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.loaders.Entity;
import dev.millrace.loaders.EntityColumn;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.FieldCondition;
import dev.millrace.loaders.Id;
import dev.millrace.loaders.QueryBuilder;
import dev.millrace.loaders.RowFilter;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The work of answering from memory, counted in fields read. */
final class MemoryReadsTest {
  private static final int ROWS = 20_000;
  private static final AtomicLong FIELD_READS = new AtomicLong();

  /** Half of the orders buy, half sell; each owner has four. */
  @Entity
  record Order(@Id long id, String kind, String owner, long price) {
    @Override
    public String kind() {
      FIELD_READS.incrementAndGet();
      return kind;
    }

    @Override
    public long price() {
      FIELD_READS.incrementAndGet();
      return price;
    }
  }

  private static final EntityType<Order> ORDER = EntityType.of(Order.class);

  private final StagedStore store = new StagedStore(List.of(ORDER));
  private final ReadThroughLoader loader = new ReadThroughLoader(store, new MapReads());

  @BeforeEach
  void fill() {
    store.open(0, List.of(ORDER));
    store.begin(false);
    store.nextBlock();
    for (int i = 0; i < ROWS; i++) {
      store.save(order(i));
    }
    store.freeze();
    store.committed(1);
    store.begin(false);
    store.nextBlock();
  }

  private static Order order(int i) {
    return new Order(i, i % 2 == 0 ? "buy" : "sell", "owner " + i / 4, 7L * i % ROWS);
  }

  private QueryBuilder<Order> orders() {
    return new QueryBuilder<>(ORDER, loader::query);
  }

  private static long reads(Runnable work) {
    FIELD_READS.set(0);
    work.run();
    return FIELD_READS.get();
  }

  @Test
  @Tag("B26")
  @DisplayName("B26 of several conditions the one that the fewest rows satisfy is looked up")
  void query_looksUpTheRarestCondition() {
    QueryBuilder<Order> both =
        orders().where(Order::kind).is("buy").and(Order::owner).is("owner 7");
    assertThat(both.list()).containsExactly(order(28), order(30));

    assertThat(reads(both::list)).isLessThan(20);
  }

  @Test
  @Tag("B26")
  @DisplayName("B26 an index that is there already, and finds many, makes way for a better one")
  void query_buildsABetterIndex() {
    assertThat(orders().where(Order::kind).is("buy").list()).hasSize(ROWS / 2);
    QueryBuilder<Order> both = orders().where(Order::kind).is("buy").and(Order::price).below(8L);
    assertThat(both.list()).extracting(Order::price).allMatch(price -> price < 8);

    assertThat(reads(both::list)).isLessThan(100);
  }

  @Test
  @Tag("B27")
  @DisplayName("B27 a limit keeps the first rows without sorting the others")
  void limit_sortsNothingElse() {
    QueryBuilder<Order> top = orders().where(Order::kind).is("buy").orderBy(Order::price).limit(1);
    assertThat(top.list()).containsExactly(order(0));

    assertThat(reads(top::list)).as("a sort takes 15 reads per row").isLessThan(4 * ROWS / 2);
  }

  @Test
  @Tag("B28")
  @DisplayName("B28 what eviction costs does not grow with the filters that are loaded")
  void eviction_isNotQuadratic() {
    EntityColumn kind = ORDER.column("kind").orElseThrow();
    EntityColumn owner = ORDER.column("owner").orElseThrow();
    EntityColumn price = ORDER.column("price").orElseThrow();
    for (long i = 0; i < 800; i++) {
      String of = "stranger " + i;
      FieldCondition above =
          new FieldCondition(price, FieldCondition.Operator.ABOVE, List.of(ROWS + i));
      store.markLoaded(
          ORDER,
          new RowFilter(List.of(FieldCondition.is(kind, "buy"), FieldCondition.is(owner, of))));
      store.markLoaded(ORDER, new RowFilter(List.of(FieldCondition.is(kind, "buy"), above)));
      store.markLoaded(ORDER, new RowFilter(List.of(above)));
    }
    long reads = reads(() -> store.evict(store.bytes() - 300_000));

    assertThat(store.size()).isLessThan(ROWS);
    assertThat(reads).isLessThan(20L * ROWS);
  }

  @Test
  @Tag("B28")
  @DisplayName("B28 a filter that an evicted row matches is forgotten, and another is not")
  void eviction_forgetsWhatTheRowMatches() {
    LoadedFilterCache<Order> loaded = new LoadedFilterCache<>();
    RowFilter hit = orders().where(Order::kind).is("buy").and(Order::owner).is("owner 7").filter();
    RowFilter range = orders().where(Order::price).atMost(196L).filter();
    RowFilter miss = orders().where(Order::kind).is("buy").and(Order::owner).is("owner 8").filter();
    RowFilter above = orders().where(Order::price).above(196L).filter();
    List.of(hit, range, miss, above).forEach(loaded::add);
    loaded.forgetMatching(order(28));

    assertThat(List.of(hit, range, miss, above))
        .extracting(loaded::contains)
        .containsExactly(false, false, true, true);
    loaded.forgetMatching(order(32));
    assertThat(loaded.contains(above)).isFalse();
    loaded.forgetMatching(new Order(1, "buy", "owner 8", 1));
    assertThat(loaded.bytes()).isZero();
  }

  @Test
  @Tag("B30")
  @DisplayName("B30 what list() returns can never be changed, however many rows there are")
  void list_cannotBeChanged() {
    for (int limit : new int[] {3, 4, 5}) {
      List<Order> rows = orders().where(Order::owner).is("owner 7").limit(limit).list();
      assertThatThrownBy(() -> rows.removeIf(_ -> true))
          .isInstanceOf(UnsupportedOperationException.class);
    }
    List<Order> all = orders().where(Order::owner).is("owner 7").list();
    assertThatThrownBy(() -> all.removeIf(_ -> true))
        .isInstanceOf(UnsupportedOperationException.class);
  }
}
