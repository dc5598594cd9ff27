package dev.millrace.postgres;

import static dev.millrace.postgres.PostgresFixture.TOKEN;
import static dev.millrace.postgres.PostgresFixture.token;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.millrace.embedded.EmbeddedPostgres;
import dev.millrace.loaders.EventId;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.CommitGroup;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.postgres.client.DatabaseSettings;
import dev.millrace.postgres.client.PostgresErrors;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Transient errors: the group is sent again, and the tables equal those of a faultless run. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
final class TransientIT {
  /** Commits as the lane does; returns the number of failures before success. */
  private static int commitWithRetries(PostgresFixture lab, CommitGroup group) {
    int failures = 0;
    while (true) {
      MillraceException failed =
          catchThrowableOfType(MillraceException.class, () -> lab.lane.commit(group));
      if (failed == null) {
        lab.committed(group);
        return failures;
      }
      assertThat(failed.remedy()).as(failed.getMessage()).isEqualTo(Remedy.RETRY);
      failures++;
      LockSupport.parkNanos(20_000_000);
    }
  }

  private static void terminate(PostgresFixture lab) throws Exception {
    TestDatabase.execute(
        "SELECT pg_terminate_backend(backend_pid) FROM %s.millrace_lane".formatted(lab.schema));
  }

  private static int backend(PostgresFixture lab) throws Exception {
    return Integer.parseInt(
        TestDatabase.one("SELECT backend_pid FROM %s.millrace_lane".formatted(lab.schema)));
  }

  @ParameterizedTest(name = "A9 the session ends at {0}")
  @EnumSource(
      value = Failpoint.Point.class,
      names = {"BEFORE_BEGIN", "DURING_COPY", "AFTER_COPY", "BEFORE_COMMIT", "AFTER_COMMIT"})
  @Tag("A9")
  void endedSession_isReplaced(Failpoint.Point where) throws Exception {
    PostgresFixture[] self = new PostgresFixture[1];
    boolean[] fired = new boolean[1];
    Failpoint fault =
        (point, number) -> {
          if (point == where && number == 2 && !fired[0]) {
            fired[0] = true;
            try {
              terminate(self[0]);
            } catch (Exception failed) {
              throw new AssertionError(failed);
            }
          }
        };
    try (PostgresFixture lab = PostgresFixture.fresh(fault)) {
      self[0] = lab;
      lab.commit(lab.batch(script -> script.save(token(1, "a", 1)).save(token(2, "b", 2))));
      int before = backend(lab);
      int failures =
          commitWithRetries(
              lab,
              lab.group(
                  lab.batch(script ->
                      script.save(token(1, "z", 9)).delete(TOKEN, 2L).save(token(3, "c", 3)))));
      assertThat(failures).isEqualTo(where == Failpoint.Point.AFTER_COMMIT ? 0 : 1);
      commitWithRetries(lab, lab.group(lab.batch(script -> script.save(token(4, "d", 4)))));
      assertThat(lab.tokens()).containsExactly("1|z|9", "3|c|3", "4|d|4");
      assertThat(backend(lab)).as("the new session is on record").isNotEqualTo(before);
    }
  }

  @Test
  @Tag("A20")
  @DisplayName("A20 the answer to COMMIT is lost although it succeeded")
  void lostAnswer_isFoundByTheNumber() throws Exception {
    PostgresFixture.TestIndexer indexer =
        PostgresFixture.TestIndexer.of(TestDatabase.freshSchema(), TOKEN, PostgresFixture.NOTE);
    DatabaseSettings direct = TestDatabase.settings();
    try (PostgresCuttingProxy proxy = new PostgresCuttingProxy(direct.url())) {
      Failpoint cut =
          (point, number) -> {
            if (point == Failpoint.Point.BEFORE_COMMIT && number == 2) {
              proxy.cutAfterNextRequest();
            }
          };
      DatabaseSettings through =
          DatabaseSettings.of(proxy.url(), direct.user(), direct.password())
              .withPatience(Duration.ZERO);
      try (PostgresFixture lab = new PostgresFixture(indexer, cut, through)) {
        lab.commit(lab.batch(script -> script.save(token(1, "a", 1))));
        CommitGroup group =
            lab.group(
                lab.batch(script ->
                    script
                        .save(token(1, "b", 2))
                        .save(new PostgresFixture.Note(EventId.of(1, 1), "once"))));
        MillraceException lost =
            catchThrowableOfType(MillraceException.class, () -> lab.lane.commit(group));
        assertThat(lost.remedy()).isEqualTo(Remedy.RETRY);
        awaitCommit(lab, 2);
        String before = TestDatabase.one("SELECT xmin FROM %s.token".formatted(lab.schema));
        lab.lane.commit(group);
        lab.committed(group);
        assertThat(TestDatabase.one("SELECT xmin FROM %s.token".formatted(lab.schema)))
            .as("nothing is written twice")
            .isEqualTo(before);
        lab.commit(lab.batch(script -> script.save(token(2, "c", 3))));
        assertThat(lab.tokens()).containsExactly("1|b|2", "2|c|3");
        assertThat(lab.rows("note", "text")).containsExactly("once");
      }
    }
  }

