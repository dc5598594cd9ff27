package dev.millrace.postgres;

import static dev.millrace.postgres.PostgresFixture.NOTE;
import static dev.millrace.postgres.PostgresFixture.TOKEN;
import static dev.millrace.postgres.PostgresFixture.token;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.millrace.loaders.Entity;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.EventId;
import dev.millrace.loaders.Id;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.EpochHistory;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A snapshot of a schema, read while others go on writing. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
final class SnapshotIT {
  @Entity
  record Pair(@Id String left, @Id long right, boolean flag) {}

  private static final EntityType<Pair> PAIR = EntityType.of(Pair.class);

  private static PostgresSnapshot open(PostgresFixture lab) {
    return PostgresSnapshot.open(TestDatabase.settings(), lab.indexer).orElseThrow();
  }

  private static <E> List<String> rows(PostgresSnapshot snapshot, EntityType<E> type) {
    List<String> rows = new ArrayList<>();
    snapshot.rows(type, "1", row -> rows.add(row.toString()));
    return rows.stream().sorted().toList();
  }

  private static <E> List<String> versions(PostgresSnapshot snapshot, EntityType<E> type) {
    List<String> versions = new ArrayList<>();
    snapshot.versions(
        type, "1", (checkpoint, id, row) -> versions.add(id + " at " + checkpoint + ": " + row));
    return versions.stream().sorted().toList();
  }

  @Test
  void snapshot_staysWhileTheLaneGoesOn() {
    try (PostgresFixture lab = PostgresFixture.fresh()) {
      lab.commit(lab.batch(script -> script.save(token(1, "a", 1)).save(token(2, "b", 2))));
      EpochHistory epochHistory = lab.lane.epochHistory();
      try (PostgresSnapshot snapshot = open(lab)) {
        lab.commit(lab.batch(script -> script.block().save(token(1, "c", 3)).delete(TOKEN, 2L)));
        assertThat(snapshot.epochHistories()).isEqualTo(new TreeMap<>(Map.of("1", epochHistory)));
        assertThat(rows(snapshot, TOKEN))
            .containsExactly(token(1, "a", 1).toString(), token(2, "b", 2).toString());
        assertThat(rows(snapshot, NOTE)).isEmpty();
      }
      try (PostgresSnapshot snapshot = open(lab)) {
        assertThat(rows(snapshot, TOKEN)).containsExactly(token(1, "c", 3).toString());
      }
    }
  }

  @Test
  void rows_goByInPages() {
    try (PostgresFixture lab = PostgresFixture.fresh()) {
      lab.commit(
          lab.batch(script -> {
            for (int i = 0; i < 5_000; i++) {
              script.save(new PostgresFixture.Note(EventId.of(1, i), "note " + i));
            }
          }));
      try (PostgresSnapshot snapshot = open(lab)) {
        assertThat(rows(snapshot, NOTE)).hasSize(5_000).doesNotHaveDuplicates();
      }
    }
  }

  @Test
  void versions_areTheStateAtTheFinalCheckpointAndEveryChangeSince() {
    try (PostgresFixture lab = PostgresFixture.of(TOKEN, NOTE, PAIR)) {
      lab.commit(
          lab.batch(script ->
              script
                  .save(token(1, "kept", 1))
                  .save(token(2, "changed", 2))
                  .save(token(3, "deleted", 3))
                  .save(token(4, "deleted and back", 4))
                  .save(new Pair("x", 1, true))));
      lab.finalTo(1);
      lab.commit(
          lab.reversible(script ->
              script
                  .save(token(2, "changed once", 2))
                  .delete(TOKEN, 3L)
                  .delete(TOKEN, 4L)
                  .save(token(5, "born", 5))
                  .save(new Pair("x", 2, true))));
      lab.commit(
          lab.reversible(script ->
              script
                  .save(token(2, "changed twice", 2))
                  .save(token(4, "back", 4))
                  .delete(TOKEN, 5L)
                  .block()
                  .block()
                  .save(new Pair("x", 1, false))
                  .delete(PAIR, PAIR.id("x", 2L))));
      try (PostgresSnapshot snapshot = open(lab)) {
        assertThat(snapshot.epochHistories().get("1")).isEqualTo(lab.lane.epochHistory());
        assertThat(versions(snapshot, TOKEN))
            .containsExactly(
                "1 at 1: " + token(1, "kept", 1),
                "2 at 1: " + token(2, "changed", 2),
                "2 at 2: " + token(2, "changed once", 2),
                "2 at 3: " + token(2, "changed twice", 2),
                "3 at 1: " + token(3, "deleted", 3),
                "3 at 2: null",
                "4 at 1: " + token(4, "deleted and back", 4),
                "4 at 2: null",
                "4 at 3: " + token(4, "back", 4),
                "5 at 2: " + token(5, "born", 5),
                "5 at 3: null");
        assertThat(versions(snapshot, PAIR))
            .containsExactly(
                "[x, 1] at 1: " + new Pair("x", 1, true),
                "[x, 1] at 4: " + new Pair("x", 1, false),
                "[x, 2] at 2: " + new Pair("x", 2, true),
                "[x, 2] at 4: null");
        assertThat(snapshot.window("1"))
            .extracting(reached -> reached.block().number() + " " + reached.checkpoint())
            .containsExactly("1 1", "2 2", "3 3", "5 4");
      }
    }
  }

  @Test
  void versions_withoutAFinalBlockAreTheWholeHistory() {
    try (PostgresFixture lab = PostgresFixture.fresh()) {
      lab.commit(lab.reversible(script -> script.save(token(1, "a", 1))));
      lab.commit(lab.reversible(script -> script.save(token(1, "b", 1))));
      try (PostgresSnapshot snapshot = open(lab)) {
        assertThat(versions(snapshot, TOKEN))
            .containsExactly("1 at 1: " + token(1, "a", 1), "1 at 2: " + token(1, "b", 1));
      }
    }
  }

  @Test
  void schemaOfAnotherDefinition_isRefused() throws Exception {
    PostgresFixture.TestIndexer unopened =
        PostgresFixture.TestIndexer.of(TestDatabase.freshSchema(), TOKEN);
    assertThat(PostgresSnapshot.open(TestDatabase.settings(), unopened)).isEmpty();
    PostgresFixture lab = PostgresFixture.fresh();
    lab.end();
    assertThat(refusal(PostgresFixture.TestIndexer.of(lab.schema, TOKEN)))
        .hasMessageContaining("- entity note: immutable, id id");
    TestDatabase.execute("UPDATE %s.millrace_schema SET version = 2".formatted(lab.schema));
    assertThat(refusal(lab.indexer))
        .hasMessage(
            "schema was made by an earlier version of Millrace: schema=%s made=2. `run` brings it up to date"
                .formatted(lab.schema));
  }

  private static MillraceException refusal(PostgresFixture.TestIndexer indexer) {
    MillraceException refused =
        catchThrowableOfType(
            MillraceException.class, () -> PostgresSnapshot.open(TestDatabase.settings(), indexer));
    assertThat(refused.remedy()).isEqualTo(Remedy.FIX_SETUP);
    return refused;
  }
}
