package dev.millrace.clickhouse;

import static dev.millrace.clickhouse.ClickHouseFixture.token;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.clickhouse.client.ClickHouseDatabase;
import dev.millrace.clickhouse.client.MirrorSettings;
import dev.millrace.clickhouse.client.RowBinaryBuffer;
import dev.millrace.loaders.Entity;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.EventId;
import dev.millrace.loaders.Id;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.MirrorOptions;
import dev.millrace.loaders.Remedy;
import dev.millrace.loaders.Storage;
import dev.millrace.pipeline.EpochEnds;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.pipeline.MirrorGroup;
import dev.millrace.servers.EmbeddedClickHouse;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.LongStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

@Timeout(300)
@ExtendWith(TestClickHouse.WhereItCanRun.class)
final class FaultIT {
  private static void assertRemedy(Remedy remedy, Runnable call) {
    assertThatThrownBy(call::run)
        .isInstanceOfSatisfying(
            MillraceException.class, failed -> assertThat(failed.remedy()).isEqualTo(remedy));
  }

  @Test
  @Tag("K2")
  @DisplayName("K2 the reply to every insert of a group is lost once")
  void lostReplies_leaveOneCopy() throws Exception {
    MirrorSettings direct = TestClickHouse.settings(TestClickHouse.freshDatabase());
    try (ClickHouseCuttingProxy proxy = new ClickHouseCuttingProxy(direct.url());
        ClickHouseFixture lab =
            new ClickHouseFixture(
                MirrorSettings.of(proxy.url(), direct.user(), direct.password(), direct.database()),
                new ClickHouseFixture.TestIndexer(
                    "lab", List.of(ClickHouseFixture.TOKEN, ClickHouseFixture.NOTE), Storage.BOTH),
                Failpoint.NONE,
                new AtomicLong())) {
      ClickHouseFixture.Run run = lab.run(lab.book("1")).follow();
      MirrorGroup group =
          run.group(
              run.batch(
                  true,
                  List.of(
                      token(1, "a", 1),
                      token(2, "b", 2),
                      new ClickHouseFixture.Note(EventId.of(1, 0), "x"))));
      for (String table :
          List.of("millrace_reached", "millrace_rows_token", "millrace_rows_note")) {
        proxy.cutAnswerTo(table);
        assertRemedy(Remedy.RETRY, () -> run.lane.insert(group));
      }
      run.lane.insert(group);
      run.commit(group);
      proxy.cutNextAnswer();
      assertRemedy(Remedy.RETRY, () -> run.lane.publish(run.said()));
      run.lane.publish(run.said());

      assertThat(lab.query("SELECT id, _checkpoint FROM token_history ORDER BY id"))
          .containsExactly("1|1", "2|1");
      assertThat(lab.query("SELECT id, text FROM note")).containsExactly("1048576|x");
      assertThat(lab.query("SELECT checkpoint FROM millrace_checkpoints")).containsExactly("1");
    }
  }

  /** Rows that have expired already, which the first merge removes. */
  @Entity(immutable = true)
  @MirrorOptions(ttl = "toDateTime(time) + INTERVAL 1 DAY")
  record Moment(@Id EventId id, Instant time) {}

  @Test
  @Tag("K2")
  @DisplayName("K2 rows whose time is over are gone before the insert is sent again")
  void expiredRows_areNotTakenForLost() throws Exception {
    EntityType<Moment> type = EntityType.of(Moment.class);
    MirrorSettings direct = TestClickHouse.settings(TestClickHouse.freshDatabase());
    try (ClickHouseCuttingProxy proxy = new ClickHouseCuttingProxy(direct.url());
        ClickHouseFixture lab =
            new ClickHouseFixture(
                MirrorSettings.of(proxy.url(), direct.user(), direct.password(), direct.database()),
                new ClickHouseFixture.TestIndexer("lab", List.of(type), Storage.BOTH),
                Failpoint.NONE,
                new AtomicLong())) {
      ClickHouseFixture.Run run = lab.run(lab.book("1")).follow();
      MirrorGroup group =
          run.group(run.batch(true, List.of(new Moment(EventId.of(1, 0), Instant.EPOCH))));
      proxy.cutAnswerTo("millrace_rows_moment");
      assertRemedy(Remedy.RETRY, () -> run.lane.insert(group));
      TestClickHouse.execute(direct, "OPTIMIZE TABLE millrace_rows_moment FINAL");
      assertThat(lab.query("SELECT count() FROM millrace_rows_moment")).containsExactly("0");

      run.lane.insert(group);
    }
  }

