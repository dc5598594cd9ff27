package dev.millrace.postgres;

import static dev.millrace.postgres.PostgresFixture.TOKEN;
import static dev.millrace.postgres.PostgresFixture.token;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.pipeline.CommitGroup;
import dev.millrace.pipeline.EffectResult;
import dev.millrace.pipeline.ExecutedBatch;
import dev.millrace.staging.StagedStore;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The history that is kept inside the reversible window, and nowhere else. */
final class HistoryIT {
  private static List<String> history(PostgresFixture lab) {
    return lab.rows(
        "millrace_undo_token", "id, millrace_checkpoint, millrace_existed, owner, amount");
  }

  @Test
  @Tag("A13")
  @DisplayName("A13 history is kept for reversible batches only")
  void undo_isKeptInsideTheWindowOnly() {
    try (PostgresFixture lab = PostgresFixture.fresh()) {
      lab.commit(lab.batch(script -> script.save(token(1, "a", 1))));
      assertThat(history(lab)).isEmpty();
      lab.commit(lab.reversible(script -> script.save(token(1, "b", 2)).save(token(2, "c", 3))));
      assertThat(history(lab)).containsExactly("1|2|t|a|1", "2|2|f|null|null");
    }
  }

  @Test
  @Tag("A14")
  @DisplayName("A14 a row changed by two batches of two commits has one history row per checkpoint")
  void undo_hasOneRowPerIdAndCheckpoint() {
    try (PostgresFixture lab = PostgresFixture.fresh()) {
      ExecutedBatch first = lab.reversible(script -> script.save(token(1, "a", 1)));
      ExecutedBatch second = lab.reversible(script -> script.save(token(1, "b", 2)));
      lab.commit(first);
      lab.commit(second);
      assertThat(history(lab)).containsExactly("1|1|f|null|null", "1|2|t|a|1");
      assertThat(lab.tokens()).containsExactly("1|b|2");
    }
  }

  @Test
  @Tag("C6")
  @DisplayName("C6 insert, update, delete and insert of one id within a batch")
  void undo_followsAnIdThroughABatch() {
    try (PostgresFixture lab = PostgresFixture.fresh()) {
      lab.commit(
          lab.reversible(script ->
              script
                  .save(token(1, "a", 1))
                  .block()
                  .save(token(1, "b", 2))
                  .block()
                  .delete(TOKEN, 1L)
                  .block()
                  .save(token(1, "d", 4))));
      assertThat(lab.tokens()).containsExactly("1|d|4");
      assertThat(history(lab))
          .containsExactly("1|1|f|null|null", "1|2|t|a|1", "1|3|t|b|2", "1|4|f|null|null");
    }
  }

  @Test
  @Tag("C9")
  @DisplayName("C9 two events of one block leave one history row, two blocks of a batch leave two")
  void undo_countsBlocksAndNotEvents() {
    try (PostgresFixture lab = PostgresFixture.fresh()) {
      lab.commit(lab.reversible(script -> script.save(token(1, "a", 1)).save(token(1, "b", 2))));
      lab.commit(
          lab.reversible(script -> script.save(token(1, "c", 3)).block().save(token(1, "d", 4))));
      assertThat(history(lab)).containsExactly("1|1|f|null|null", "1|2|t|b|2", "1|3|t|c|3");
    }
  }

  @Test
  @Tag("A13")
  @DisplayName("A13 a blind write's history is read by the commit itself")
  void undo_ofABlindWriteIsReadInTheCommit() {
    try (PostgresFixture lab = PostgresFixture.fresh()) {
      lab.commit(lab.batch(script -> script.save(token(1, "a", 1)).save(token(2, "b", 2))));
      StagedStore ignorant = new StagedStore(lab.indexer.entities());
      ignorant.open(lab.staged.checkpoint(), List.of());
      ignorant.begin(true);
      ignorant.nextBlock();
      ignorant.save(token(1, "x", 9));
      ignorant.delete(TOKEN, 2L);
      ignorant.save(token(3, "new", 9));
      ignorant.delete(TOKEN, 4L);
      ExecutedBatch shape = lab.reversible(_ -> {});
      lab.lane.commit(
          new CommitGroup(
              2, List.of(new ExecutedBatch(2, shape.batch(), ignorant.freeze(), List.of()))));
      assertThat(lab.tokens()).containsExactly("1|x|9", "3|new|9");
      assertThat(history(lab))
          .containsExactly("1|2|t|a|1", "2|2|t|b|2", "3|2|f|null|null", "4|2|f|null|null");
    }
  }

  @Test
  void blocks_rememberTheCheckpointTheyReach() {
    try (PostgresFixture lab = PostgresFixture.fresh()) {
      lab.commit(
          lab.reversible(script ->
              script
                  .block()
                  .block()
                  .save(token(1, "a", 1))
                  .block()
                  .block()
                  .save(token(1, "b", 1))));
      assertThat(lab.rows("millrace_block", "number, checkpoint"))
          .containsExactly("1|0", "2|1", "3|1", "4|2");
    }
  }

  @Test
  @Tag("B14")
  @DisplayName("B14 a persisted effect is there after a restart, with its checkpoint")
  void effects_survive() {
    try (PostgresFixture lab = PostgresFixture.fresh()) {
      String longInput = "x".repeat(10_000);
      lab.commit(
          lab.batch(
              false,
              List.of(
                  new EffectResult("price", "a", "1", 1),
                  new EffectResult("price", longInput, "2", 1)),
              script -> script.save(token(1, "a", 1))));
      lab.commit(
          lab.batch(
              false,
              List.of(new EffectResult("price", "a", "3", 2)),
              script -> script.save(token(1, "b", 1))));
      lab.lane.close();
      try (PostgresFixture next = lab.again()) {
        assertThat(next.lane.effects("price", List.of("a", longInput, "unknown")))
            .isEqualTo(Map.of("a", "1", longInput, "2"));
        assertThat(next.lane.effects("name", List.of("a"))).isEmpty();
      }
    }
  }

  @Test
  @Tag("C7")
  @DisplayName("C7 a row that ends its group as it began is not written")
  void unchangedRow_isNotWritten() {
    try (PostgresFixture lab = PostgresFixture.fresh()) {
      lab.commit(lab.batch(script -> script.save(token(1, "a", 1)).save(token(2, "b", 2))));
      List<String> before = lab.rows("token", "id, ctid::text, xmin::text");
      ExecutedBatch there = lab.batch(script -> script.save(token(1, "z", 9)).delete(TOKEN, 2L));
      ExecutedBatch back =
          lab.batch(script -> script.save(token(1, "a", 1)).save(token(2, "b", 2)));
      lab.commit(there, back);
      assertThat(lab.rows("token", "id, ctid::text, xmin::text")).isEqualTo(before);
    }
  }
}
