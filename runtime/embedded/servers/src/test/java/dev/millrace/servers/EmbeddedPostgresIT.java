package dev.millrace.servers;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.SQLException;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
final class EmbeddedPostgresIT {
  // One cluster for all: each test must cope with the leftovers of the one before.
  @TempDir static Path root;

  @Test
  void start_givesADatabaseThatKeepsItsRowsAndItsPort() throws SQLException {
    EmbeddedPostgres first = EmbeddedPostgres.start(root, TestServers.small());
    TestServers.execute(
        first, "CREATE TABLE kept (id int PRIMARY KEY)", "INSERT INTO kept VALUES (7)");
    long firstPid = first.pid().orElseThrow();
    first.stop();

    EmbeddedPostgres second = EmbeddedPostgres.start(root, TestServers.small());
    try {
      assertThat(TestServers.query(second, "SELECT id FROM kept")).isEqualTo("7");
      assertThat(second.jdbcUrl()).isEqualTo(first.jdbcUrl());
      assertThat(second.pid()).isPresent().isNotEqualTo(OptionalLong.of(firstPid));
    } finally {
      second.stop();
    }
  }

  @Test
  void stop_leavesNoProcess() {
    EmbeddedPostgres server = EmbeddedPostgres.start(root, TestServers.small());
    ProcessHandle process = ProcessHandle.of(server.pid().orElseThrow()).orElseThrow();

    server.stop();

    assertThat(process.isAlive()).isFalse();
    assertThat(server.pid()).isEmpty();
  }

  @Test
  void server_hasTheSettingsAskedFor() throws Exception {
    EmbeddedPostgres server =
        EmbeddedPostgres.start(root, TestServers.durable().with("work_mem", "5MB"));
    try {
      assertThat(TestServers.query(server, "SHOW work_mem")).isEqualTo("5MB");
      assertThat(TestServers.query(server, "SHOW fsync")).isEqualTo("on");
      assertThat(TestServers.query(server, "SHOW server_encoding")).isEqualTo("UTF8");
      assertThat(
              TestServers.query(
                  server,
                  "SELECT format('%s %s', datlocprovider, datlocale) FROM pg_database LIMIT 1"))
          .isEqualTo("b C.UTF-8");
      assertThat(
              PosixFilePermissions.toString(
                  Files.getPosixFilePermissions(root.resolve("password"))))
          .isEqualTo("rw-------");
    } finally {
      server.stop();
    }
  }
}