  @Test
  @Tag("K2")
  @DisplayName("K2 a token is known, its rows are not: an engine died between the two")
  void knownTokens_areNotTakenForRows() throws Exception {
    MirrorSettings direct = TestClickHouse.settings(TestClickHouse.freshDatabase());
    try (ClickHouseCuttingProxy proxy = new ClickHouseCuttingProxy(direct.url());
        ClickHouseFixture lab =
            new ClickHouseFixture(
                MirrorSettings.of(proxy.url(), direct.user(), direct.password(), direct.database()),
                new ClickHouseFixture.TestIndexer(
                    "lab", List.of(ClickHouseFixture.TOKEN), Storage.BOTH),
                Failpoint.NONE,
                new AtomicLong())) {
      ClickHouseFixture.Run run = lab.run(lab.book("1")).follow();
      MirrorGroup group = run.group(run.batch(true, List.of(token(1, "a", 1))));
      proxy.cutNextAnswer();
      assertRemedy(Remedy.RETRY, () -> run.lane.insert(group));
      TestClickHouse.execute(
          direct, "ALTER TABLE millrace_reached DELETE WHERE true SETTINGS mutations_sync = 1");

      assertRemedy(Remedy.RESTART, () -> run.lane.insert(group));
    }
  }

  @Test
  @Tag("K2")
  @DisplayName("K2 a whole group is sent twice")
  void repeatedGroups_leaveOneCopy() {
    try (ClickHouseFixture lab = ClickHouseFixture.fresh()) {
      ClickHouseFixture.Run run = lab.run(lab.book("1")).follow();
      MirrorGroup group =
          run.group(
              run.batch(
                  true, LongStream.range(0, 5000).mapToObj(id -> token(id, "a", id)).toList()));
      run.lane.insert(group);
      run.lane.insert(group);
      run.commit(group);
      run.lane.publish(run.said());

      assertThat(lab.query("SELECT count() FROM token_history")).containsExactly("5000");
      assertThat(lab.query("SELECT count() FROM millrace_reached")).containsExactly("1");
    }
  }

  @Test
  @Tag("K3")
  @DisplayName("K3 rolled back, then identical rows inserted again")
  void identicalRows_areThereAgain() {
    try (ClickHouseFixture lab = ClickHouseFixture.fresh()) {
      ClickHouseFixture.Run run = lab.run(lab.book("1")).follow();
      run.commit(true, List.of(token(1, "a", 1)));
      for (int i = 0; i < 3; i++) {
        run.commit(
            true, List.of(token(1, "b", 2), new ClickHouseFixture.Note(EventId.of(2, 0), "x")));
        assertThat(lab.tokens()).containsExactly("1|1|b|2");
        run.openEpoch(1);
        assertThat(lab.tokens()).containsExactly("1|1|a|1");
        assertThat(lab.query("SELECT id FROM note")).isEmpty();
      }
    }
  }

  @Test
  @Tag("K6")
  @DisplayName("K6 an entity only in ClickHouse, reorg")
  void rowsThatAreNowhereElse_areRolledBack() {
    ClickHouseFixture.TestIndexer only =
        new ClickHouseFixture.TestIndexer(
            "lab", List.of(ClickHouseFixture.TOKEN), Storage.CLICKHOUSE);
    try (ClickHouseFixture lab =
        new ClickHouseFixture(
            TestClickHouse.settings(TestClickHouse.freshDatabase()),
            only,
            Failpoint.NONE,
            new AtomicLong())) {
      ClickHouseFixture.Run run = lab.run(lab.book("1")).follow();
      run.commit(true, List.of(token(1, "a", 1), token(2, "b", 2)));
      run.commit(
          true, List.of(token(1, "c", 3), new ClickHouseFixture.Gone(ClickHouseFixture.TOKEN, 2L)));
      run.openEpoch(1);
      run.commit(true, List.of(token(3, "d", 4)));

      assertThat(lab.tokens()).containsExactly("1|1|a|1", "1|2|b|2", "1|3|d|4");
      assertThat(lab.read(ClickHouseFixture.TOKEN, run.book, 2))
          .isEqualTo(run.book.state(ClickHouseFixture.TOKEN, 2));
    }
  }

