package dev.millrace.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.loaders.Bytes;
import dev.millrace.loaders.Bytes32;
import dev.millrace.loaders.Entity;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.Id;
import dev.millrace.pipeline.CommitGroup;
import dev.millrace.pipeline.ExecutedBatch;
import dev.millrace.postgres.client.SqlIdentifiers;
import dev.millrace.staging.StagedStore;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Saved values are read back equal, by every way in and out. */
final class ValuesIT {
  private static final EntityType<EveryColumnType> EVERYTHING =
      EntityType.of(EveryColumnType.class);
  private static final int ROWS = 400;

  private final EveryColumnType.Draw draw = new EveryColumnType.Draw(new Random(7));

  private List<EveryColumnType> draw() {
    List<EveryColumnType> rows = new ArrayList<>();
    for (int i = 0; i < ROWS; i++) {
      rows.add(EVERYTHING.canonical(draw.row(i)));
    }
    return rows;
  }

  private static List<EveryColumnType> found(PostgresFixture lab) {
    List<Object> ids = new ArrayList<>();
    for (long i = 0; i < ROWS; i++) {
      ids.add(i);
    }
    return lab.lane.reads().byIds(EVERYTHING, ids).stream()
        .sorted((left, right) -> Long.compare(left.id(), right.id()))
        .toList();
  }

  private static void save(PostgresFixture lab, boolean reversible, List<EveryColumnType> rows) {
    PostgresFixture.Work work = script -> rows.forEach(script::save);
    lab.commit(reversible ? lab.reversible(work) : lab.batch(work));
  }

  @Test
  @Tag("C1")
  @Tag("C3")
  @DisplayName("C1 C3 every value of every type survives insert, update and undo")
  void value_roundTrips() throws Exception {
    try (PostgresFixture lab = PostgresFixture.of(EVERYTHING)) {
      List<EveryColumnType> first = draw();
      save(lab, false, first);
      assertThat(found(lab)).isEqualTo(first);

      List<EveryColumnType> second = draw();
      save(lab, true, second);
      assertThat(found(lab)).isEqualTo(second);

      undo(lab);
      assertThat(found(lab)).as("what the undo log keeps").isEqualTo(first);
    }
  }

  @Test
  @Tag("C3")
  @DisplayName("C3 a blind write replaces any value, and the undo log keeps what stood there")
  void blindWrite_roundTrips() throws Exception {
    try (PostgresFixture lab = PostgresFixture.of(EVERYTHING)) {
      List<EveryColumnType> first = draw();
      save(lab, false, first);
      StagedStore ignorant = new StagedStore(lab.indexer.entities());
      ignorant.open(lab.staged.checkpoint(), List.of());
      ignorant.begin(true);
      ignorant.nextBlock();
      List<EveryColumnType> second = draw();
      second.forEach(ignorant::save);
      ExecutedBatch shape = lab.reversible(_ -> {});
      lab.lane.commit(
          new CommitGroup(
              2, List.of(new ExecutedBatch(9, shape.batch(), ignorant.freeze(), List.of()))));
      assertThat(found(lab)).isEqualTo(second);

      undo(lab);
      assertThat(found(lab)).as("what the undo log keeps").isEqualTo(first);
    }
  }

  /** Restores every row to its state before, as a rewind does. */
  private static void undo(PostgresFixture lab) throws Exception {
    EntityTable<EveryColumnType> table = new EntityTable<>(lab.schema, EVERYTHING);
    String columns = table.columns(column -> SqlIdentifiers.quoted(column.sql()));
    TestDatabase.execute(
        "DELETE FROM " + table,
        "INSERT INTO %s (chain, %s) SELECT chain, %s FROM %s WHERE millrace_existed"
            .formatted(table, columns, columns, table.undo()));
  }

  @Entity
  record Blob(@Id Bytes key, Bytes content) {}

  private static final EntityType<Blob> BLOB = EntityType.of(Blob.class);

  @Test
  @Tag("C3")
  @Tag("C5")
  @DisplayName("C3 C5 bytes of 0, 20, 32, 10 MB and 100 MB")
  void bytes_ofAnyLength() {
    try (PostgresFixture lab = PostgresFixture.of(BLOB)) {
      for (int length : new int[] {0, 20, 32, 10 << 20, 100 << 20}) {
        byte[] content = new byte[length];
        new Random(length).nextBytes(content);
        Blob blob = new Blob(Bytes.of(new byte[] {(byte) length}), Bytes.of(content));
        lab.commit(lab.batch(script -> script.save(blob)));
        assertThat(lab.lane.reads().byIds(BLOB, List.of(blob.key())).equals(List.of(blob)))
            .as("length=" + length)
            .isTrue();
        lab.commit(lab.batch(script -> script.delete(BLOB, blob.key())));
      }
    }
  }

  /** Has ten columns. */
  @Entity
  record Wide(
      @Id long id,
      int number,
      boolean flag,
      String text,
      BigInteger amount,
      BigDecimal price,
      Instant time,
      Bytes32 hash,
      Bytes content,
      @Nullable String label) {
    static Wide of(long id, String text) {
      return new Wide(
          id,
          (int) id,
          id % 2 == 0,
          text,
          BigInteger.TWO.pow((int) (id % 256)),
          BigDecimal.valueOf(id, 18),
          Instant.ofEpochSecond(id, 1_000 * (id % 1_000_000)),
          PostgresFixture.hash(id),
          Bytes.of(new byte[(int) (id % 40)]),
          id % 3 == 0 ? null : "label");
    }
  }

  private static final EntityType<Wide> WIDE = EntityType.of(Wide.class);

  @Test
  @Tag("C5")
  @DisplayName("C5 forty thousand rows of ten columns in one batch, inserted and then updated")
  void manyRows_commit() {
    List<Object> ids = LongStream.range(0, 40_000).<Object>mapToObj(id -> id).toList();
    try (PostgresFixture lab = PostgresFixture.of(WIDE)) {
      for (String text : List.of("inserted", "updated")) {
        Set<Wide> rows =
            LongStream.range(0, 40_000)
                .mapToObj(id -> WIDE.canonical(Wide.of(id, text)))
                .collect(Collectors.toSet());
        lab.commit(lab.batch(script -> rows.forEach(script::save)));
        assertThat(Set.copyOf(lab.lane.reads().byIds(WIDE, ids)).equals(rows)).as(text).isTrue();
      }
    }
  }
}
