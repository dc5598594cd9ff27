package dev.millrace.clickhouse;

import static dev.millrace.clickhouse.ClickHouseFixture.token;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.clickhouse.client.MirrorSettings;
import dev.millrace.loaders.Entity;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.Id;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Storage;
import dev.millrace.pipeline.Failpoint;
import java.math.BigInteger;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

@Timeout(120)
@ExtendWith(TestClickHouse.WhereItCanRun.class)
final class MirrorSchemaIT {
  @Entity(table = "token")
  record OtherToken(@Id long id, @Nullable String owner, BigInteger amount) {}

  @Entity(table = "token_history")
  record Clash(@Id long id) {}

  private static ClickHouseFixture.TestIndexer indexer(EntityType<?>... types) {
    return new ClickHouseFixture.TestIndexer("lab", List.of(types), Storage.BOTH);
  }

  private static void assertRefused(
      ClickHouseFixture lab, ClickHouseFixture.TestIndexer changed, String why) {
    assertThatThrownBy(() -> ClickHouseMirror.open(lab.settings, changed, Failpoint.NONE).close())
        .isInstanceOf(MillraceException.class)
        .hasMessageContaining(why);
  }

  @Test
  void changedDefinitions_areRefused() {
    try (ClickHouseFixture lab = ClickHouseFixture.of(Failpoint.NONE, ClickHouseFixture.TOKEN)) {
      lab.run(lab.book("1")).follow().commit(true, List.of(token(1, "a", 1)));

      assertRefused(
          lab,
          indexer(EntityType.of(OtherToken.class)),
          "table was made for another definition: table=millrace_rows_token"
              + " was=[`amount` UInt256 CODEC(ZSTD(1))] now=[`amount` Int256 CODEC(ZSTD(1))]");
      assertRefused(
          lab, indexer(), "belongs to no entity that is mirrored: table=millrace_rows_token");
      assertRefused(
          lab,
          indexer(ClickHouseFixture.TOKEN, ClickHouseFixture.NOTE),
          "table is missing: table=millrace_rows_note");
      lab.again().mirror.close();
      assertThat(lab.tokens()).containsExactly("1|1|a|1");
    }
  }

  @Test
  void entitiesThatWouldHideAView_areRefused() {
    try (ClickHouseFixture lab = ClickHouseFixture.of(Failpoint.NONE, ClickHouseFixture.NOTE)) {
      assertThat(ClickHouseMirror.reset(lab.settings)).isTrue();
      assertRefused(
          lab,
          indexer(ClickHouseFixture.TOKEN, EntityType.of(Clash.class)),
          "two views of the mirror have one name, rename an entity: view=token_history");
    }
  }

  @Test
  void reset_dropsWhatIsOursAndNothingElse() {
    try (ClickHouseFixture lab = ClickHouseFixture.fresh()) {
      TestClickHouse.execute(
          lab.settings, "CREATE TABLE theirs (id UInt64) ENGINE = MergeTree ORDER BY id");
      lab.run(lab.book("1")).follow().commit(true, List.of(token(1, "a", 1)));

      assertThat(ClickHouseMirror.reset(lab.settings)).isTrue();
      assertThat(lab.query("SELECT name FROM system.tables WHERE database = currentDatabase()"))
          .containsExactly("theirs");
      assertThat(ClickHouseMirror.reset(lab.settings)).isFalse();
      assertThat(ClickHouseMirror.reset(TestClickHouse.settings("there_is_none"))).isFalse();

      ClickHouseFixture.Run run = lab.again().run(lab.book("1")).follow();
      run.commit(true, List.of(token(1, "b", 2)));
      assertThat(lab.tokens()).containsExactly("1|1|b|2");
    }
  }

  /** The reset was stopped between the stores, and an indexer has begun the mirror since. */
  @Test
  @Tag("K32")
  @DisplayName("K32 a reset that was stopped between the stores leaves a mirror begun since")
  void reset_leavesAMirrorThatHasBegunSince() {
    try (ClickHouseFixture lab = ClickHouseFixture.fresh()) {
      Optional<String> before = ClickHouseMirror.followed(lab.settings);
      lab.run(lab.book("1")).follow().commit(true, List.of(token(1, "a", 1)));

      for (Optional<String> seen : List.of(before, Optional.of("an earlier schema"))) {
        assertThatThrownBy(() -> ClickHouseMirror.reset(lab.settings, seen))
            .hasMessageContaining("begun anew during the reset and is left alone");
      }
      assertThat(lab.tokens()).containsExactly("1|1|a|1");
      assertThat(
              lab.query(
                  "SELECT name FROM system.tables WHERE database = currentDatabase()"
                      + " AND startsWith(name, 'millrace_fence')"))
          .isEmpty();
    }
  }

  @Test
  void mirrorsOfOthers_areReported() {
    try (ClickHouseFixture lab = ClickHouseFixture.of(Failpoint.NONE, ClickHouseFixture.TOKEN)) {
      Optional<String> own = Optional.of("first");
      ClickHouseMirror.checkFollows(lab.settings, Optional.of("any, nobody has begun it"));
      lab.run(lab.book("1")).follow();

      ClickHouseMirror.checkFollows(lab.settings, own);
      for (Optional<String> other : List.of(Optional.of("second"), Optional.<String>empty())) {
        assertThatThrownBy(() -> ClickHouseMirror.checkFollows(lab.settings, other))
            .hasMessageContaining("mirror follows another schema")
            .hasMessageContaining("database=" + lab.settings.database());
      }
      ClickHouseMirror.reset(lab.settings);
      ClickHouseMirror.checkFollows(lab.settings, Optional.empty());
      ClickHouseMirror.checkFollows(TestClickHouse.settings("there_is_none"), Optional.empty());
    }
  }

  /** They would otherwise count as soon as their epochs and checkpoints came again. */
  @Test
  void rowsOfNoLane_areRefused() {
    for (String left : List.of("millrace_rows_token", "millrace_reached", "millrace_ends")) {
      try (ClickHouseFixture lab = ClickHouseFixture.of(Failpoint.NONE, ClickHouseFixture.TOKEN)) {
        lab.run(lab.book("1")).follow().commit(true, List.of(token(1, "a", 1)));
        List.of("millrace_rows_token", "millrace_reached", "millrace_ends", "millrace_mirror")
            .forEach(name -> {
              if (!name.equals(left)) {
                TestClickHouse.execute(lab.settings, "DROP TABLE " + name);
              }
            });

        assertRefused(lab, lab.indexer, "does not know whose, a reset or a rebuild did not come");
        ClickHouseMirror.reset(lab.settings);
        ClickHouseMirror.open(lab.settings, lab.indexer, Failpoint.NONE).close();
      }
    }
  }

  @Test
  void tablesOfOthers_areNotReplaced() {
    MirrorSettings settings = TestClickHouse.settings(TestClickHouse.freshDatabase());
    TestClickHouse.execute(
        TestClickHouse.settings("default"), "CREATE DATABASE " + settings.database());
    TestClickHouse.execute(
        settings, "CREATE TABLE token (id UInt64) ENGINE = MergeTree ORDER BY id");

    assertThatThrownBy(
            () -> ClickHouseMirror.open(settings, indexer(ClickHouseFixture.TOKEN), Failpoint.NONE))
        .hasMessageContaining("not ours");
    TestClickHouse.execute(settings, "DROP DATABASE " + settings.database());
  }
}
