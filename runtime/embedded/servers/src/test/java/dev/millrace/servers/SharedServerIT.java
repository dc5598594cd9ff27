package dev.millrace.servers;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** One server with users that come, leave and die. */
@Timeout(60)
final class SharedServerIT {
  // One cluster for all: each test must cope with the leftovers of the one before.
  @TempDir static Path root;

  @Test
  void server_isSharedByProcessesThatStartItAtOnceAndOutlivesEither() throws Exception {
    try (UserProcess one = UserProcess.launch(root);
        UserProcess two = UserProcess.launch(root)) {
      long pid = one.serverPid();
      assertThat(two.serverPid()).isEqualTo(pid);

      one.leave();
      EmbeddedPostgres here = EmbeddedPostgres.start(root, TestServers.small());
      assertThat(here.pid()).isEqualTo(OptionalLong.of(pid));

      two.leave();
      assertThat(TestServers.query(here, "SELECT 1")).isEqualTo("1");

      here.stop();
      assertThat(ProcessHandle.of(pid)).isEmpty();
    }
  }

  @Test
  void server_survivesTheKillOfItsUsersProcessGroupForTheGraceAndNotLonger() throws Exception {
    try (UserProcess first = UserProcess.launch(root)) {
      long pid = first.serverPid();
      ProcessHandle server = ProcessHandle.of(pid).orElseThrow();
      ProcessHandle supervisor = TestServers.supervisor(root);

      first.killGroup();
      assertThat(server.isAlive()).isTrue();

      try (UserProcess second = UserProcess.launch(root)) {
        assertThat(second.serverPid()).isEqualTo(pid);
        second.killGroup();
      }

      supervisor.onExit().get(10, TimeUnit.SECONDS);
      assertThat(server.isAlive()).isFalse();
      assertThat(ServerState.find(root.resolve("server.properties")))
          .map(ServerState::phase)
          .contains(ServerState.Phase.STOPPED);
    }
  }

  @Test
  void handles_ofOneProcessShareItsClaim() throws Exception {
    EmbeddedPostgres first = EmbeddedPostgres.start(root, TestServers.small());
    EmbeddedPostgres second = EmbeddedPostgres.start(root, TestServers.small());

    assertThat(second.pid()).isEqualTo(first.pid());
    first.stop();
    first.close();

    assertThat(TestServers.query(second, "SELECT 1")).isEqualTo("1");
    second.stop();
    assertThat(second.pid()).isEmpty();
  }

  @Test
  void start_whileTheSupervisorIsStoppingBeginsAnew() throws Exception {
    PostgresSettings hasty = TestServers.small().withIdleTimeout(java.time.Duration.ZERO);
    for (int round = 0; round < 4; round++) {
      EmbeddedPostgres server = EmbeddedPostgres.start(root, hasty);
      ProcessHandle process = ProcessHandle.of(server.pid().orElseThrow()).orElseThrow();
      server.close();
      if (round % 2 == 0) {
        // The server is gone and its supervisor is about to exit.
        process.onExit().get(10, TimeUnit.SECONDS);
      }
      EmbeddedPostgres next = EmbeddedPostgres.start(root, hasty);
      assertThat(TestServers.query(next, "SELECT 1")).isEqualTo("1");
      next.stop();
    }
  }
}
