package dev.millrace.postgres;

import static dev.millrace.postgres.PostgresFixture.TOKEN;
import static dev.millrace.postgres.PostgresFixture.token;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.postgres.client.DatabaseSettings;
import dev.millrace.postgres.client.PostgresErrors;
import dev.millrace.servers.EmbeddedPostgres;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Transient errors: the group is sent again, and the tables equal those of a faultless run. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
final class CommitRetryIT {
  @Test
  @Tag("A9")
  @DisplayName("A9 the server is killed under a commit and comes back")
  void serverKilledDuringACommit_groupIsSentAgain() throws Exception {
    try (EmbeddedPostgres server = TestDatabase.start(Path.of("target", "postgres-restart-it"))) {
      boolean[] fired = new boolean[1];
      Failpoint fault =
          (point, number) -> {
            if (point == Failpoint.Point.AFTER_WRITES && number == 2 && !fired[0]) {
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
            lab.commitWithRetries(lab.group(lab.batch(script -> script.save(token(1, "b", 2)))));
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
    DatabaseSettings unreachable =
        DatabaseSettings.of("jdbc:postgresql://127.0.0.1:1/nothing", "nobody", null);
    MillraceException refused =
        catchThrowableOfType(
            MillraceException.class, () -> PostgresStore.status(unreachable, "anything"));
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