  private static void awaitCommit(PostgresFixture lab, long number) throws Exception {
    String sql = "SELECT commit FROM %s.millrace_lane".formatted(lab.schema);
    while (!TestDatabase.one(sql).equals(Long.toString(number))) {
      LockSupport.parkNanos(5_000_000);
    }
  }

  @Test
  @Tag("A9")
  @DisplayName("A9 the server is killed under a commit and comes back")
  void restartedServer_isJoinedAgain() throws Exception {
    try (EmbeddedPostgres server = TestDatabase.start(Path.of("target", "postgres-restart-it"))) {
      boolean[] fired = new boolean[1];
      Failpoint fault =
          (point, number) -> {
            if (point == Failpoint.Point.AFTER_COPY && number == 2 && !fired[0]) {
              fired[0] = true;
              server.killHard();
            }
          };
      PostgresFixture.TestIndexer indexer =
          PostgresFixture.TestIndexer.of(TestDatabase.freshSchema(), TOKEN);
      try (PostgresFixture lab =
          new PostgresFixture(indexer, fault, TestDatabase.settings(server))) {
        lab.commit(lab.batch(script -> script.save(token(1, "a", 1))));
        int failures =
            commitWithRetries(lab, lab.group(lab.batch(script -> script.save(token(1, "b", 2)))));
        assertThat(failures).isPositive();
        assertThat(read(lab)).containsExactly(token(1, "b", 2));
        lab.commit(lab.batch(script -> script.save(token(1, "c", 3))));
        assertThat(read(lab)).containsExactly(token(1, "c", 3));
      } finally {
        server.stop();
      }
    }
  }

  /** Reads with retries, as the lane does. */
  private static List<PostgresFixture.Token> read(PostgresFixture lab) {
    while (true) {
      try {
        return lab.lane.reads().byIds(TOKEN, List.of(1L));
      } catch (MillraceException failed) {
        assertThat(failed.remedy()).isEqualTo(Remedy.RETRY);
      }
    }
  }

  @Test
  @Tag("A9")
  @DisplayName("A9 a serialization failure or a deadlock inside the server is worth a retry")
  void passingStates_areWorthARetry() throws Exception {
    for (String state : List.of("40001", "40P01", "53100", "53300", "57P01", "55P03", "57P03")) {
      DatabaseSettings settings = TestDatabase.settings();
      try (var connection =
              DriverManager.getConnection(settings.url(), settings.user(), settings.password());
          var statement = connection.createStatement()) {
        java.sql.SQLException raised =
            catchThrowableOfType(
                java.sql.SQLException.class,
                () ->
                    statement.execute("DO $$ BEGIN RAISE SQLSTATE '%s'; END $$".formatted(state)));
        MillraceException translated = PostgresErrors.translate("commit", raised);
        assertThat(translated.remedy()).as(state).isEqualTo(Remedy.RETRY);
        assertThat(translated.getMessage()).contains("state=" + state);
      }
    }
  }

  @Test
  void refusedConnection_isWorthARetry() {
    DatabaseSettings nobody =
        DatabaseSettings.of("jdbc:postgresql://127.0.0.1:1/nothing", "nobody", null);
    MillraceException refused =
        catchThrowableOfType(
            MillraceException.class, () -> PostgresStore.status(nobody, "anything"));
    assertThat(refused.remedy()).isEqualTo(Remedy.RETRY);
    assertThat(refused).hasMessageContaining("state=08001");
  }

  @Test
  void wrongPassword_isASetupError() {
    DatabaseSettings right = TestDatabase.settings();
    DatabaseSettings wrong = DatabaseSettings.of(right.url(), right.user(), "guess");
    MillraceException refused =
        catchThrowableOfType(
            MillraceException.class, () -> PostgresStore.status(wrong, "anything"));
    assertThat(refused.remedy()).isEqualTo(Remedy.FIX_SETUP);
    assertThat(refused)
        .hasMessageContaining("the database refuses this user")
        .hasMessageNotContaining("guess");
  }
}
