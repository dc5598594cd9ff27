package dev.millrace.postgres;

import static dev.millrace.postgres.PostgresFixture.TOKEN;
import static dev.millrace.postgres.PostgresFixture.token;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.millrace.loaders.Bytes;
import dev.millrace.loaders.Entity;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.FieldCondition;
import dev.millrace.loaders.FieldCondition.Operator;
import dev.millrace.loaders.Id;
import dev.millrace.loaders.Index;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Query;
import dev.millrace.loaders.Remedy;
import dev.millrace.loaders.RowFilter;
import dev.millrace.pipeline.Failpoint;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Indexes are built once, completely, and stay. */
final class DeferredIndexIT {
  private static List<String> indexes(PostgresFixture lab) throws Exception {
    return TestDatabase.query(
        """
        SELECT i.indexrelid::regclass::oid::text IS NOT NULL, c.relname, i.indisvalid
          FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
         WHERE i.indrelid = '%s.token'::regclass ORDER BY c.relname
        """
            .formatted(lab.schema));
  }

  private static List<String> files(PostgresFixture lab) throws Exception {
    return TestDatabase.query(
        """
        SELECT relname, relfilenode FROM pg_class
         WHERE relkind = 'i' AND relnamespace = '%s'::regnamespace ORDER BY relname
        """
            .formatted(lab.schema));
  }

  @Test
  @Tag("D4")
  @DisplayName("D4 indexes are built once and stay over a restart, which takes no time")
  void indexes_areBuiltOnceAndStay() throws Exception {
    try (PostgresFixture lab = PostgresFixture.fresh()) {
      lab.commit(lab.batch(script -> script.save(token(1, "a", 1))));
      assertThat(indexes(lab)).as("none before they are needed").containsExactly("t|token_pkey|t");
      lab.lane.index(TOKEN, List.of("amount", "owner"));
      lab.lane.index(TOKEN, List.of("id"));
      lab.lane.buildDeferredIndexes();
      assertThat(indexes(lab))
          .containsExactly("t|token.amount.owner|t", "t|token.owner|t", "t|token_pkey|t");
      List<String> built = files(lab);
      lab.lane.close();
      long closed = System.nanoTime();
      try (PostgresFixture next = lab.again()) {
        next.lane.buildDeferredIndexes();
        next.lane.index(TOKEN, List.of("amount", "owner"));
        next.commit(next.batch(script -> script.save(token(2, "b", 2))));
        assertThat(Duration.ofNanos(System.nanoTime() - closed)).isLessThan(Duration.ofSeconds(5));
        assertThat(files(lab)).isEqualTo(built);
      }
    }
  }

  @Entity
  record Page(@Id long id, @Index String title, String body) {}

  @Entity
  record Named(@Id String name, @Id Bytes part, long value) {}

