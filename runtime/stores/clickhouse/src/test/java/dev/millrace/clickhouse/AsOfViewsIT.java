package dev.millrace.clickhouse;

import static dev.millrace.clickhouse.ClickHouseFixture.token;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.loaders.EventId;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

@Timeout(120)
@ExtendWith(TestClickHouse.WhereItCanRun.class)
final class AsOfViewsIT {
  @Test
  @Tag("K9")
  @DisplayName("K9 a query as of an older visible checkpoint, rolled-back branches left out")
  void pastStates_areThoseOfTheBranchThatCounts() {
    try (ClickHouseFixture lab = ClickHouseFixture.fresh()) {
      ClickHouseFixture.Run run = lab.run(lab.book("1")).follow();
      run.commit(
          true, List.of(token(1, "a", 1), new ClickHouseFixture.Note(EventId.of(1, 0), "x")));
      run.commit(true, List.of(token(1, "gone", 2)), List.of(token(2, "gone", 3)));
      run.openEpoch(1);
      run.commit(
          true,
          List.of(token(1, "b", 4)),
          List.of(new ClickHouseFixture.Gone(ClickHouseFixture.TOKEN, 1L), token(3, "c", 5)));
      run.commit(
          true, List.of(token(3, "d", 6), new ClickHouseFixture.Note(EventId.of(4, 0), "y")));

      assertThat(at(lab, "checkpoint = 0")).isEmpty();
      assertThat(at(lab, "checkpoint = 1")).containsExactly("1|a|1");
      assertThat(at(lab, "checkpoint = 2")).containsExactly("1|b|4");
      assertThat(at(lab, "checkpoint = 3")).containsExactly("3|c|5");
      assertThat(at(lab, "checkpoint = 4")).containsExactly("3|d|6");
      assertThatThrownBy(() -> at(lab, "checkpoint = 5")).hasMessageContaining("has not reached");
      assertThat(lab.query("SELECT text FROM note_at(chain = 1, checkpoint = 3)"))
          .containsExactly("x");
      for (long checkpoint = 0; checkpoint <= 4; checkpoint++) {
        assertThat(lab.read(ClickHouseFixture.TOKEN, run.book, checkpoint))
            .isEqualTo(run.book.state(ClickHouseFixture.TOKEN, checkpoint));
      }
    }
  }

  private static List<String> at(ClickHouseFixture lab, String when) {
    return lab.query(
        "SELECT id, owner, amount FROM token_at(chain = 1, %s) ORDER BY id".formatted(when));
  }

  @Test
  @Tag("K9")
  @DisplayName("K9 as of a block and of a moment")
  void pastStates_areFoundByBlockAndMoment() {
    try (ClickHouseFixture lab = ClickHouseFixture.fresh()) {
      ClickHouseFixture.Run run = lab.run(lab.book("1")).follow();
      run.commit(true, List.of(token(1, "a", 1)), List.of(token(1, "b", 2)));

      assertThat(lab.query("SELECT owner FROM token_at_block(chain = 1, block = 0)")).isEmpty();
      assertThat(lab.query("SELECT owner FROM token_at_block(chain = 1, block = 1)"))
          .containsExactly("a");
      assertThat(lab.query("SELECT owner FROM token_at_block(chain = 1, block = 99)"))
          .containsExactly("b");
      assertThat(moment(lab, ClickHouseFixture.time(1).toString())).containsExactly("a");
      assertThat(moment(lab, ClickHouseFixture.time(2).minusMillis(1).toString()))
          .containsExactly("a");
      assertThat(moment(lab, ClickHouseFixture.time(2).toString())).containsExactly("b");
      assertThat(moment(lab, ClickHouseFixture.time(0).toString())).isEmpty();
      TestClickHouse.execute(
          lab.settings,
          "INSERT INTO millrace_reached SELECT 1, 3, unhex(repeat('00', 32)), NULL, 1, 3",
          "INSERT INTO millrace_ends (chain, epoch, end, by, commit) VALUES (1, 1, 3, 1, 2)");
      assertThatThrownBy(() -> moment(lab, ClickHouseFixture.time(4).toString()))
          .hasMessageContaining("ask for a block");
      assertThat(moment(lab, ClickHouseFixture.time(1).toString())).containsExactly("a");
    }
  }

  private static List<String> moment(ClickHouseFixture lab, String time) {
    return lab.query(
        "SELECT owner FROM token_at_time(chain = 1, time = '%s')"
            .formatted(time.replace("T", " ").replace("Z", "")));
  }

  @Test
  @Tag("K11")
  @DisplayName("K11 as-of reads of LATEST entities end at the last final checkpoint, and say so")
  void latestVersions_haveNoPast() {
    try (ClickHouseFixture lab = ClickHouseFixture.fresh()) {
      ClickHouseFixture.Run run = lab.run(lab.book("1")).follow();
      run.commit(
          false,
          List.of(new ClickHouseFixture.Gauge(1, 1)),
          List.of(new ClickHouseFixture.Gauge(1, 2)));
      run.commit(
          true,
          List.of(new ClickHouseFixture.Gauge(1, 3)),
          List.of(new ClickHouseFixture.Gauge(1, 4)));

      assertThat(lab.query("SELECT value, _checkpoint FROM gauge_history ORDER BY _checkpoint"))
          .containsExactly("2|2", "3|3", "4|4");
      assertThat(lab.query("SELECT value FROM gauge_at(chain = 1, checkpoint = 3)"))
          .containsExactly("3");
      assertThat(lab.query("SELECT value FROM gauge_at(chain = 1, checkpoint = 2)"))
          .containsExactly("2");
      assertThatThrownBy(() -> lab.query("SELECT value FROM gauge_at(chain = 1, checkpoint = 1)"))
          .hasMessageContaining("of gauge only the latest versions are kept");
      assertThatThrownBy(() -> lab.query("SELECT value FROM gauge_at_block(chain = 1, block = 1)"))
          .hasMessageContaining("only the latest versions are kept");
    }
  }
}
