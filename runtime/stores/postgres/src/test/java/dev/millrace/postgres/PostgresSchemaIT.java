package dev.millrace.postgres;

import static dev.millrace.postgres.PostgresFixture.NOTE;
import static dev.millrace.postgres.PostgresFixture.TOKEN;
import static dev.millrace.postgres.PostgresFixture.token;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.millrace.loaders.Entity;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.Id;
import dev.millrace.loaders.Index;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.Failpoint;
import java.math.BigInteger;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The contents of a schema, its ownership, and the permitted changes. */
final class PostgresSchemaIT {
  /** Token as a later version of the code defines it. */
  private static final class Later {
    @Entity
    record Token(@Id long id, @Index String owner, BigInteger amount, @Nullable String label) {}

    @Entity
    record Extra(@Id long id) {}
  }

  /** Token in a form that no existing row can have. */
  private static final class Impossible {
    @Entity
    record Token(@Id long id, @Index String owner, long amount, int level) {}
  }

  private static PostgresFixture.TestIndexer asking(
      String schema, List<EntityType<?>> types, String from) {
    TreeMap<String, String> asks = new TreeMap<>();
    asks.put("chain 1 from", from);
    asks.put("chain 1 contract Token", "0x01");
    return new PostgresFixture.TestIndexer(schema, types, asks);
  }

  private static MillraceException refusal(Runnable work) {
    MillraceException refused = catchThrowableOfType(MillraceException.class, work::run);
    assertThat(refused).isNotNull();
    return refused;
  }

  private static MillraceException openingRefused(PostgresFixture.TestIndexer indexer) {
    MillraceException refused =
        refusal(() -> PostgresStore.open(TestDatabase.settings(), indexer, Failpoint.NONE));
    assertThat(refused.remedy()).isEqualTo(Remedy.FIX_SETUP);
    return refused;
  }

  @Test
  @Tag("D5")
  @DisplayName("D5 a changed definition is refused with a diff and the ways out")
  void changedDefinition_isRefused() {
    String schema = TestDatabase.freshSchema();
    try (PostgresFixture lab =
        new PostgresFixture(asking(schema, List.of(TOKEN, NOTE), "0"), Failpoint.NONE)) {
      lab.commit(lab.batch(script -> script.save(token(1, "a", 1))));
    }
    PostgresFixture.TestIndexer changed =
        asking(schema, List.of(EntityType.of(Later.Token.class), NOTE), "100");
    assertThat(openingRefused(changed))
        .hasMessage(
            """
            schema was made for another definition: schema=%s
              ~ ask chain 1 from: 0 -> 100
              + entity token.label: String, may be null
            Nothing was touched. `reset --yes` deletes the schema and indexes anew; `accept --from-here` \
            goes on with the new definition where the rows can follow it, and says what cannot.\
            """
                .formatted(schema));
  }

  @Test
  @Tag("D5")
  @DisplayName("D5 accept --from-here keeps the rows, goes on and is recorded")
  void acceptedChange_goesOn() {
    String schema = TestDatabase.freshSchema();
    try (PostgresFixture lab =
        new PostgresFixture(asking(schema, List.of(TOKEN, NOTE), "0"), Failpoint.NONE)) {
      lab.commit(lab.batch(script -> script.save(token(1, "a", 1))));
      assertThat(
              refusal(() ->
                      PostgresStore.accept(TestDatabase.settings(), asking(schema, List.of(), "9")))
                  .remedy())
          .as("while a process has a lane")
          .isEqualTo(Remedy.YIELD);
    }
    EntityType<Later.Token> later = EntityType.of(Later.Token.class);
    EntityType<Later.Extra> extra = EntityType.of(Later.Extra.class);
    PostgresFixture.TestIndexer changed = asking(schema, List.of(later, extra), "0");
    List<String> changes = PostgresStore.accept(TestDatabase.settings(), changed);
    assertThat(changes)
        .containsExactly(
            "+ entity extra: mutable, id id",
            "+ entity extra.id: Long",
            "- entity note: immutable, id id",
            "- entity note.id: EventId",
            "- entity note.text: String, may be null",
            "+ entity token.label: String, may be null");
    try (PostgresFixture lab = new PostgresFixture(changed, Failpoint.NONE)) {
      assertThat(lab.lane.opened().checkpoint()).isEqualTo(1);
      Later.Token labelled = new Later.Token(2, "b", BigInteger.TWO, "label");
      lab.commit(lab.batch(script -> script.save(labelled).save(new Later.Extra(1))));
      assertThat(lab.lane.reads().byIds(later, List.of(1L, 2L)))
          .containsExactlyInAnyOrder(new Later.Token(1, "a", BigInteger.ONE, null), labelled);
    }
    StoreStatus status = PostgresStore.status(TestDatabase.settings(), schema).orElseThrow();
    assertThat(status.accepted())
        .extracting(StoreStatus.Accepted::change)
        .containsExactlyInAnyOrderElementsOf(changes);
    assertThat(status.definition()).containsEntry("entity token.label", "String, may be null");
    assertThat(PostgresStore.accept(TestDatabase.settings(), changed)).isEmpty();
  }

