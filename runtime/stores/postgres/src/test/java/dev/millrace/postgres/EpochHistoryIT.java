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
import dev.millrace.loaders.Storage;
import dev.millrace.pipeline.EpochHistory;
import dev.millrace.pipeline.Failpoint;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The epoch history that a mirror follows, and entities that only the mirror keeps. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
final class EpochHistoryIT {
  /** Kept in the mirror alone. */
  @Entity(storage = Storage.CLICKHOUSE, immutable = true)
  record Trace(@Id EventId id, String text) {}

  private static final class Kept {
    @Entity(storage = Storage.BOTH, immutable = true)
    record Trace(@Id EventId id, String text) {}
  }

  private static final EntityType<Trace> TRACE = EntityType.of(Trace.class);

  private static PostgresFixture.TestIndexer indexer(String schema, EntityType<?>... types) {
    return new PostgresFixture.TestIndexer(schema, List.of(types), new TreeMap<>());
  }

  /** Leaves out the opening time of an epoch, which no test can know. */
  private static List<String> epochs(EpochHistory epochHistory) {
    long first = epochHistory.epochs().getFirst().number();
    return epochHistory.epochs().stream()
        .map(epoch ->
            "%d: end %d, followed %d%s"
                .formatted(
                    epoch.number() - first,
                    epoch.end(),
                    epoch.afterCommit(),
                    epoch.mirrored() ? ", mirrored" : ""))
        .toList();
  }

  @Test
  void epochHistory_reportsEpochsOfTakeoversAndRewinds() {
    PostgresFixture.TestIndexer indexer = indexer(TestDatabase.freshSchema(), TOKEN, TRACE);
    String identity;
    try (PostgresFixture lab = new PostgresFixture(indexer, Failpoint.NONE)) {
      assertThat(epochs(lab.lane.epochHistory())).containsExactly("0: end 0, followed 0, mirrored");
      lab.commit(lab.batch(script -> script.save(token(1, "a", 1)).block().save(token(2, "b", 2))));
      lab.finalTo(3);
      lab.commit(
          lab.reversible(script -> script.save(token(1, "c", 3)).block().save(token(2, "d", 4))));
      EpochHistory epochHistory = lab.lane.epochHistory();
      identity = epochHistory.identity();
      assertThat(epochs(epochHistory)).containsExactly("0: end 4, followed 0, mirrored");
      assertThat(epochHistory.epoch()).isEqualTo(epochHistory.epochs().getLast().number());
      assertThat(
              List.of(
                  epochHistory.commit(),
                  epochHistory.checkpoint(),
                  epochHistory.finalizedCheckpoint()))
          .containsExactly(2L, 4L, 3L);
      lab.rewind(3);
      assertThat(epochs(lab.lane.epochHistory()))
          .containsExactly("0: end 3, followed 0, mirrored", "1: end 3, followed 2, mirrored");
      lab.commit(lab.reversible(script -> script.save(token(3, "e", 5))));
    }
    try (PostgresFixture lab = new PostgresFixture(indexer, Failpoint.NONE)) {
      EpochHistory epochHistory = lab.lane.epochHistory();
      assertThat(epochHistory.identity()).isEqualTo(identity);
      assertThat(epochHistory.finalizedCheckpoint()).isEqualTo(3);
      assertThat(epochs(epochHistory))
          .containsExactly(
              "0: end 3, followed 0, mirrored",
              "1: end 4, followed 2, mirrored",
              "2: end 4, followed 3, mirrored");
    }
  }

  @Test
  void epochWithoutAnythingMirrored_saysSo() {
    String schema = TestDatabase.freshSchema();
    try (PostgresFixture lab = new PostgresFixture(indexer(schema, TOKEN, NOTE), Failpoint.NONE)) {
      assertThat(epochs(lab.lane.epochHistory())).containsExactly("0: end 0, followed 0");
      assertThat(lab.lane.epochHistory().finalizedCheckpoint()).isZero();
    }
  }

  @Test
  void epochHistory_ofALaneOfAnotherProcessIsRefused() throws Exception {
    PostgresFixture lab = PostgresFixture.fresh();
    TakeoverIT.silence(lab);
    try (PostgresFixture _ = lab.again()) {
      assertThat(catchThrowableOfType(MillraceException.class, lab.lane::epochHistory).remedy())
          .isEqualTo(Remedy.YIELD);
    }
    lab.end();
  }

