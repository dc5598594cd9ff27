package dev.millrace.clickhouse;

import static dev.millrace.clickhouse.ClickHouseFixture.token;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.clickhouse.client.ClickHouseDatabase;
import dev.millrace.clickhouse.client.MirrorSettings;
import dev.millrace.loaders.EventId;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.loaders.Storage;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.pipeline.SourceBlock;
import dev.millrace.servers.EmbeddedClickHouse;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

@Timeout(120)
@ExtendWith(TestClickHouse.WhereItCanRun.class)
final class MirrorRebuilderIT {
  /** The check of lanes that no other process takes over. */
  private static void held() {}

  @Test
  @Tag("K14")
  @DisplayName("K14 a mirror that was refused is made anew")
  void rebuiltMirrors_areFollowed() {
    try (ClickHouseFixture lab = ClickHouseFixture.fresh()) {
      ClickHouseFixture.MemoryEpochBook book = lab.book("1");
      ClickHouseFixture.Run run = lab.run(book);
      run.commit(run.group(run.batch(false, List.of(token(1, "a", 1), token(2, "b", 2)))));
      run.commit(
          run.group(
              run.batch(
                  true,
                  List.of(
                      token(1, "c", 3), new ClickHouseFixture.Gone(ClickHouseFixture.TOKEN, 2L)))));
      assertThatThrownBy(run::follow).hasMessageContaining("it is empty");

      try (MirrorRebuilder rebuild =
          ClickHouseMirror.rebuild(lab.settings, lab.indexer, MirrorRebuilderIT::held)) {
        rebuild.begin("1", book.epochHistory());
        rebuild.saved(ClickHouseFixture.TOKEN, token(1, "a", 1), 1);
        rebuild.saved(ClickHouseFixture.TOKEN, token(2, "b", 2), 1);
        rebuild.reached(new SourceBlock(2, ClickHouseFixture.hash(0, 2)), 2);
        rebuild.saved(
            ClickHouseFixture.NOTE, new ClickHouseFixture.Note(EventId.of(1, 1), null), 1);
        rebuild.saved(ClickHouseFixture.TOKEN, token(1, "c", 3), 2);
        rebuild.deleted(ClickHouseFixture.TOKEN, 2L, 2);
        rebuild.end();
      }

      ClickHouseFixture next = lab.again();
      ClickHouseFixture.Run after = next.run(book).follow();
      assertThat(lab.tokens()).containsExactly("1|1|c|3");
      assertThat(lab.query("SELECT owner FROM token_at(chain = 1, checkpoint = 1) ORDER BY id"))
          .containsExactly("a", "b");
      assertThatThrownBy(() -> lab.query("SELECT owner FROM token_at(chain = 1, checkpoint = 0)"))
          .hasMessageContaining("made anew later");
      after.commit(true, List.of(token(3, "d", 4)));
      after.openEpoch(1);
      assertThat(lab.tokens()).containsExactly("1|1|a|1", "1|2|b|2");
      next.run(book).follow();
      next.mirror.close();
    }
  }

  @Test
  void entitiesInClickHouseOnly_makeItImpossible() {
    try (ClickHouseFixture lab = ClickHouseFixture.fresh()) {
      lab.run(lab.book("1")).follow().commit(true, List.of(token(1, "a", 1)));
      var only =
          new ClickHouseFixture.TestIndexer(
              "lab", List.of(ClickHouseFixture.TOKEN), Storage.CLICKHOUSE);

      assertThatThrownBy(
              () -> ClickHouseMirror.rebuild(lab.settings, only, MirrorRebuilderIT::held))
          .hasMessageContaining("entities=[Token]");
      assertThat(lab.tokens()).containsExactly("1|1|a|1");
    }
  }

  private static ClickHouseFixture lab(MirrorSettings settings) {
    ClickHouseFixture.TestIndexer indexer =
        new ClickHouseFixture.TestIndexer(
            "lab", List.of(ClickHouseFixture.TOKEN, ClickHouseFixture.NOTE), Storage.BOTH);
    return new ClickHouseFixture(settings, indexer, Failpoint.NONE, new AtomicLong());
  }

  /** Fills a lane with a row at checkpoint 1; the mirror then shows it. */
  private static void fill(
      MirrorRebuilder rebuild, ClickHouseFixture.MemoryEpochBook book, String owner) {
    rebuild.begin("1", book.epochHistory());
    rebuild.saved(ClickHouseFixture.TOKEN, token(1, owner, 1), 1);
    rebuild.saved(ClickHouseFixture.NOTE, new ClickHouseFixture.Note(EventId.of(1, 1), owner), 1);
    rebuild.reached(new SourceBlock(1, ClickHouseFixture.hash(0, 1)), 1);
    rebuild.end();
  }