  @Test
  @Tag("D5")
  @DisplayName("D5 a change that rows cannot follow is refused by accept, and nothing is touched")
  void impossibleChange_isRefused() {
    String schema = TestDatabase.freshSchema();
    try (PostgresFixture lab =
        new PostgresFixture(asking(schema, List.of(TOKEN), "0"), Failpoint.NONE)) {
      lab.commit(lab.batch(script -> script.save(token(1, "a", 1))));
    }
    PostgresFixture.TestIndexer changed =
        asking(schema, List.of(EntityType.of(Impossible.Token.class)), "0");
    MillraceException refused =
        refusal(() -> PostgresStore.accept(TestDatabase.settings(), changed));
    assertThat(refused)
        .hasMessageContaining("token.amount: BigInteger -> Long")
        .hasMessageContaining("token.level: a new column must be @Nullable")
        .hasMessageContaining("Only `reset` helps");
    try (PostgresFixture lab =
        new PostgresFixture(asking(schema, List.of(TOKEN), "0"), Failpoint.NONE)) {
      assertThat(lab.tokens()).containsExactly("1|a|1");
    }
  }

  private static final class Before {
    enum Kind {
      A,
      B,
      C
    }

    @Entity
    record Thing(@Id long id, Before.Kind kind, List<Before.Kind> kinds) {}
  }

  private static final class After {
    enum Kind {
      A,
      C,
      D
    }

    @Entity
    record Thing(@Id long id, After.Kind kind, List<After.Kind> kinds) {}
  }

  private static final class Wider {
    enum Kind {
      A,
      B,
      C,
      D
    }

    @Entity
    record Thing(@Id long id, Wider.Kind kind, List<Wider.Kind> kinds) {}
  }

  @Test
  @Tag("D5")
  @DisplayName("D5 a constant may come; one that goes is refused, and accepted if no row holds it")
  void constants_mayComeButNotGo() {
    String schema = TestDatabase.freshSchema();
    EntityType<Before.Thing> thing = EntityType.of(Before.Thing.class);
    try (PostgresFixture lab =
        new PostgresFixture(asking(schema, List.of(thing), "0"), Failpoint.NONE)) {
      lab.commit(
          lab.batch(script ->
              script
                  .save(new Before.Thing(1, Before.Kind.A, List.of()))
                  .save(new Before.Thing(2, Before.Kind.C, List.of(Before.Kind.B)))));
    }
    new PostgresFixture(
            asking(schema, List.of(EntityType.of(Wider.Thing.class)), "0"), Failpoint.NONE)
        .end();
    PostgresFixture.TestIndexer narrowed =
        asking(schema, List.of(EntityType.of(After.Thing.class)), "0");
    assertThat(openingRefused(narrowed))
        .hasMessageContaining("~ entity thing.kind: enum A|B|C|D -> enum A|C|D")
        .hasMessageContaining("~ entity thing.kinds: List<enum A|B|C|D> -> List<enum A|C|D>");
    assertThat(refusal(() -> PostgresStore.accept(TestDatabase.settings(), narrowed)))
        .hasMessageContaining("thing.kinds: rows hold a constant that is gone: gone=[B]");
    try (PostgresFixture lab =
        new PostgresFixture(
            asking(schema, List.of(EntityType.of(Wider.Thing.class)), "0"), Failpoint.NONE)) {
      lab.commit(lab.batch(script -> script.save(new Wider.Thing(2, Wider.Kind.D, List.of()))));
    }
    assertThat(PostgresStore.accept(TestDatabase.settings(), narrowed)).hasSize(2);
    try (PostgresFixture lab = new PostgresFixture(narrowed, Failpoint.NONE)) {
      assertThat(lab.lane.reads().byIds(EntityType.of(After.Thing.class), List.of(1L, 2L)))
          .hasSize(2);
    }
  }