  @Test
  void epochHistory_whileARewindIsUnderWay() {
    AtomicReference<PostgresFixture> self = new AtomicReference<>();
    AtomicReference<List<String>> before = new AtomicReference<>(List.of());
    AtomicReference<List<String>> after = new AtomicReference<>(List.of());
    Failpoint looking =
        (point, _) -> {
          if (point == Failpoint.Point.REWINDING) {
            before.set(epochs(self.get().lane.epochHistory()));
          } else if (point == Failpoint.Point.AFTER_REWIND) {
            after.set(epochs(self.get().lane.epochHistory()));
          }
        };
    try (PostgresFixture lab = PostgresFixture.fresh(looking)) {
      self.set(lab);
      lab.commit(lab.reversible(script -> script.save(token(1, "a", 1))));
      lab.commit(lab.reversible(script -> script.save(token(1, "b", 1))));
      lab.rewind(1);
      assertThat(before.get()).containsExactly("0: end 2, followed 0");
      assertThat(after.get()).containsExactly("0: end 1, followed 0", "1: end 1, followed 2");
    }
  }

  @Test
  @Tag("K6")
  @DisplayName("K6 an entity only in ClickHouse has no table, no writer, no undo log in PostgreSQL")
  void entityOnlyInClickHouse_hasNoTable() throws Exception {
    try (PostgresFixture lab = PostgresFixture.of(TOKEN, TRACE)) {
      lab.commit(
          lab.reversible(script ->
              script
                  .save(token(1, "a", 1))
                  .save(new Trace(EventId.of(1, 1), "x"))
                  .block()
                  .save(new Trace(EventId.of(2, 0), "y"))));
      assertThat(lab.lane.epochHistory().checkpoint()).isEqualTo(2);
      lab.rewind(1);
      lab.lane.buildDeferredIndexes();
      assertThat(lab.tokens()).containsExactly("1|a|1");
      assertThat(
              TestDatabase.query(
                  "SELECT tablename FROM pg_tables WHERE schemaname = '%s' AND tablename LIKE '%%trace%%'"
                      .formatted(lab.schema)))
          .isEmpty();
    }
  }

  @Test
  @Tag("D5")
  @DisplayName("D5 an entity that leaves PostgreSQL or comes back to it is refused")
  void entityThatChangesItsStore_isRefused() {
    String schema = TestDatabase.freshSchema();
    new PostgresFixture(indexer(schema, TOKEN, TRACE), Failpoint.NONE).end();
    PostgresFixture.TestIndexer moved = indexer(schema, TOKEN, EntityType.of(Kept.Trace.class));
    assertThat(
            catchThrowableOfType(
                MillraceException.class,
                () -> PostgresStore.open(TestDatabase.settings(), moved, Failpoint.NONE)))
        .hasMessageContaining(
            "~ entity trace: in ClickHouse only, immutable, id id -> immutable, id id");
    assertThat(
            catchThrowableOfType(
                MillraceException.class,
                () -> PostgresStore.accept(TestDatabase.settings(), moved)))
        .hasMessageContaining("trace: rows that exist do not move from one store to another");
  }

  private static final class Mirrored {
    @Entity(storage = Storage.BOTH)
    record Token(@Id long id, String owner, java.math.BigInteger amount) {}
  }

  private static final class Alone {
    @Entity(storage = Storage.POSTGRES)
    record Token(@Id long id, String owner, java.math.BigInteger amount) {}
  }

  @Test
  void mirrorOfAnEntityThatStays_mayComeAndGo() {
    String schema = TestDatabase.freshSchema();
    new PostgresFixture(indexer(schema, EntityType.of(Mirrored.Token.class)), Failpoint.NONE).end();
    new PostgresFixture(indexer(schema, EntityType.of(Alone.Token.class)), Failpoint.NONE).end();
    try (PostgresFixture lab =
        new PostgresFixture(indexer(schema, EntityType.of(Mirrored.Token.class)), Failpoint.NONE)) {
      assertThat(lab.lane.epochHistory().epochs())
          .extracting(EpochHistory.Epoch::mirrored)
          .containsExactly(true, false, true);
    }
  }
}
