package dev.millrace.postgres;

import static dev.millrace.postgres.PostgresFixture.NOTE;
import static dev.millrace.postgres.PostgresFixture.TOKEN;
import static dev.millrace.postgres.PostgresFixture.token;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.millrace.loaders.Address;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.EventId;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.CommitGroup;
import dev.millrace.pipeline.ExecutedBatch;
import dev.millrace.pipeline.Frontier;
import dev.millrace.pipeline.Source;
import dev.millrace.staging.StagedStore;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The contents of the tables after blocks have been replaced. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
final class RewindTransactionIT {
  static final Address FIRST = address(1);
  static final Address SECOND = address(2);

  private static Address address(int last) {
    byte[] bytes = new byte[Address.LENGTH];
    bytes[Address.LENGTH - 1] = (byte) last;
    return Address.of(bytes);
  }

  private static List<String> notes(PostgresFixture lab) {
    return lab.rows("note", "id, text");
  }

  /** Returns every row of every table of a schema. */
  static List<String> everything(PostgresFixture lab) throws Exception {
    List<String> all = new ArrayList<>();
    for (String table :
        TestDatabase.query(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = '%s'::regnamespace"
                .formatted(lab.schema))) {
      if (!table.equals("millrace_lease")) {
        TestDatabase.query("SELECT t::text FROM %s.%s t ORDER BY 1".formatted(lab.schema, table))
            .forEach(row -> all.add(table + " " + row));
      }
    }
    return all;
  }

  @Test
  @Tag("E1")
  @DisplayName("E1 inserts, updates and deletes of a replaced block are undone, the next applies")
  void block_thatIsReplacedLeavesNothing() {
    try (PostgresFixture lab = PostgresFixture.fresh()) {
      lab.commit(
          lab.reversible(script ->
              script
                  .save(token(1, "kept", 1))
                  .save(token(2, "deleted", 2))
                  .save(new PostgresFixture.Note(EventId.of(1, 0), "kept"))));
      lab.commit(
          lab.reversible(script ->
              script
                  .save(token(1, "changed", 9))
                  .delete(TOKEN, 2L)
                  .save(token(3, "born", 3))
                  .save(new PostgresFixture.Note(EventId.of(2, 0), "gone"))));
      Frontier rewound = lab.rewind(1);
      assertThat(lab.tokens()).containsExactly("1|kept|1", "2|deleted|2");
      assertThat(rewound).isEqualTo(new Frontier(2, 2, 1, lab.place(1)));
      lab.commit(
          lab.reversible(script ->
              script
                  .save(token(2, "other", 4))
                  .save(new PostgresFixture.Note(EventId.of(2, 0), "other"))));
      assertThat(lab.tokens()).containsExactly("1|kept|1", "2|other|4");
      assertThat(notes(lab)).containsExactly("1048576|kept", "2097152|other");
      assertThat(lab.rows("millrace_epoch", "epoch, last_checkpoint"))
          .containsExactly("1|1", "2|null");
      assertThat(lab.rows("millrace_lane", "epoch, commit, checkpoint, block"))
          .containsExactly("2|3|2|2");
    }
  }

  @Test
  @Tag("E2")
  @DisplayName("E2 a reorg below what is final is refused with the ways out, nothing is touched")
  void rewind_belowTheFinalBlockIsRefused() throws Exception {
    try (PostgresFixture lab = PostgresFixture.fresh()) {
      lab.commit(lab.batch(script -> script.save(token(1, "a", 1))));
      Source.BlockRef tooDeep = lab.place(1);
      lab.commit(lab.batch(script -> script.save(token(1, "b", 2))));
      lab.commit(lab.reversible(script -> script.save(token(1, "c", 3))));
      List<String> before = everything(lab);
      for (Source.BlockRef to : new Source.BlockRef[] {tooDeep, null}) {
        MillraceException refused =
            catchThrowableOfType(MillraceException.class, () -> lab.lane.rewind(to));
        assertThat(refused.remedy()).isEqualTo(Remedy.FIX_SETUP);
        assertThat(refused)
            .hasMessageStartingWith(
                "reorg goes deeper than what can be undone: lane=1 to=%s final=2 standing=3"
                    .formatted(to == null ? "before the first block" : "1"))
            .hasMessageContaining("`reset` deletes the schema");
        assertThat(everything(lab)).isEqualTo(before);
      }
      assertThat(lab.rewind(2).checkpoint()).as("the final block itself").isEqualTo(2);
      assertThat(lab.tokens()).containsExactly("1|b|2");
    }
  }