  /** Lanes that stay held; something happens at their first check. */
  private static Runnable once(Runnable first) {
    AtomicInteger checks = new AtomicInteger();
    return () -> {
      if (checks.getAndIncrement() == 0) {
        first.run();
      }
    };
  }

  @Test
  @Tag("K30")
  @DisplayName("K30 the reply to each request of a rebuild is lost once")
  void lostReplies_leaveOneCopy() throws Exception {
    MirrorSettings direct = TestClickHouse.settings(TestClickHouse.freshDatabase());
    try (ClickHouseCuttingProxy proxy = new ClickHouseCuttingProxy(direct.url());
        ClickHouseFixture lab = lab(direct)) {
      ClickHouseFixture.MemoryEpochBook book = lab.book("1");
      lab.run(book).follow().commit(true, List.of(token(1, "a", 1)));
      MirrorSettings cut =
          MirrorSettings.of(proxy.url(), direct.user(), direct.password(), direct.database());

      proxy.cutNextAnswer();
      try (MirrorRebuilder rebuild =
          ClickHouseMirror.rebuild(cut, lab.indexer, once(proxy::cutNextAnswer))) {
        rebuild.begin("1", book.epochHistory());
        rebuild.saved(ClickHouseFixture.TOKEN, token(1, "a", 1), 1);
        proxy.cutAnswerTo("millrace_rows_token");
        rebuild.saved(ClickHouseFixture.NOTE, new ClickHouseFixture.Note(EventId.of(1, 1), "x"), 1);
        proxy.cutAnswerTo("millrace_rows_note");
        rebuild.reached(new SourceBlock(1, ClickHouseFixture.hash(0, 1)), 1);
        rebuild.saved(ClickHouseFixture.TOKEN, token(2, "b", 2), 1);
        proxy.cutAnswerTo(MirrorBookkeeping.REACHED);
        rebuild.end();
      }

      assertThat(lab.query("SELECT id, _checkpoint FROM token_history ORDER BY id"))
          .containsExactly("1|1", "2|1");
      assertThat(lab.query("SELECT text FROM note")).containsExactly("x");
      assertThat(lab.query("SELECT checkpoint FROM millrace_checkpoints")).containsExactly("1");
    }
  }

  @Test
  @Tag("K30")
  @DisplayName("K30 the server is killed again and again while a mirror is rebuilt")
  void killedServers_leaveOneCopy() {
    try (EmbeddedClickHouse server =
            TestClickHouse.start(
                Path.of("target", "clickhouse-rebuilt-it"), TestClickHouse.standard());
        ClickHouseFixture lab =
            lab(TestClickHouse.settings(server, TestClickHouse.freshDatabase()))) {
      ClickHouseFixture.MemoryEpochBook book = lab.book("1");
      lab.run(book).follow().commit(true, List.of(token(1, "a", 1)));
      try (MirrorRebuilder rebuild =
          ClickHouseMirror.rebuild(lab.settings, lab.indexer, once(server::killHard))) {
        rebuild.begin("1", book.epochHistory());
        for (int round = 0; round < 60; round++) {
          if (round % 20 == 10) {
            Thread.ofVirtual().start(server::killHard);
          }
          // Another table each time, so that the rows of the one before are sent.
          for (int i = 0; i < 2000; i++) {
            long id = round * 2000L + i;
            if (round % 2 == 0) {
              rebuild.saved(ClickHouseFixture.TOKEN, token(id, "a", id), 1);
            } else {
              rebuild.saved(
                  ClickHouseFixture.NOTE,
                  new ClickHouseFixture.Note(EventId.of(1, (int) id), "x"),
                  1);
            }
          }
        }
        rebuild.reached(new SourceBlock(1, ClickHouseFixture.hash(0, 1)), 1);
        rebuild.end();
      }

      assertThat(lab.query("SELECT count(), uniqExact(id), any(_checkpoint) FROM token_history"))
          .containsExactly("60000|60000|1");
      assertThat(lab.query("SELECT count(), uniqExact(id) FROM note"))
          .containsExactly("60000|60000");
    }
  }