  @Test
  @Tag("K7")
  @DisplayName("K7 restart during backfill, with groups in that were never committed")
  void restartsDuringBackfill_keepWhatIsCommitted() {
    try (ClickHouseFixture lab = ClickHouseFixture.fresh()) {
      ClickHouseFixture.MemoryEpochBook book = lab.book("1");
      for (int round = 0; round < 3; round++) {
        ClickHouseFixture.Run run = lab.run(book).follow();
        for (int i = 0; i < 3; i++) {
          long amount = 10L * round + i;
          run.commit(
              false,
              List.of(token(i, "a", amount), new ClickHouseFixture.Gauge(1, amount)),
              List.of(token(i, "b", amount + 1), new ClickHouseFixture.Gauge(1, amount + 1)));
        }
        long committed = book.checkpoint;
        run.lane.insert(run.group(run.batch(false, List.of(token(7, "lost", 1)))));
        run.lane.insert(run.group(run.batch(false, List.of(new ClickHouseFixture.Gauge(1, 99)))));
        book.states.tailMap(committed, false).clear();
      }
      lab.run(book).follow();

      assertThat(lab.read(ClickHouseFixture.TOKEN, book, 18))
          .isEqualTo(book.state(ClickHouseFixture.TOKEN, 18));
      assertThat(lab.tokens()).containsExactly("1|0|b|21", "1|1|b|22", "1|2|b|23");
      assertThat(lab.query("SELECT value FROM gauge")).containsExactly("23");
    }
  }

  @Test
  @Tag("K10")
  @DisplayName("K10 a fenced process wakes up under numbers that its successor uses too")
  void fencedProcesses_areNeverSeen() {
    try (ClickHouseFixture lab = ClickHouseFixture.fresh()) {
      ClickHouseFixture.MemoryEpochBook book = lab.book("1");
      ClickHouseFixture.Run fenced = lab.run(book).follow();
      fenced.commit(true, List.of(token(1, "a", 1)));
      MirrorGroup late = fenced.group(fenced.batch(true, List.of(token(1, "fenced", 66))));
      book.states.tailMap(1L, false).clear();
      EpochEnds.End own = fenced.said().ends().getFirst();

      ClickHouseFixture.Run next = lab.run(book).follow();
      next.commit(true, List.of(token(1, "b", 2)));
      fenced.lane.insert(late);
      assertThat(lab.tokens()).containsExactly("1|1|b|2");
      fenced.lane.publish(
          new EpochEnds(
              own.epoch(), 2, List.of(new EpochEnds.End(own.epoch(), 2, own.opened())), 0));

      assertThat(lab.tokens()).containsExactly("1|1|b|2");
      next.commit(true, List.of(token(2, "c", 3)));
      assertThat(lab.read(ClickHouseFixture.TOKEN, book, 3))
          .isEqualTo(book.state(ClickHouseFixture.TOKEN, 3));
      assertThat(lab.tokens()).containsExactly("1|1|b|2", "1|2|c|3");
    }
  }

  @Test
  @Tag("K12")
  @DisplayName("K12 a publication that timed out lands after a rewind has been published")
  void latePublications_haveNoEffect() {
    try (ClickHouseFixture lab = ClickHouseFixture.fresh()) {
      ClickHouseFixture.Run run = lab.run(lab.book("1")).follow();
      run.commit(true, List.of(token(1, "a", 1)));
      run.commit(true, List.of(token(1, "b", 2)));
      EpochEnds late = run.said();
      run.openEpoch(1);
      run.lane.publish(late);
      assertThat(lab.tokens()).containsExactly("1|1|a|1");

      run.commit(true, List.of(token(1, "c", 3)));
      run.lane.publish(late);
      TestClickHouse.execute(lab.settings, "OPTIMIZE TABLE millrace_ends FINAL");
      assertThat(lab.tokens()).containsExactly("1|1|c|3");
    }
  }