  @Test
  @Tag("D5")
  @DisplayName("D5 an entity that comes back finds its old table, and accept says so")
  void entityThatComesBack_isRefused() {
    String schema = TestDatabase.freshSchema();
    try (PostgresFixture lab =
        new PostgresFixture(asking(schema, List.of(TOKEN, NOTE), "0"), Failpoint.NONE)) {
      lab.commit(lab.batch(script -> script.save(token(1, "a", 1))));
    }
    PostgresStore.accept(TestDatabase.settings(), asking(schema, List.of(NOTE), "0"));
    MillraceException refused =
        refusal(() ->
            PostgresStore.accept(
                TestDatabase.settings(), asking(schema, List.of(TOKEN, NOTE), "0")));
    assertThat(refused.remedy()).isEqualTo(Remedy.FIX_SETUP);
    assertThat(refused)
        .hasMessageContaining("token: the table is there from an earlier definition");
  }

  @Test
  @Tag("D6")
  @DisplayName("D6 two indexers in one database do not touch each other's rows")
  void twoIndexers_keepApart() {
    try (PostgresFixture one = PostgresFixture.fresh();
        PostgresFixture other = PostgresFixture.fresh()) {
      one.commit(one.batch(script -> script.save(token(1, "one", 1))));
      other.commit(other.batch(script -> script.save(token(1, "other", 2))));
      one.commit(one.batch(script -> script.delete(TOKEN, 1L)));
      assertThat(one.tokens()).isEmpty();
      assertThat(other.tokens()).containsExactly("1|other|2");
      one.end();
      assertThat(PostgresStore.reset(TestDatabase.settings(), one.schema)).isTrue();
      other.commit(other.batch(script -> script.save(token(2, "on", 3))));
      assertThat(other.tokens()).hasSize(2);
    }
  }

  @Test
  @Tag("D7")
  @DisplayName("D7 a schema with tables that Millrace did not make is refused")
  void foreignTables_areRefused() throws Exception {
    String schema = TestDatabase.freshSchema();
    TestDatabase.execute(
        "CREATE SCHEMA " + schema, "CREATE TABLE %s.\"Customers\" (id int)".formatted(schema));
    assertThat(openingRefused(asking(schema, List.of(TOKEN), "0")))
        .hasMessage(
            "schema holds tables that Millrace did not make: schema=%s found=Customers"
                .formatted(schema));
    assertThat(TestDatabase.query("SELECT count(*) FROM %s.\"Customers\"".formatted(schema)))
        .containsExactly("0");
    assertThat(refusal(() -> PostgresStore.reset(TestDatabase.settings(), schema)).remedy())
        .isEqualTo(Remedy.FIX_SETUP);
  }