  @Test
  @Tag("E2")
  @DisplayName("E2 a block that was never on this lane's branch is no place to go back to")
  void rewind_toAStrangersBlockIsRefused() throws Exception {
    try (PostgresFixture lab = PostgresFixture.fresh()) {
      lab.commit(lab.reversible(script -> script.save(token(1, "a", 1)).block()));
      List<String> before = everything(lab);
      MillraceException refused =
          catchThrowableOfType(
              MillraceException.class,
              () -> lab.lane.rewind(new Source.BlockRef(1, PostgresFixture.hash(77))));
      assertThat(refused).hasMessageContaining("is on another branch than the lane");
      assertThat(everything(lab)).isEqualTo(before);
    }
  }

  @Test
  @Tag("E3")
  @Tag("E4")
  @DisplayName("E3 E4 a row goes back to its value before the first replaced change, wherever")
  void rows_goBackBeforeTheFirstReplacedChange() {
    try (PostgresFixture lab = PostgresFixture.fresh()) {
      lab.commit(
          lab.batch(script ->
              script.save(token(1, "old", 1)).save(token(2, "dead", 1)).save(token(3, "x", 1))));
      lab.commit(lab.reversible(script -> script.delete(TOKEN, 2L).save(token(3, "y", 2))));
      lab.commit(
          lab.reversible(script ->
              script.save(token(1, "b", 2)).block().save(token(1, "c", 3)).save(token(4, "d", 1))));
      lab.commit(lab.reversible(script -> script.save(token(1, "d", 4)).delete(TOKEN, 3L)));
      lab.commit(lab.reversible(script -> script.save(token(3, "again", 7)).delete(TOKEN, 4L)));
      lab.rewind(2);
      assertThat(lab.tokens()).containsExactly("1|old|1", "3|y|2");
      assertThat(lab.rows("millrace_undo_token", "id, millrace_checkpoint"))
          .containsExactly("2|2", "3|2");
    }
  }

  @Test
  @Tag("A13")
  @Tag("E1")
  @DisplayName("A13 E1 what blind writes replaced is restored as well")
  void blindWrites_areUndone() {
    try (PostgresFixture lab = PostgresFixture.fresh()) {
      lab.commit(lab.reversible(script -> script.save(token(1, "a", 1)).save(token(2, "b", 2))));
      StagedStore ignorant = new StagedStore(lab.indexer.entities());
      ignorant.open(lab.staged.checkpoint(), List.of());
      ignorant.begin(true);
      ignorant.nextBlock();
      ignorant.save(token(1, "x", 9));
      ignorant.delete(TOKEN, 2L);
      ignorant.save(token(3, "new", 9));
      ignorant.delete(TOKEN, 4L);
      ExecutedBatch shape = lab.reversible(_ -> {});
      CommitGroup blind =
          new CommitGroup(
              2, List.of(new ExecutedBatch(2, shape.batch(), ignorant.freeze(), List.of())));
      lab.lane.commit(blind);
      lab.committed(blind);
      assertThat(lab.tokens()).containsExactly("1|x|9", "3|new|9");
      lab.rewind(1);
      assertThat(lab.tokens()).containsExactly("1|a|1", "2|b|2");
    }
  }

  @Test
  @Tag("E7")
  @DisplayName("E7 the first branch comes back: the tables are those of the first branch")
  void branch_thatComesBackIsAsIfItHadNeverGone() {
    try (PostgresFixture lab = PostgresFixture.fresh()) {
      lab.commit(lab.reversible(script -> script.save(token(1, "a", 1))));
      for (int branch = 0; branch < 3; branch++) {
        String owner = branch == 1 ? "other" : "first";
        lab.commit(lab.reversible(script -> script.save(token(1, owner, 2)).block()));
        lab.commit(lab.reversible(script -> script.save(token(2, owner, 3))));
        if (branch < 2) {
          lab.rewind(1);
        }
      }
      assertThat(lab.tokens()).containsExactly("1|first|2", "2|first|3");
      assertThat(lab.rows("millrace_epoch", "epoch, last_checkpoint"))
          .containsExactly("1|1", "2|1", "3|null");
    }
  }

