package dev.millrace.postgres;

import static dev.millrace.postgres.PostgresFixture.token;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import dev.millrace.loaders.MillraceException;
import dev.millrace.pipeline.EpochHistory;
import org.junit.jupiter.api.Test;

/** Schemas that earlier versions have made are brought up to date. */
final class SchemaMigrationIT {
  @Test
  void schemaOfVersion1_isBroughtUpToDate() throws Exception {
    try (PostgresFixture lab = PostgresFixture.fresh()) {
      lab.commit(lab.batch(script -> script.save(token(1, "a", 1))));
      lab.end();
      TestDatabase.execute(
          "DROP TABLE %s.millrace_contract".formatted(lab.schema),
          "DROP TABLE %s.millrace_trigger".formatted(lab.schema),
          "DROP TABLE %s.millrace_missing_index".formatted(lab.schema),
          "ALTER TABLE %s.millrace_epoch DROP COLUMN followed".formatted(lab.schema),
          "ALTER TABLE %s.millrace_epoch DROP COLUMN mirrored".formatted(lab.schema),
          "DROP INDEX %s.millrace_effect_checkpoint".formatted(lab.schema),
          "DELETE FROM %s.millrace_block".formatted(lab.schema),
          "ALTER TABLE %s.millrace_lane DROP COLUMN final_block".formatted(lab.schema),
          "ALTER TABLE %s.millrace_block ALTER COLUMN parent SET NOT NULL".formatted(lab.schema),
          "UPDATE %s.millrace_schema SET version = 1".formatted(lab.schema));
      assertThat(PostgresStore.status(TestDatabase.settings(), lab.schema)).isPresent();
      try (PostgresFixture next = lab.again()) {
        next.commit(next.reversible(script -> script.save(token(1, "b", 2))));
        assertThat(next.rows("millrace_block", "number, checkpoint")).containsExactly("1|1", "2|2");
        assertThat(next.rewind(1).checkpoint()).isEqualTo(1);
        assertThat(next.tokens()).containsExactly("1|a|1");
        assertThatThrownBy(() -> next.lane.rewind(null))
            .isInstanceOf(MillraceException.class)
            .hasMessageStartingWith("reorg goes deeper than what can be undone");
      }
    }
  }

  @Test
  void schemaOfVersion2_isBroughtUpToDateAsNotMirrored() throws Exception {
    try (PostgresFixture lab = PostgresFixture.fresh()) {
      lab.commit(lab.batch(script -> script.save(token(1, "a", 1))));
      lab.end();
      TestDatabase.execute(
          "DROP TABLE %s.millrace_trigger".formatted(lab.schema),
          "DROP TABLE %s.millrace_missing_index".formatted(lab.schema),
          "ALTER TABLE %s.millrace_epoch DROP COLUMN followed".formatted(lab.schema),
          "ALTER TABLE %s.millrace_epoch DROP COLUMN mirrored".formatted(lab.schema),
          "UPDATE %s.millrace_schema SET version = 2".formatted(lab.schema));
      assertThat(PostgresStore.status(TestDatabase.settings(), lab.schema)).isPresent();
      try (PostgresFixture next = lab.again()) {
        EpochHistory epochHistory = next.lane.epochHistory();
        assertThat(epochHistory.epochs())
            .extracting(
                EpochHistory.Epoch::afterCommit,
                EpochHistory.Epoch::end,
                EpochHistory.Epoch::mirrored)
            .containsExactly(tuple(0L, 1L, false), tuple(1L, 1L, false));
      }
    }
  }
}
