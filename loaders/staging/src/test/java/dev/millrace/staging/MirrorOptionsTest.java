package dev.millrace.staging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.loaders.Codec;
import dev.millrace.loaders.Entity;
import dev.millrace.loaders.EntityColumn;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.Id;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.MirrorLayout;
import dev.millrace.loaders.MirrorOptions;
import dev.millrace.loaders.Remedy;
import dev.millrace.loaders.Storage;
import dev.millrace.loaders.Unsigned;
import dev.millrace.loaders.Versions;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Mirror settings of an entity, and their effect on memory. */
final class MirrorOptionsTest {
  @Entity(storage = Storage.CLICKHOUSE)
  @MirrorOptions(
      versions = Versions.LATEST,
      order = {"pool", "kind"},
      partition = "toYYYYMM(time)")
  record Tick(
      @Id long id,
      String pool,
      int kind,
      @Codec("Delta, ZSTD(3)") long time,
      @Unsigned BigInteger value,
      @Unsigned List<BigInteger> parts) {}

  @Entity(immutable = true)
  @MirrorOptions(ttl = "time + INTERVAL 90 DAY")
  record Passing(@Id long id, long time) {}

  @Entity
  @MirrorOptions(
      order = {"nobody", "memo", "memo"},
      ttl = "time + INTERVAL 90 DAY")
  record Wrong(@Id long id, @Unsigned long count, @Nullable String memo) {}

  private static final EntityType<Tick> TICK = EntityType.of(Tick.class);

  private final StagedStore store =
      new StagedStore(
          List.of(TICK, LoaderFixtures.TOKEN, LoaderFixtures.NOTE),
          type -> type == TICK ? Storage.CLICKHOUSE : Storage.BOTH);

  @Test
  void layout_isReadFromTheDefinition() {
    EntityColumn pool = TICK.column("pool").orElseThrow();
    EntityColumn kind = TICK.column("kind").orElseThrow();

    assertThat(TICK.storage()).isEqualTo(Storage.CLICKHOUSE);
    assertThat(TICK.layout())
        .isEqualTo(new MirrorLayout(Versions.LATEST, List.of(pool, kind), "toYYYYMM(time)", ""));
    assertThat(EntityType.of(Passing.class).layout().ttl()).isEqualTo("time + INTERVAL 90 DAY");
    assertThat(TICK.columns().stream().filter(EntityColumn::isUnsigned))
        .extracting(EntityColumn::name)
        .containsExactly("value", "parts");
    assertThat(TICK.column("time").map(EntityColumn::codec)).contains("Delta, ZSTD(3)");
    assertThat(TICK.withVersions(Versions.ALL).layout().versions()).isEqualTo(Versions.ALL);
  }

  @Test
  void mistakes_areListedTogether() {
    List<String> mistakes = new ArrayList<>();

    Optional<EntityType<Wrong>> read = EntityType.read(Wrong.class, mistakes);

    assertThat(read).isEmpty();
    assertThat(mistakes)
        .containsExactly(
            "Wrong.count is annotated with @Unsigned and is no BigInteger",
            "Wrong is ordered by a component that it does not have: component=nobody",
            "Wrong is ordered by a component that has no order: component=memo",
            "Wrong is ordered by a component that has no order: component=memo",
            "Wrong is ordered by a component twice: component=memo",
            "Wrong has a ttl and is mutable: what is newest may expire first, and older rows come"
                + " back");
  }

  @Test
  void unsigned_isNeverNegative() {
    Tick single = tick(BigInteger.ONE.negate(), List.of());
    Tick listed = tick(BigInteger.ONE, List.of(BigInteger.TWO, BigInteger.TEN.negate()));

    assertThatThrownBy(() -> TICK.canonical(single))
        .isInstanceOf(MillraceException.class)
        .hasMessageContaining("entity=Tick field=value reason=\"integer must not be negative");
    assertThatThrownBy(() -> TICK.canonical(listed))
        .hasMessageContaining("entity=Tick field=parts");
  }

  @Test
  @Tag("K6")
  @DisplayName("K6 an entity in ClickHouse only is refused at the read, its own writes included")
  void find_refusesWhatIsInClickHouseOnly() {
    store.open(0, List.of());
    store.begin(false);
    store.nextBlock();
    store.save(tick(BigInteger.ONE, List.of()));

    assertThatThrownBy(() -> store.find(TICK, 1L))
        .isInstanceOfSatisfying(
            MillraceException.class,
            refused -> assertThat(refused.remedy()).isEqualTo(Remedy.FIX_HANDLER))
        .hasMessageContaining("kept in ClickHouse only and cannot be read: entity=Tick");
  }

  @Test
  void changes_keepEveryVersionOfWhatIsMirroredSo() {
    store.open(0, List.of(LoaderFixtures.TOKEN));
    store.begin(false);
    for (int block = 0; block < 3; block++) {
      store.nextBlock();
      store.save(LoaderFixtures.token(1, "owner" + block));
      store.save(LoaderFixtures.token(1, "last of " + block));
      store.save(tick(BigInteger.valueOf(block), List.of()));
    }
    ChangeSet set = store.freeze();

    TableChanges<LoaderFixtures.Token> every = set.of(LoaderFixtures.TOKEN).orElseThrow();
    assertThat(checkpoints(every)).containsExactly(1L, 2L, 3L);
    assertThat(every.after(1)).isEqualTo(LoaderFixtures.token(1, "last of 1"));
    TableChanges<Tick> latest = set.of(TICK).orElseThrow();
    assertThat(checkpoints(latest)).containsExactly(3L);
    assertThat(set.of(LoaderFixtures.NOTE)).isEmpty();
  }

  private static List<Long> checkpoints(TableChanges<?> changes) {
    List<Long> checkpoints = new ArrayList<>();
    for (int i = 0; i < changes.size(); i++) {
      checkpoints.add(changes.checkpoint(i));
    }
    return checkpoints;
  }

  private static Tick tick(BigInteger value, List<BigInteger> parts) {
    return new Tick(1, "pool", 2, 3, value, parts);
  }
}