  @Test
  @Tag("D7")
  @DisplayName("D7 a table that came later, a trigger and another's right to write are refused")
  void strangersInOurSchema_areRefused() throws Exception {
    try (PostgresFixture lab = PostgresFixture.fresh()) {
      lab.end();
      String table = lab.schema + ".token";
      TestDatabase.execute("CREATE TABLE %s.guest (id int)".formatted(lab.schema));
      assertThat(openingRefused(lab.indexer)).hasMessageContaining("found=guest");
      assertThat(refusal(() -> PostgresStore.reset(TestDatabase.settings(), lab.schema)).remedy())
          .isEqualTo(Remedy.FIX_SETUP);
      TestDatabase.execute(
          "DROP TABLE %s.guest".formatted(lab.schema),
          """
          CREATE FUNCTION %s.meddle() RETURNS trigger LANGUAGE plpgsql
          AS $$ BEGIN RETURN NEW; END $$
          """
              .formatted(lab.schema),
          "CREATE TRIGGER meddler BEFORE INSERT ON %s FOR EACH ROW EXECUTE FUNCTION %s.meddle()"
              .formatted(table, lab.schema),
          "GRANT INSERT ON %s TO PUBLIC".formatted(table));
      assertThat(openingRefused(lab.indexer))
          .hasMessage(
              "Millrace must be the only writer of its tables: schema=%s found=%s"
                  .formatted(
                      lab.schema,
                      "right to write for everybody on token, trigger meddler on token"));
    }
  }

  @Entity(table = "select")
  record Odd(
      @Id String order,
      @Nullable String userGroup,
      String a2345678901234567890123456789012345678901234567890123456789012) {}

  @Entity(table = "Weird \"Name\" of, fifty-eight bytes with: colons? and ümlaut")
  record Weird(@Id long table, @Index String from, long where) {}

  @Test
  @Tag("C8")
  @DisplayName("C8 keywords, mixed case, quotes and 63 bytes are names like any other")
  void oddNames_work() {
    EntityType<Odd> odd = EntityType.of(Odd.class);
    EntityType<Weird> weird = EntityType.of(Weird.class);
    String name = "Odd \"%s\"".formatted(TestDatabase.freshSchema());
    try (PostgresFixture lab =
        new PostgresFixture(PostgresFixture.TestIndexer.of(name, odd, weird), Failpoint.NONE)) {
      Odd first = new Odd("x", null, "long");
      lab.commit(lab.batch(script -> script.save(first).save(new Weird(1, "a", 1))));
      Odd second = new Odd("x", "group", "longer");
      lab.commit(lab.reversible(script -> script.save(second).save(new Weird(1, "b", 2))));
      lab.lane.index(weird, List.of("from", "where"));
      lab.lane.buildDeferredIndexes();
      assertThat(lab.lane.reads().byIds(odd, List.of("x"))).containsExactly(second);
      assertThat(lab.lane.reads().byIds(weird, List.of(1L))).containsExactly(new Weird(1, "b", 2));
      lab.end();
      assertThat(PostgresStore.reset(TestDatabase.settings(), name)).isTrue();
      assertThat(PostgresStore.status(TestDatabase.settings(), name)).isEmpty();
    }
  }

  @Test
  void status_reportsLanesAndHolder() {
    try (PostgresFixture lab = PostgresFixture.fresh()) {
      lab.commit(lab.batch(script -> script.save(token(1, "a", 1))));
      StoreStatus.LaneState held = laneOf(lab);
      assertThat(held.lane()).isEqualTo("1");
      assertThat(held.commit()).isEqualTo(1);
      assertThat(held.checkpoint()).isEqualTo(1);
      assertThat(held.block()).hasValue(1);
      assertThat(held.holder()).isPresent();
      assertThat(held.holder().get().pid()).isEqualTo(ProcessHandle.current().pid());
      assertThat(refusal(() -> PostgresStore.reset(TestDatabase.settings(), lab.schema)))
          .hasMessageStartingWith("a schema cannot be reset while a process holds a lane: lane=1");
      lab.end();
      assertThat(laneOf(lab).holder()).isEmpty();
    }
    assertThat(PostgresStore.status(TestDatabase.settings(), "nobody's")).isEmpty();
  }

  private static StoreStatus.LaneState laneOf(PostgresFixture lab) {
    return PostgresStore.status(TestDatabase.settings(), lab.schema)
        .orElseThrow()
        .lanes()
        .getFirst();
  }
}