  @Test
  @Tag("K2")
  @DisplayName("K2 a retry later than the table remembers is not sent; a new epoch makes up for it")
  void retriesThatAreTooLate_beginANewEpoch() throws Exception {
    MirrorSettings direct = TestClickHouse.settings(TestClickHouse.freshDatabase());
    try (ClickHouseFixture lab =
            new ClickHouseFixture(
                direct,
                new ClickHouseFixture.TestIndexer(
                    "lab", List.of(ClickHouseFixture.TOKEN), Storage.BOTH),
                Failpoint.NONE,
                new AtomicLong());
        ClickHouseCuttingProxy proxy = new ClickHouseCuttingProxy(direct.url());
        ClickHouseDatabase server =
            new ClickHouseDatabase(
                MirrorSettings.of(
                    proxy.url(), direct.user(), direct.password(), direct.database()))) {
      ClickHouseFixture.MemoryEpochBook book = lab.book("1");
      ClickHouseFixture.Run run = lab.run(book).follow();
      MirrorGroup group = run.group(run.batch(true, List.of(token(1, "a", 1))));
      InsertSettings inserts = ClickHouseMirror.create(direct, lab.indexer);
      MirrorGroupInsert insert =
          new MirrorGroupInsert(
              new LaneId("lab", 1), group, List.of(new MirrorTable<>(ClickHouseFixture.TOKEN)));
      Runnable attempt = () -> insert.run(server, inserts, new RowBinaryBuffer(), Failpoint.NONE);
      proxy.cutNextAnswer();
      assertRemedy(Remedy.RETRY, attempt);
      inserts.window(MirrorBookkeeping.REACHED).add(InsertDedupWindow.of(false) / 2);

      assertThatThrownBy(attempt::run)
          .hasMessageContaining("the table has forgotten whether it has it")
          .isInstanceOfSatisfying(
              MillraceException.class,
              failed -> assertThat(failed.remedy()).isEqualTo(Remedy.RESTART));
      assertThat(lab.query("SELECT count() FROM millrace_reached")).containsExactly("1");

      book.states.tailMap(0L, false).clear();
      lab.run(book).follow().commit(true, List.of(token(1, "a", 1)));
      assertThat(lab.query("SELECT id, _checkpoint FROM token_history")).containsExactly("1|1");
    }
  }

  @Test
  @Tag("K4")
  @DisplayName("K4 the server is killed again and again while a lane writes")
  void killedServers_loseNothing() {
    try (EmbeddedClickHouse server =
            TestClickHouse.start(
                Path.of("target", "clickhouse-killed-it"), TestClickHouse.standard());
        ClickHouseFixture lab =
            new ClickHouseFixture(
                TestClickHouse.settings(server, TestClickHouse.freshDatabase()),
                new ClickHouseFixture.TestIndexer(
                    "lab", List.of(ClickHouseFixture.TOKEN, ClickHouseFixture.NOTE), Storage.BOTH),
                Failpoint.NONE,
                new AtomicLong())) {
      ClickHouseFixture.Run run = lab.run(lab.book("1")).follow();
      int tries = 0;
      for (int i = 0; i < 60; i++) {
        long round = i;
        MirrorGroup group =
            run.group(
                run.batch(
                    true,
                    LongStream.range(0, 2000)
                        .<Object>mapToObj(id -> token(id, "a", id * round))
                        .toList()));
        if (i % 20 == 10) {
          Thread.ofVirtual().start(server::killHard);
        }
        tries += ClickHouseFixture.insertPatiently(run, group);
        run.commit(group);
        ClickHouseFixture.patiently(() -> run.lane.publish(run.said()));
      }

      assertThat(tries).isGreaterThan(60);
      assertThat(lab.query("SELECT count(), uniqExact(id, _checkpoint) FROM token_history"))
          .containsExactly("120000|120000");
      assertThat(lab.read(ClickHouseFixture.TOKEN, run.book, 60))
          .hasSize(2000)
          .containsAll(List.of(token(7, "a", 7 * 59)));
    }
  }

  @Test
  void aClosedLane_endsItsCall() throws Exception {
    try (ClickHouseFixture lab = ClickHouseFixture.fresh()) {
      ClickHouseFixture.Run run = lab.run(lab.book("1")).follow();
      TestClickHouse.execute(
          lab.settings,
          "RENAME TABLE millrace_mirror TO true_mirror",
          "CREATE VIEW millrace_mirror AS SELECT * FROM true_mirror WHERE sleepEachRow(1) = 0");
      List<Throwable> thrown = new ArrayList<>();
      Thread caller =
          Thread.ofVirtual()
              .start(() -> {
                try {
                  run.lane.follow(run.book.epochHistory());
                } catch (MillraceException failed) {
                  thrown.add(failed);
                }
              });
      MirrorViewsIT.awaitQuery(lab, "argMax(value");
      run.lane.close();
      run.lane.close();

      assertThat(caller.join(Duration.ofSeconds(2))).isTrue();
      assertThat(thrown).hasSize(1);
    }
  }
}