  @Test
  @Tag("K30")
  @DisplayName("K30 rows that were lost behind a known token are missed before the lane counts")
  void lostRows_endTheRebuild() {
    try (ClickHouseFixture lab = lab(TestClickHouse.settings(TestClickHouse.freshDatabase()))) {
      ClickHouseFixture.MemoryEpochBook book = lab.book("1");
      lab.run(book).follow().commit(true, List.of(token(1, "a", 1)));
      try (MirrorRebuilder rebuild =
          ClickHouseMirror.rebuild(lab.settings, lab.indexer, MirrorRebuilderIT::held)) {
        rebuild.begin("1", book.epochHistory());
        rebuild.saved(ClickHouseFixture.TOKEN, token(1, "a", 1), 1);
        rebuild.saved(ClickHouseFixture.NOTE, new ClickHouseFixture.Note(EventId.of(1, 1), "x"), 1);
        TestClickHouse.execute(
            lab.settings,
            "ALTER TABLE millrace_rows_token DELETE WHERE true SETTINGS mutations_sync = 1");

        assertThatThrownBy(rebuild::end)
            .hasMessageContaining("lost or doubled")
            .isInstanceOfSatisfying(
                MillraceException.class,
                failed -> assertThat(failed.remedy()).isEqualTo(Remedy.RESTART));
      }
      assertThat(lab.query("SELECT key FROM millrace_mirror")).isEmpty();
      assertThat(lab.tokens()).isEmpty();
    }
  }

  /** The lanes as they are checked: another process has them after the first check. */
  private static Runnable lostAfter(Runnable takeover) {
    AtomicInteger checks = new AtomicInteger();
    return () -> {
      if (checks.getAndIncrement() > 0) {
        throw new MillraceException(Remedy.YIELD, "lane was taken over");
      }
      takeover.run();
    };
  }

  private static void assertYields(Runnable call) {
    assertThatThrownBy(call::run)
        .isInstanceOfSatisfying(
            MillraceException.class, failed -> assertThat(failed.remedy()).isEqualTo(Remedy.YIELD));
  }

  @Test
  @Tag("K31")
  @DisplayName("K31 a rebuild stands still right before its drop, and a run takes its lane over")
  void stoppedDrop_sparesTheMirrorOfARun() {
    try (ClickHouseFixture lab = lab(TestClickHouse.settings(TestClickHouse.freshDatabase()))) {
      ClickHouseFixture.MemoryEpochBook book = lab.book("1");
      lab.run(book).follow().commit(true, List.of(token(1, "a", 1)));
      book.open();
      assertYields(() ->
          ClickHouseMirror.rebuild(
              lab.settings,
              lab.indexer,
              lostAfter(() -> lab.run(book).follow().commit(true, List.of(token(2, "b", 2))))));

      assertThat(lab.tokens()).containsExactly("1|1|a|1", "1|2|b|2");
      lab.run(book).follow().commit(true, List.of(token(3, "c", 3)));
      assertThat(lab.tokens()).containsExactly("1|1|a|1", "1|2|b|2", "1|3|c|3");
      assertThat(lab.query("SELECT name FROM system.tables WHERE name LIKE 'millrace_fence%'"))
          .isEmpty();
    }
  }

  @Test
  @Tag("K31")
  @DisplayName("K31 a rebuild stands still right before its drop, and another rebuild completes")
  void stoppedDrop_sparesTheMirrorOfARebuild() {
    try (ClickHouseFixture lab = lab(TestClickHouse.settings(TestClickHouse.freshDatabase()))) {
      ClickHouseFixture.MemoryEpochBook book = lab.book("1");
      lab.run(book).follow().commit(true, List.of(token(1, "a", 1)));
      book.open();
      assertYields(() ->
          ClickHouseMirror.rebuild(
              lab.settings,
              lab.indexer,
              lostAfter(() -> {
                book.open();
                try (MirrorRebuilder next =
                    ClickHouseMirror.rebuild(lab.settings, lab.indexer, MirrorRebuilderIT::held)) {
                  fill(next, book, "b");
                }
              })));

      assertThat(lab.tokens()).containsExactly("1|1|b|1");
      assertThat(lab.query("SELECT text FROM note")).containsExactly("b");
    }
  }

  @Test
  @Tag("K31")
  @DisplayName("K31 a former holder that withdraws a fence delays the drop of the present one")
  void withdrawnFence_isMadeAnewByTheHolder() {
    try (ClickHouseFixture lab = lab(TestClickHouse.settings(TestClickHouse.freshDatabase()))) {
      ClickHouseFixture.MemoryEpochBook book = lab.book("1");
      lab.run(book).follow().commit(true, List.of(token(1, "a", 1)));
      book.open();
      Runnable late =
          once(() -> {
            try (ClickHouseDatabase server = new ClickHouseDatabase(lab.settings)) {
              FencedDrop.withdrawFences(server);
            }
          });
      try (MirrorRebuilder rebuild = ClickHouseMirror.rebuild(lab.settings, lab.indexer, late)) {
        fill(rebuild, book, "b");
      }

      assertThat(lab.tokens()).containsExactly("1|1|b|1");
      assertThat(lab.query("SELECT name FROM system.tables WHERE name LIKE 'millrace_moved%'"))
          .isEmpty();
    }
  }
}
