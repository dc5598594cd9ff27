package dev.millrace.postgres;

import static dev.millrace.postgres.PostgresFixture.TOKEN;
import static dev.millrace.postgres.PostgresFixture.token;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.zaxxer.hikari.HikariDataSource;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.postgres.client.DatabaseSettings;
import dev.millrace.postgres.client.PostgresConnections;
import dev.millrace.postgres.client.PostgresVersion;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jdbi.v3.core.Handle;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Servers as other operators configure and run them. */
@Timeout(120)
final class ServerIT {
  /** Settings that a role or a database may have from ALTER … SET. */
  private static final String ODD =
      "options=-c%20statement_timeout=50%20-c%20lock_timeout=50%20-c%20idle_session_timeout=50"
          + "%20-c%20idle_in_transaction_session_timeout=50"
          + "%20-c%20default_transaction_read_only=on"
          + "%20-c%20default_transaction_isolation=serializable"
          + "%20-c%20bytea_output=escape%20-c%20IntervalStyle=sql_standard";

  private static final List<String> SETTINGS =
      List.of(
          "statement_timeout",
          "lock_timeout",
          "idle_session_timeout",
          "idle_in_transaction_session_timeout",
          "default_transaction_read_only",
          "default_transaction_isolation");

  private static final List<String> WANTED = List.of("0", "0", "0", "0", "off", "read committed");

  private static List<String> settings(Connection connection) throws SQLException {
    List<String> found = new ArrayList<>();
    try (Statement statement = connection.createStatement()) {
      for (String setting : SETTINGS) {
        try (ResultSet row = statement.executeQuery("SHOW " + setting)) {
          row.next();
          found.add(row.getString(1));
        }
      }
    }
    return found;
  }

  @Test
  @Tag("D19")
  @DisplayName("D19 timeouts and defaults of the role or the database change nothing")
  void settingsOfTheRole_changeNothing() throws Exception {
    DatabaseSettings plain = TestDatabase.settings();
    DatabaseSettings odd =
        DatabaseSettings.of(
                plain.url() + (plain.url().contains("?") ? "&" : "?") + ODD,
                plain.user(),
                plain.password())
            .withPatience(Duration.ZERO);
    PostgresFixture.TestIndexer indexer =
        PostgresFixture.TestIndexer.of(TestDatabase.freshSchema(), TOKEN, PostgresFixture.NOTE);
    try (PostgresFixture lab = new PostgresFixture(indexer, Failpoint.NONE, odd)) {
      lab.commit(lab.reversible(script -> script.save(token(1, "a", 1))));
      lab.commit(lab.reversible(script -> script.block().save(token(1, "b", 2))));
      lab.rewind(1);
      lab.lane.buildDeferredIndexes();
      assertThat(lab.lane.reads().byIds(TOKEN, List.of(1L))).containsExactly(token(1, "a", 1));
    }
    PostgresConnections connections = new PostgresConnections(odd, indexer.name());
    try (HikariDataSource pool = connections.pool();
        Connection read = pool.getConnection();
        Handle commits = connections.openForCommits("1");
        Handle setup = connections.open("setup")) {
      assertThat(settings(read)).isEqualTo(WANTED);
      assertThat(settings(commits.getConnection())).isEqualTo(WANTED);
      assertThat(settings(setup.getConnection())).isEqualTo(WANTED);
    }
  }

  @Test
  @Tag("D20")
  @DisplayName("D20 a failover that lost commits → restart, which goes on from what is left")
  void lostCommits_areWorthARestart() throws Exception {
    try (PostgresFixture lab = PostgresFixture.fresh()) {
      for (int i = 1; i <= 4; i++) {
        int id = i;
        lab.commit(lab.batch(script -> script.save(token(id, "a", id))));
      }
      String schema = lab.schema;
      TestDatabase.execute(
          "UPDATE %s.millrace_lane SET commit = 2, checkpoint = 2".formatted(schema),
          "DELETE FROM %s.token WHERE id > 2".formatted(schema));
      MillraceException lost =
          catchThrowableOfType(
              MillraceException.class,
              () -> lab.commit(lab.batch(script -> script.save(token(5, "a", 5)))));
      assertThat(lost.remedy()).isEqualTo(Remedy.RESTART);
      assertThat(lost).hasMessageContaining("a failover that lost commits: commit=5 last=2");
      lab.end();
      try (PostgresFixture next = lab.again()) {
        assertThat(next.lane.opened().commit()).isEqualTo(2);
        next.commit(next.batch(script -> script.save(token(3, "z", 3))));
        assertThat(next.tokens()).containsExactly("1|a|1", "2|a|2", "3|z|3");
      }
    }
  }

  @Test
  @Tag("D20")
  @DisplayName("D20 a failover that lost the takeover itself → restart as well")
  void lostEpoch_isWorthARestart() throws Exception {
    try (PostgresFixture lab = PostgresFixture.fresh()) {
      lab.commit(lab.batch(script -> script.save(token(1, "a", 1))));
      TestDatabase.execute("UPDATE %s.millrace_lane SET epoch = epoch - 1".formatted(lab.schema));
      MillraceException lost =
          catchThrowableOfType(
              MillraceException.class,
              () -> lab.commit(lab.batch(script -> script.save(token(2, "a", 2)))));
      assertThat(lost.remedy()).isEqualTo(Remedy.RESTART);
      assertThat(lost).hasMessageContaining("database has lost the epoch of this lane");
    }
  }

  @Test
  @Tag("D21")
  @DisplayName("D21 a server older than PostgreSQL 14 is refused at the start")
  void oldServer_isRefused() {
    MillraceException refused =
        catchThrowableOfType(MillraceException.class, () -> PostgresVersion.check(130_012));
    assertThat(refused.remedy()).isEqualTo(Remedy.FIX_SETUP);
    assertThat(refused).hasMessage("PostgreSQL is too old: needed=14 found=13.12");
    assertThatCode(() -> PostgresVersion.check(140_000)).doesNotThrowAnyException();
  }

  @ParameterizedTest
  @Tag("D22")
  @DisplayName("D22 of several hosts the one that takes writes is used, unless the url says more")
  @CsvSource({
    "jdbc:postgresql://a/db, false",
    "'jdbc:postgresql://a,b/db', true",
    "'jdbc:postgresql://a:1,b:2/db?ssl=true', true",
    "'jdbc:postgresql://a,b/db?targetServerType=any', false"
  })
  void severalHosts_needThePrimary(String url, boolean needed) {
    assertThat(PostgresConnections.needsPrimary(url)).isEqualTo(needed);
  }

  @ParameterizedTest
  @Tag("C11")
  @DisplayName("C11 the line of a COPY is found in the messages of any language")
  @CsvSource(
      delimiter = '|',
      value = {
        "COPY note, line 3 | 2",
        "COPY note, line 12, column text: \"a, line 99\" | 11",
        "COPY note, Zeile 3, Spalte id: »7« | 2",
        "COPY note, ligne 3, colonne id | 2",
        "COPY note, 行 3 | 2",
        "SQL function \"f\" statement 1 | -1"
      })
  void copyLine_isFoundInAnyLanguage(String where, int line) {
    assertThat(CommitErrorContext.line(where)).isEqualTo(line);
  }
}
