package dev.millrace.postgres;

import static dev.millrace.postgres.Lab.TOKEN;
import static dev.millrace.postgres.Lab.token;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.millrace.pipeline.Probe;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Indexes come once, whole, and stay. */
final class IndexesIT {
  private static List<String> indexes(Lab lab) throws Exception {
    return Database.query(
        """
        SELECT i.indexrelid::regclass::oid::text IS NOT NULL, c.relname, i.indisvalid
          FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
         WHERE i.indrelid = '%s.token'::regclass ORDER BY c.relname
        """
            .formatted(lab.schema));
  }

  private static List<String> files(Lab lab) throws Exception {
    return Database.query(
        """
        SELECT relname, relfilenode FROM pg_class
         WHERE relkind = 'i' AND relnamespace = '%s'::regnamespace ORDER BY relname
        """
            .formatted(lab.schema));
  }

  @Test
  @Tag("D4")
  @DisplayName("D4 indexes are built once and stay over a restart")
  void indexes_areBuiltOnceAndStay() throws Exception {
    try (Lab lab = Lab.fresh()) {
      lab.commit(lab.batch(script -> script.save(token(1, "a", 1))));
      assertThat(indexes(lab)).as("none before they are needed").containsExactly("t|token_pkey|t");
      lab.lane.index(TOKEN, List.of("amount", "owner"));
      lab.lane.index(TOKEN, List.of("id"));
      lab.lane.finish();
      assertThat(indexes(lab))
          .containsExactly("t|token.amount.owner|t", "t|token.owner|t", "t|token_pkey|t");
      List<String> built = files(lab);
      lab.lane.close();
      try (Lab next = lab.again()) {
        next.lane.finish();
        next.lane.index(TOKEN, List.of("amount", "owner"));
        next.commit(next.batch(script -> script.save(token(2, "b", 2))));
        assertThat(files(lab)).isEqualTo(built);
      }
    }
  }

  @Test
  @Tag("A16")
  @DisplayName("A16 a build that is killed leaves no index, and the next try builds it")
  void killedBuild_leavesNothing() throws Exception {
    boolean[] fired = new boolean[1];
    Probe crash =
        (point, _) -> {
          if (point == Probe.Point.BUILDING_INDEX && !fired[0]) {
            fired[0] = true;
            throw new IllegalStateException("killed");
          }
        };
    try (Lab lab = Lab.fresh(crash)) {
      lab.commit(lab.batch(script -> script.save(token(1, "a", 1))));
      assertThat(catchThrowable(() -> lab.lane.finish())).hasMessage("killed");
      assertThat(indexes(lab)).containsExactly("t|token_pkey|t");
      lab.lane.finish();
      assertThat(indexes(lab)).containsExactly("t|token.owner|t", "t|token_pkey|t");
      lab.commit(lab.batch(script -> script.save(token(2, "b", 2))));
      assertThat(lab.tokens()).hasSize(2);
    }
  }
}
