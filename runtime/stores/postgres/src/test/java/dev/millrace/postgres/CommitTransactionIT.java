package dev.millrace.postgres;

import static dev.millrace.postgres.PostgresFixture.NOTE;
import static dev.millrace.postgres.PostgresFixture.TOKEN;
import static dev.millrace.postgres.PostgresFixture.token;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.loaders.EventId;
import dev.millrace.pipeline.ExecutedBatch;
import dev.millrace.pipeline.Frontier;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The contents of the tables after one transaction. */
final class CommitTransactionIT {
  @Test
  void commit_writesRowsAndFrontier() {
    try (PostgresFixture lab = PostgresFixture.fresh()) {
      lab.commit(
          lab.batch(script ->
              script
                  .save(token(1, "a", 5))
                  .save(token(2, "b", 6))
                  .save(new PostgresFixture.Note(EventId.of(1, 2), "hello"))));
      assertThat(lab.tokens()).containsExactly("1|a|5", "2|b|6");
      assertThat(lab.lane.reads().byIds(TOKEN, List.of(1L, 3L))).containsExactly(token(1, "a", 5));
      assertThat(lab.lane.reads().byIds(NOTE, List.of(EventId.of(1, 2)))).hasSize(1);
    }
  }

  @Test
  @Tag("A24")
  @DisplayName("A24 delete and save, create and change, create and delete in one group")
  void commit_mergesBatches() {
    try (PostgresFixture lab = PostgresFixture.fresh()) {
      lab.commit(lab.batch(script -> script.save(token(1, "a", 1)).save(token(2, "b", 2))));
      ExecutedBatch second =
          lab.batch(
              script -> script.delete(TOKEN, 1L).save(token(3, "c", 3)).save(token(4, "d", 4)));
      ExecutedBatch third =
          lab.batch(
              script -> script.save(token(1, "z", 9)).save(token(3, "y", 8)).delete(TOKEN, 4L));
      lab.commit(second, third);
      assertThat(lab.tokens()).containsExactly("1|z|9", "2|b|2", "3|y|8");
    }
  }

  @Test
  @Tag("A17")
  @DisplayName("A17 a range without events still moves the frontier, durably")
  void commit_withoutEventsMovesTheFrontier() {
    Frontier opened;
    try (PostgresFixture lab = PostgresFixture.fresh()) {
      lab.commit(lab.batch(script -> script.save(token(1, "a", 1))));
      lab.commit(lab.batch(_ -> {}));
      lab.lane.close();
      try (PostgresFixture next = lab.again()) {
        opened = next.lane.opened();
      }
    }
    assertThat(opened)
        .isEqualTo(
            new Frontier(
                2, 2, 1, new dev.millrace.pipeline.Source.BlockRef(2, PostgresFixture.hash(2))));
  }
}
