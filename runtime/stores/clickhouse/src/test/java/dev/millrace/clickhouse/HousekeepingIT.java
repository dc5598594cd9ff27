package dev.millrace.clickhouse;

import static dev.millrace.clickhouse.ClickHouseFixture.token;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.clickhouse.client.ClickHouseDatabase;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Storage;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.pipeline.MirrorGroup;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

@Timeout(120)
@ExtendWith(TestClickHouse.WhereItCanRun.class)
final class HousekeepingIT {
  private static ClickHouseFixture lab(Duration longestQuery) {
    return new ClickHouseFixture(
        TestClickHouse.settings(TestClickHouse.freshDatabase()).withLongestQuery(longestQuery),
        new ClickHouseFixture.TestIndexer(
            "lab",
            List.of(ClickHouseFixture.TOKEN, ClickHouseFixture.NOTE, ClickHouseFixture.GAUGE),
            Storage.BOTH),
        Failpoint.NONE,
        new AtomicLong());
  }

  @Test
  @Tag("K11")
  @DisplayName("K11 housekeeping deletes dead rows of closed epochs and nothing else")
  void deadRows_goAndNoReaderSeesIt() {
    try (ClickHouseFixture lab = lab(Duration.ZERO)) {
      ClickHouseFixture.Run run = lab.run(lab.book("1")).follow();
      run.commit(true, List.of(token(1, "a", 1)));
      run.commit(true, List.of(token(1, "dead", 2)), List.of(token(2, "dead", 3)));
      run.openEpoch(1);
      run.commit(true, List.of(token(1, "b", 4)));

      lab.mirror.clean();

      assertThat(rows(lab, "token")).containsExactly("1|1|1|a", "1|2|2|b");
      assertThat(lab.query("SELECT count() FROM millrace_reached")).containsExactly("2");
      assertThat(lab.tokens()).containsExactly("1|1|b|4");
      lab.run(run.book).follow();
      assertThat(lab.read(ClickHouseFixture.TOKEN, run.book, 2))
          .isEqualTo(run.book.state(ClickHouseFixture.TOKEN, 2));
    }
  }

  private static List<String> rows(ClickHouseFixture lab, String table) {
    return lab.query(
        "SELECT id, _epoch, _checkpoint, assumeNotNull(owner) FROM millrace_rows_%s ORDER BY id, _epoch, _checkpoint"
            .formatted(table));
  }

  @Test
  @Tag("K11")
  @DisplayName("K11 housekeeping between an insert and its retry")
  void rowsOfTheCurrentEpoch_stay() {
    try (ClickHouseFixture lab = lab(Duration.ZERO)) {
      ClickHouseFixture.Run run = lab.run(lab.book("1")).follow();
      run.commit(true, List.of(token(1, "a", 1)));
      run.openEpoch(0);
      MirrorGroup group = run.group(run.batch(true, List.of(token(1, "b", 2))));
      run.lane.insert(group);

      lab.mirror.clean();
      run.lane.insert(group);
      run.commit(group);
      run.lane.publish(run.said());

      assertThat(lab.tokens()).containsExactly("1|1|b|2");
      assertThat(rows(lab, "token")).containsExactly("1|2|1|b");
    }
  }

  @Test
  @Tag("K11")
  @DisplayName(
      "K11 superseded versions go for LATEST entities only, when what supersedes them is final")
  void supersededVersions_goWhereNoReaderMayAskForThem() {
    try (ClickHouseFixture lab = lab(Duration.ZERO)) {
      ClickHouseFixture.MemoryEpochBook book = lab.book("1");
      ClickHouseFixture.Run run = lab.run(book).follow();
      for (int i = 1; i <= 5; i++) {
        run.commit(false, List.of(new ClickHouseFixture.Gauge(1, i), token(1, "a", i)));
      }
      run.commit(true, List.of(new ClickHouseFixture.Gauge(1, 6)));
      lab.mirror.clean();
      assertThat(gauges(lab)).as("the current epoch is left alone").hasSize(6);

      lab.run(book).follow();
      lab.mirror.clean();

      assertThat(gauges(lab)).containsExactly("5|5", "6|6");
      assertThat(lab.query("SELECT value FROM gauge_at(chain = 1, checkpoint = 5)"))
          .containsExactly("5");
      assertThat(lab.query("SELECT value FROM gauge")).containsExactly("6");
      assertThat(lab.query("SELECT count() FROM token_history")).containsExactly("5");
      assertThat(lab.read(ClickHouseFixture.GAUGE, book, 6))
          .isEqualTo(book.state(ClickHouseFixture.GAUGE, 6));
    }
  }