  @Test
  @Tag("D16")
  @DisplayName("D16 a value of any length fits every index, whichever was there first")
  void longValues_fitTheIndexesThatThereAre() throws Exception {
    EntityType<Page> type = EntityType.of(Page.class);
    Random random = new Random(1);
    List<String> titles =
        Stream.of(2_000, 2_001, 5_000, 20_000).map(length -> text(random, length)).toList();
    String beginning = text(random, IndexKeyExpression.LENGTH);
    try (PostgresFixture lab = PostgresFixture.of(type)) {
      lab.commit(lab.batch(script -> script.save(new Page(1, "short", "body"))));
      lab.lane.buildDeferredIndexes();
      lab.lane.index(type, List.of("body"));
      lab.lane.index(type, List.of("title", "body"));
      List<Page> pages = new ArrayList<>();
      for (String title : titles) {
        pages.add(new Page(2 + pages.size(), title, titles.getFirst() + title));
      }
      pages.add(new Page(10, beginning, beginning + "b"));
      pages.add(new Page(11, beginning + "a", beginning + "a"));
      lab.commit(lab.batch(script -> pages.forEach(script::save)));
      lab.commit(lab.batch(script -> script.save(new Page(1, titles.get(3), titles.get(2)))));
      assertThat(
              TestDatabase.query(
                  "SELECT indexname FROM pg_indexes WHERE schemaname = '%s' AND tablename = 'page'"
                      .formatted(lab.schema)))
          .containsExactlyInAnyOrder("page_pkey", "page.title", "page.body", "page.title.body");

      pages.add(new Page(1, titles.get(3), titles.get(2)));
      for (Operator operator : Operator.values()) {
        for (String value : List.of(titles.get(3), titles.get(0), beginning, "short")) {
          for (String field : List.of("title", "body")) {
            FieldCondition condition =
                new FieldCondition(type.column(field).orElseThrow(), operator, List.of(value));
            RowFilter filter = new RowFilter(List.of(condition));
            assertThat(lab.lane.reads().matching(type, List.of(filter)))
                .as("%s %s", field, operator)
                .containsExactlyInAnyOrderElementsOf(
                    pages.stream().filter(page -> filter.matches(page)).toList());
          }
        }
      }
      for (boolean descending : List.of(true, false)) {
        Query.Order order = new Query.Order(type.column("body").orElseThrow(), descending);
        Query<Page> query =
            new Query<>(type, new RowFilter(List.of()), List.of(order), Query.NO_LIMIT);
        List<Page> sorted = pages.stream().sorted(query.comparator()).toList();
        for (int i = 0; i < sorted.size(); i++) {
          assertThat(lab.lane.reads().page(query, i == 0 ? null : sorted.get(i - 1), 100))
              .as("page after %d, descending: %s", i, descending)
              .isEqualTo(sorted.subList(i, sorted.size()));
        }
      }
      assertThat(plan(lab))
          .as("an index serves the conditions that Predicates makes")
          .anyMatch(line -> line.contains("page.title"));
    }
  }

  private static List<String> plan(PostgresFixture lab) throws Exception {
    try (Connection connection = TestDatabase.connect();
        Statement statement = connection.createStatement()) {
      statement.execute("SET enable_seqscan = off; SET enable_bitmapscan = off");
      List<String> lines = new ArrayList<>();
      try (ResultSet rows =
          statement.executeQuery(
              """
              EXPLAIN SELECT 1 FROM %s.page AS t
               WHERE t.chain = 1 AND (t.title = 'x' AND left(t.title, 200) = 'x')
              """
                  .formatted(lab.schema))) {
        while (rows.next()) {
          lines.add(rows.getString(1));
        }
      }
      return lines;
    }
  }

  @Test
  @Tag("D17")
  @DisplayName("D17 an id that no primary key takes is refused when it is saved, parts together")
  void longIds_areRefusedWhenTheyAreSaved() {
    EntityType<Named> type = EntityType.of(Named.class);
    String name = text(new Random(1), 1_500);
    try (PostgresFixture lab = PostgresFixture.of(type)) {
      lab.commit(
          lab.reversible(script -> script.save(new Named(name, Bytes.of(new byte[500]), 1))));
      MillraceException refused =
          catchThrowableOfType(
              MillraceException.class,
              () -> lab.batch(script -> script.save(new Named(name, Bytes.of(new byte[501]), 1))));
      assertThat(refused.remedy()).isEqualTo(Remedy.FIX_HANDLER);
      assertThat(refused).hasMessageContaining("id is too long: bytes=2001 most=2000");
    }
  }

