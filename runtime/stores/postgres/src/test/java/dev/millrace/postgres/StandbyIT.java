package dev.millrace.postgres;

import static dev.millrace.postgres.PostgresFixture.TOKEN;
import static dev.millrace.postgres.PostgresFixture.token;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.zaxxer.hikari.HikariDataSource;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.postgres.client.DatabaseSettings;
import dev.millrace.postgres.client.PostgresConnections;
import dev.millrace.servers.EmbeddedPostgres;
import dev.millrace.servers.PostgresSettings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A hot standby: a server that reads and does not write. */
@Timeout(180)
final class StandbyIT {
  @Test
  @Tag("D29")
  @DisplayName("D29 a hot standby gives no lane and no read")
  void standby_isRefused(@TempDir Path directory) throws Exception {
    PostgresFixture.TestIndexer indexer =
        PostgresFixture.TestIndexer.of(TestDatabase.freshSchema(), TOKEN, PostgresFixture.NOTE);
    EmbeddedPostgres primary = start(directory);
    try (PostgresFixture lab =
        new PostgresFixture(indexer, Failpoint.NONE, TestDatabase.settings(primary))) {
      lab.commit(lab.batch(script -> script.save(token(1, "a", 1))));
    }
    primary.stop();
    // The file that pg_basebackup -R would leave, for a server that was shut down cleanly.
    Files.createFile(directory.resolve("pgdata").resolve("standby.signal"));

    EmbeddedPostgres standby = start(directory);
    try {
      DatabaseSettings settings = TestDatabase.settings(standby);
      assertThat(isInRecovery(settings)).isEqualTo("t");
      try (PostgresStore store = PostgresStore.open(settings, indexer, Failpoint.NONE)) {
        MillraceException refused =
            catchThrowableOfType(MillraceException.class, () -> store.takeOver("1"));
        assertThat(refused.remedy()).as("a failover may be under way").isEqualTo(Remedy.RETRY);
        assertThat(refused)
            .hasMessage("taking over lane 1 failed: state=25006 error=\"server is a standby\"");
      }
      try (HikariDataSource pool = new PostgresConnections(settings, indexer.name()).pool()) {
        assertThatThrownBy(() -> pool.getConnection().close())
            .isInstanceOf(SQLException.class)
            .rootCause()
            .hasMessageContaining("server is a standby");
      }
      assertThat(PostgresStore.status(settings, indexer.name())).isPresent();
    } finally {
      standby.stop();
    }
  }

  /** Starts a server as in the other tests, but with a WAL that a standby can follow. */
  private static EmbeddedPostgres start(Path directory) {
    return EmbeddedPostgres.start(
        directory,
        PostgresSettings.standard()
            .withCache(Path.of("target", "postgres-binaries").toAbsolutePath())
            .with("fsync", "off")
            .with("wal_level", "replica"));
  }

  private static String isInRecovery(DatabaseSettings settings) throws SQLException {
    try (Connection connection =
            DriverManager.getConnection(settings.url(), settings.user(), settings.password());
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("SELECT pg_is_in_recovery()")) {
      row.next();
      return row.getString(1);
    }
  }
}