  @Test
  @Tag("K11")
  @DisplayName("K11 the history of LATEST entities is the same before and after housekeeping")
  void historyOfLatestVersions_isWhatHousekeepingLeaves() {
    try (ClickHouseFixture lab = lab(Duration.ZERO)) {
      ClickHouseFixture.MemoryEpochBook book = lab.book("1");
      ClickHouseFixture.Run run = lab.run(book).follow();
      for (int value = 1; value <= 4; value++) {
        run.commit(false, List.of(new ClickHouseFixture.Gauge(1, value)));
      }
      run.commit(false, List.of(new ClickHouseFixture.Gauge(2, 5)));
      run.commit(true, List.of(new ClickHouseFixture.Gauge(1, 6)));
      lab.run(book).follow();
      String history = "SELECT id, value, _checkpoint FROM gauge_history ORDER BY _checkpoint";
      List<String> before = lab.query(history);
      int held = gauges(lab).size();

      lab.mirror.clean();

      assertThat(before).containsExactly("1|4|4", "2|5|5", "1|6|6");
      assertThat(gauges(lab)).hasSizeLessThan(held);
      assertThat(lab.query(history)).isEqualTo(before);
    }
  }

  @Test
  @Tag("K11")
  @DisplayName("K11 superseded versions of more ids than one statement holds go too")
  void supersededVersions_ofManyIdsGo() {
    try (ClickHouseFixture lab = lab(Duration.ZERO)) {
      ClickHouseFixture.MemoryEpochBook book = lab.book("1");
      ClickHouseFixture.Run run = lab.run(book).follow();
      for (int value = 1; value <= 3; value++) {
        List<Object> all = new ArrayList<>();
        for (int id = 1; id <= 50; id++) {
          all.add(new ClickHouseFixture.Gauge(id, value));
        }
        run.commit(false, all);
      }
      lab.run(book).follow();
      Housekeeping housekeeping =
          new Housekeeping(
              lab.settings,
              List.of(new MirrorTable<>(ClickHouseFixture.GAUGE)),
              System::nanoTime,
              7);
      housekeeping.published(1, book.said());

      housekeeping.run();

      assertThat(lab.query("SELECT count(), min(value) FROM millrace_all_gauge"))
          .containsExactly("50|3");
      assertThat(lab.read(ClickHouseFixture.GAUGE, book, 3))
          .containsExactlyInAnyOrderElementsOf(book.state(ClickHouseFixture.GAUGE, 3));
    }
  }

  @Test
  @Tag("K11")
  @DisplayName("K11 a deletion that fails is withdrawn and not in the way of the next")
  void deletion_thatFailsIsWithdrawn() {
    try (ClickHouseFixture lab = lab(Duration.ZERO);
        ClickHouseDatabase server = new ClickHouseDatabase(lab.settings)) {
      ClickHouseFixture.Run run = lab.run(lab.book("1")).follow();
      run.commit(true, List.of(token(1, "a", 1)));
      run.commit(true, List.of(token(1, "dead", 2)));
      run.openEpoch(1);

      assertThatThrownBy(
              () -> Housekeeping.delete(server, "millrace_rows_token", "throwIf(_checkpoint > 0)"))
          .isInstanceOf(MillraceException.class)
          .hasMessageContaining("housekeeping failed");
      assertThat(
              lab.query(
                  "SELECT count() FROM system.mutations WHERE database = currentDatabase() AND NOT is_done"))
          .containsExactly("0");
      lab.mirror.clean();
      assertThat(rows(lab, "token")).containsExactly("1|1|1|a");
    }
  }

  private static List<String> gauges(ClickHouseFixture lab) {
    return lab.query("SELECT value, _checkpoint FROM millrace_all_gauge ORDER BY _checkpoint");
  }

  @Test
  @Tag("K11")
  @DisplayName("K11 what a query may still read by older ends stays")
  void rowsThatDiedJustNow_stay() {
    try (ClickHouseFixture lab = lab(Duration.ofHours(1))) {
      ClickHouseFixture.Run run = lab.run(lab.book("1")).follow();
      run.commit(true, List.of(token(1, "a", 1)));
      run.openEpoch(0);

      lab.mirror.clean();

      assertThat(rows(lab, "token")).containsExactly("1|1|1|a");
    }
  }

  @Test
  void knowledgeOfAnHour_isUsedOnceItIsAnHourOld() {
    try (ClickHouseFixture lab = lab(Duration.ofHours(1))) {
      ClickHouseFixture.Run run = lab.run(lab.book("1")).follow();
      run.commit(true, List.of(token(1, "a", 1)));
      AtomicLong clock = new AtomicLong();
      Housekeeping housekeeping =
          new Housekeeping(
              lab.settings, List.of(new MirrorTable<>(ClickHouseFixture.TOKEN)), clock::get);
      housekeeping.published(1, run.said());
      run.openEpoch(0);
      clock.addAndGet(Duration.ofMinutes(10).toNanos());
      housekeeping.published(1, run.book.said());
      for (int minute = 11; minute < 69; minute++) {
        clock.set(Duration.ofMinutes(minute).toNanos());
        housekeeping.published(1, run.said());
      }
      housekeeping.run();
      assertThat(rows(lab, "token")).hasSize(1);

      clock.set(Duration.ofMinutes(80).toNanos());
      housekeeping.run();
      assertThat(rows(lab, "token")).isEmpty();
    }
  }
}