  @Test
  @Tag("E13")
  @DisplayName("E13 a reorg at the first indexed block: back to empty, and on from there")
  void rewind_beforeTheFirstBlockLeavesNothing() {
    try (PostgresFixture lab = PostgresFixture.fresh()) {
      lab.commit(
          lab.reversible(
              script -> script.save(token(1, "a", 1)).found("Pool", FIRST, 0).block().block()));
      assertThat(lab.rewind(0)).isEqualTo(new Frontier(2, 1, 0, null));
      assertThat(lab.tokens()).isEmpty();
      assertThat(lab.lane.resumePoint()).isEqualTo(Source.ResumePoint.START);
      lab.commit(lab.reversible(script -> script.save(token(1, "b", 2))));
      assertThat(lab.tokens()).containsExactly("1|b|2");
      lab.end();
      try (PostgresFixture next = lab.again()) {
        assertThat(next.lane.opened()).isEqualTo(new Frontier(3, 2, 1, lab.place(1)));
      }
    }
  }

  @Test
  @Tag("E15")
  @DisplayName("E15 a replaced block without events still rewinds hash and frontier")
  void quietBlocks_rewindTheFrontier() {
    try (PostgresFixture lab = PostgresFixture.fresh()) {
      lab.commit(lab.reversible(script -> script.save(token(1, "a", 1)).block().block()));
      Source.BlockRef left = lab.place(3);
      assertThat(lab.rewind(2)).isEqualTo(new Frontier(2, 1, 1, lab.place(2)));
      lab.commit(lab.reversible(PostgresFixture.Script::block));
      assertThat(lab.place(3)).isNotEqualTo(left);
      assertThat(lab.lane.resumePoint().last()).isEqualTo(lab.place(3));
      assertThat(lab.tokens()).containsExactly("1|a|1");
    }
  }

  @Test
  @Tag("E19")
  @DisplayName("E19 a rewind over blocks that were never committed only opens a new epoch")
  void rewind_aboveTheFrontierOnlyOpensAnEpoch() {
    try (PostgresFixture lab = PostgresFixture.fresh()) {
      assertThat(lab.lane.rewind(null)).isEqualTo(new Frontier(2, 0, 0, null));
      lab.commit(lab.batch(script -> script.save(token(1, "a", 1))));
      Frontier rewound = lab.lane.rewind(new Source.BlockRef(5, PostgresFixture.hash(5)));
      assertThat(rewound).isEqualTo(new Frontier(3, 1, 1, lab.place(1)));
      assertThat(lab.lane.rewind(lab.place(1))).isEqualTo(new Frontier(4, 1, 1, lab.place(1)));
      lab.commit(lab.batch(script -> script.save(token(1, "b", 2))));
      assertThat(lab.tokens()).containsExactly("1|b|2");
      assertThat(lab.rows("millrace_epoch", "epoch, last_checkpoint"))
          .containsExactly("1|0", "2|1", "3|1", "4|null");
    }
  }

  @Test
  @Tag("E17")
  @DisplayName("E17 after a rewind the database gives the surviving value and none of the others")
  void reads_giveTheSurvivingValue() {
    try (PostgresFixture lab = PostgresFixture.fresh()) {
      lab.commit(lab.batch(script -> script.save(token(1, "a", 100))));
      lab.commit(lab.reversible(script -> script.save(token(1, "a", 101))));
      assertThat(lab.lane.reads().byIds(TOKEN, List.of(1L))).containsExactly(token(1, "a", 101));
      lab.rewind(1);
      assertThat(lab.lane.reads().byIds(TOKEN, List.of(1L))).containsExactly(token(1, "a", 100));
    }
  }

  @Test
  @Tag("C3")
  @DisplayName("C3 values of every type come back exactly after a rollback")
  void everyType_comesBack() {
    EntityType<EveryColumnType> type = EntityType.of(EveryColumnType.class);
    try (PostgresFixture lab = PostgresFixture.of(type, NOTE)) {
      EveryColumnType.Draw draw = new EveryColumnType.Draw(new Random(5));
      List<EveryColumnType> rows = new ArrayList<>();
      for (long id = 0; id < 300; id++) {
        rows.add(draw.row(id));
      }
      lab.commit(lab.batch(script -> rows.forEach(script::save)));
      for (int round = 0; round < 3; round++) {
        lab.commit(
            lab.reversible(script ->
                rows.forEach(row -> {
                  if (draw.random().nextBoolean()) {
                    script.delete(type, row.id());
                  } else {
                    script.save(draw.row(row.id()));
                  }
                })));
      }
      lab.rewind(1);
      assertThat(
              lab.lane.reads().byIds(type, rows.stream().<Object>map(EveryColumnType::id).toList()))
          .containsExactlyInAnyOrderElementsOf(rows);
    }
  }
}
