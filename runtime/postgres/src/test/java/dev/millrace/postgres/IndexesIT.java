package dev.millrace.postgres;

import static dev.millrace.postgres.Lab.TOKEN;
import static dev.millrace.postgres.Lab.token;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.millrace.loaders.Entity;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.Id;
import dev.millrace.loaders.Index;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.Probe;
import java.time.Duration;
import java.util.List;
import java.util.Random;
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
  @DisplayName("D4 indexes are built once and stay over a restart, which takes no time")
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
      long closed = System.nanoTime();
      try (Lab next = lab.again()) {
        next.lane.finish();
        next.lane.index(TOKEN, List.of("amount", "owner"));
        next.commit(next.batch(script -> script.save(token(2, "b", 2))));
        assertThat(Duration.ofNanos(System.nanoTime() - closed)).isLessThan(Duration.ofSeconds(5));
        assertThat(files(lab)).isEqualTo(built);
      }
    }
  }

  @Entity
  record Page(@Id long id, @Index String title, String body) {}

  @Test
  @DisplayName("a value that no index takes is refused when it is saved, or the index is left out")
  void longValues_areRefusedOrLeaveTheIndexOut() throws Exception {
    EntityType<Page> type = EntityType.of(Page.class);
    Random random = new Random(1);
    String most = text(random, 2_000);
    String body = text(random, 5_000);
    try (Lab lab = Lab.of(type)) {
      lab.commit(lab.batch(script -> script.save(new Page(1, most, body))));
      MillraceException refused =
          catchThrowableOfType(
              MillraceException.class,
              () -> lab.batch(script -> script.save(new Page(2, most + "x", body))));
      assertThat(refused.remedy()).isEqualTo(Remedy.FIX_HANDLER);
      assertThat(refused)
          .hasMessageContaining("value is too long for an index: bytes=2001 most=2000");
      lab.lane.finish();
      lab.lane.index(type, List.of("body"));
      assertThat(
              Database.query(
                  "SELECT indexname FROM pg_indexes WHERE schemaname = '%s' AND tablename = 'page'"
                      .formatted(lab.schema)))
          .containsExactlyInAnyOrder("page_pkey", "page.title");
    }
  }

  /** What no compression makes any shorter. */
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
