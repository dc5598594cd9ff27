package dev.millrace.servers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Crashes of PostgreSQL or its supervisor. */
@Timeout(60)
final class CrashIT {
  // One cluster for all: each test must cope with the leftovers of the one before.
  @TempDir static Path root;

  @Test
  void server_killedUnderItsUsersComesBackWithItsRows() throws Exception {
    EmbeddedPostgres server = EmbeddedPostgres.start(root, TestServers.small());
    try {
      long before = server.pid().orElseThrow();
      TestServers.execute(server, "CREATE TABLE kept AS SELECT 7 AS id");

      server.killHard();
      TestServers.awaitOtherThan(server, before);

      assertThat(TestServers.query(server, "SELECT id FROM kept")).isEqualTo("7");
      TestServers.execute(server, "DROP TABLE kept");
    } finally {
      server.stop();
    }
  }

  @Test
  void server_killedAloneComesBackThoughItsSessionsAreBusy() throws Exception {
    EmbeddedPostgres server = EmbeddedPostgres.start(root, TestServers.small());
    try (ExecutorService threads = Executors.newSingleThreadExecutor()) {
      long before = server.pid().orElseThrow();
      ProcessHandle postmaster = ProcessHandle.of(before).orElseThrow();
      // A session that computes does not check whether its server lives.
      Future<String> busy =
          threads.submit(() ->
              TestServers.query(server, "SELECT count(*) FROM generate_series(1, 3000000000)"));
      while (!TestServers.query(
              server, "SELECT count(*) FROM pg_stat_activity WHERE state = 'active'")
          .equals("2")) {
        LockSupport.parkNanos(10_000_000);
      }
      List<ProcessHandle> sessions = postmaster.descendants().toList();

      postmaster.destroyForcibly();
      TestServers.awaitOtherThan(server, before);

      assertThat(sessions).isNotEmpty().noneMatch(ProcessHandle::isAlive);
      assertThat(TestServers.query(server, "SELECT 1")).isEqualTo("1");
      assertThatThrownBy(busy::get).isInstanceOf(ExecutionException.class);
    } finally {
      server.stop();
    }
  }

  @Test
  void server_killedWhenNoUserWasLeftRecoversAtTheNextStart() throws Exception {
    EmbeddedPostgres server = EmbeddedPostgres.start(root, TestServers.small());
    TestServers.execute(server, "CREATE TABLE kept AS SELECT 7 AS id");
    long pid = server.pid().orElseThrow();
    ProcessHandle supervisor = TestServers.supervisor(root);
    // Stopped, the supervisor cannot start another one before it dies too.
    ChildCommand.shell(
        List.of(),
        "kill -s STOP \"$1\" && kill -s KILL \"$2\" && kill -s KILL \"$1\"",
        supervisor.pid(),
        pid);
    supervisor.onExit().get(10, TimeUnit.SECONDS);
    server.close();

    EmbeddedPostgres next = EmbeddedPostgres.start(root, TestServers.small());
    assertThat(TestServers.query(next, "SELECT id FROM kept")).isEqualTo("7");
    TestServers.execute(next, "DROP TABLE kept");
    next.stop();
  }

  @Test
  void server_endsWithASupervisorThatIsKilledOrIsReplacedAtTheNextStart() throws Exception {
    EmbeddedPostgres server = EmbeddedPostgres.start(root, TestServers.small());
    ProcessHandle process = ProcessHandle.of(server.pid().orElseThrow()).orElseThrow();
    TestServers.supervisor(root).destroyForcibly();
    if (ChildCommand.shell(List.of("setpriv", "--pdeathsig", "INT"), "exit 0").succeeded()) {
      process.onExit().get(10, TimeUnit.SECONDS);
    }

    EmbeddedPostgres next = EmbeddedPostgres.start(root, TestServers.small());
    assertThat(process.isAlive()).isFalse();
    assertThat(TestServers.query(next, "SELECT 1")).isEqualTo("1");
    server.close();
    next.stop();
  }

  @Test
  void supervisor_orderedToTerminateEndsTheServerInOrder() throws Exception {
    EmbeddedPostgres server = EmbeddedPostgres.start(root, TestServers.small());
    ProcessHandle supervisor = TestServers.supervisor(root);
    supervisor.destroy();
    supervisor.onExit().get(10, TimeUnit.SECONDS);

    assertThat(server.pid()).isEmpty();
    assertThat(root.resolve("pgdata/postmaster.pid")).doesNotExist();
    assertThat(Files.readString(server.log())).contains("database system is shut down");
    server.close();
  }

  @Test
  void pidFile_ofAnotherProgramIsNoObstacle() throws Exception {
    EmbeddedPostgres.start(root, TestServers.small()).stop();
    Files.writeString(
        root.resolve("pgdata/postmaster.pid"), ProcessHandle.current().pid() + "\n/elsewhere\n");

    EmbeddedPostgres server = EmbeddedPostgres.start(root, TestServers.small());
    assertThat(TestServers.query(server, "SELECT 1")).isEqualTo("1");
    server.stop();
  }

  @Test
  void server_endsWhenItsDirectoryIsRemoved() throws Exception {
    EmbeddedPostgres server = EmbeddedPostgres.start(root, TestServers.small());
    ProcessHandle process = ProcessHandle.of(server.pid().orElseThrow()).orElseThrow();
    ProcessHandle supervisor = TestServers.supervisor(root);
    Path elsewhere = root.resolveSibling(root.getFileName() + "-moved");
    Files.move(root, elsewhere);

    process.onExit().get(10, TimeUnit.SECONDS);
    // The supervisor too must be gone before JUnit deletes the directory that it would write to.
    supervisor.onExit().get(10, TimeUnit.SECONDS);
    server.close();
    Files.move(elsewhere, root);
  }
}