  @Test
  @Tag("D18")
  @DisplayName("D18 an index that cannot be built is a line in the status, and the lane goes on")
  void failedBuild_isALineInTheStatus() throws Exception {
    try (PostgresFixture lab = PostgresFixture.fresh()) {
      lab.commit(lab.batch(script -> script.save(token(1, "a", 1))));
      TestDatabase.execute(
          """
          CREATE FUNCTION %1$s.full() RETURNS event_trigger LANGUAGE plpgsql AS $$
          BEGIN
            IF current_setting('search_path') LIKE '%%%1$s%%' THEN
              RAISE 'could not extend file' USING ERRCODE = 'disk_full';
            END IF;
          END $$
          """
              .formatted(lab.schema),
          "CREATE EVENT TRIGGER full_%1$s ON ddl_command_start WHEN TAG IN ('CREATE INDEX')"
                  .formatted(lab.schema)
              + " EXECUTE FUNCTION %s.full()".formatted(lab.schema));
      try {
        lab.lane.buildDeferredIndexes();
      } finally {
        TestDatabase.execute("DROP EVENT TRIGGER full_" + lab.schema);
      }
      assertThat(lab.lane.doubts())
          .singleElement()
          .asString()
          .contains("index is missing", "index=token.owner", "disk is full");
      assertThat(PostgresStore.status(TestDatabase.settings(), lab.schema).orElseThrow().missing())
          .extracting(StoreStatus.MissingIndex::name)
          .containsExactly("token.owner");
      lab.commit(lab.batch(script -> script.save(token(2, "b", 2))));
      assertThat(lab.tokens()).hasSize(2);

      lab.end();
      try (PostgresFixture next = lab.again()) {
        next.lane.buildDeferredIndexes();
        assertThat(indexes(lab)).containsExactly("t|token.owner|t", "t|token_pkey|t");
        assertThat(next.lane.doubts()).isEmpty();
        assertThat(
                PostgresStore.status(TestDatabase.settings(), lab.schema).orElseThrow().missing())
            .isEmpty();
      }
    }
  }

  @Test
  @Tag("D26")
  @DisplayName("D26 the upgrade of whole indexes leaves those that people made")
  void upgrade_keepsIndexesOfPeople() throws Exception {
    try (PostgresFixture lab = PostgresFixture.fresh(Failpoint.NONE)) {
      lab.commit(lab.batch(script -> script.save(token(1, "a", 1))));
      lab.lane.buildDeferredIndexes();
      lab.end();
      for (String sql :
          List.of(
              "DROP TABLE %s.millrace_trigger",
              "DROP TABLE %s.millrace_missing_index",
              "UPDATE %s.millrace_schema SET version = 3",
              "DROP INDEX %s.\"token.owner\"",
              "CREATE INDEX \"token.owner\" ON %s.token (chain, owner)",
              "CREATE INDEX \"token.for_reports\" ON %s.token (owner)")) {
        TestDatabase.execute(sql.formatted(lab.schema));
      }
      try (PostgresFixture next = lab.again()) {
        assertThat(indexes(lab)).containsExactly("t|token.for_reports|t", "t|token_pkey|t");
        next.lane.buildDeferredIndexes();
        assertThat(indexes(lab))
            .containsExactly("t|token.for_reports|t", "t|token.owner|t", "t|token_pkey|t");
      }
    }
  }

  /** Returns text that no compression makes shorter. */
  private static String text(Random random, int length) {
    return random
        .ints(length, '0', 'z')
        .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
        .toString();
  }

  @Test
  @Tag("A16")
  @DisplayName("A16 a build that is killed leaves no index, and the next try builds it")
  void killedBuild_leavesNothing() throws Exception {
    boolean[] fired = new boolean[1];
    Failpoint crash =
        (point, _) -> {
          if (point == Failpoint.Point.BUILDING_INDEX && !fired[0]) {
            fired[0] = true;
            throw new IllegalStateException("killed");
          }
        };
    try (PostgresFixture lab = PostgresFixture.fresh(crash)) {
      lab.commit(lab.batch(script -> script.save(token(1, "a", 1))));
      assertThat(catchThrowable(() -> lab.lane.buildDeferredIndexes())).hasMessage("killed");
      assertThat(indexes(lab)).containsExactly("t|token_pkey|t");
      lab.lane.buildDeferredIndexes();
      assertThat(indexes(lab)).containsExactly("t|token.owner|t", "t|token_pkey|t");
      lab.commit(lab.batch(script -> script.save(token(2, "b", 2))));
      assertThat(lab.tokens()).hasSize(2);
    }
  }
}
