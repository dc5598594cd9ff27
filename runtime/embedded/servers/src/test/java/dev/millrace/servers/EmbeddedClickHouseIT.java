package dev.millrace.servers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
@ExtendWith(TestEngines.WhereTheLibraryIs.class)
final class EmbeddedClickHouseIT {
  // One directory for all: each test must cope with the leftovers of the one before.
  @TempDir static Path root;

  @Test
  void start_givesAServerThatKeepsItsRowsItsPortAndItsPassword() throws Exception {
    EmbeddedClickHouse first = TestEngines.start(root);
    TestEngines.run(first, "CREATE TABLE kept (id UInt64) ENGINE = MergeTree ORDER BY id");
    TestEngines.run(first, "INSERT INTO kept VALUES (7)");
    first.stop();
    assertThat(first.pid()).isEmpty();

    EmbeddedClickHouse second = TestEngines.start(root);
    try {
      assertThat(TestEngines.run(second, "SELECT id FROM kept")).isEqualTo("7");
      assertThat(second.url()).isEqualTo(first.url());
      assertThat(second.password()).isEqualTo(first.password()).hasSize(48);
      assertThat(
              PosixFilePermissions.toString(
                  Files.getPosixFilePermissions(root.resolve("password"))))
          .isEqualTo("rw-------");
      TestEngines.run(second, "DROP TABLE kept SYNC");
    } finally {
      second.stop();
    }
  }

  @Test
  void server_killedUnderItsUsersComesBackAtItsAddressWithItsRows() throws Exception {
    EmbeddedClickHouse server = TestEngines.start(root);
    try {
      long before = server.pid().orElseThrow();
      TestEngines.run(server, "CREATE TABLE kept (id UInt64) ENGINE = MergeTree ORDER BY id");
      TestEngines.run(server, "INSERT INTO kept VALUES (7)");

      server.killHard();

      assertThat(TestEngines.awaitAnswer(server, "SELECT id FROM kept")).isEqualTo("7");
      assertThat(TestEngines.awaitPid(server)).isNotEqualTo(before);
      TestEngines.run(server, "DROP TABLE kept SYNC");
    } finally {
      server.stop();
    }
  }

  @Test
  void server_endsSomeSecondsAfterItsLastUser() throws Exception {
    EmbeddedClickHouse server = TestEngines.start(root);
    ProcessHandle process = ProcessHandle.of(server.pid().orElseThrow()).orElseThrow();
    server.close();
    process.onExit().get(20, TimeUnit.SECONDS);
    assertThat(process.isAlive()).isFalse();
    // Its supervisor too, before the directory is removed.
    TestEngines.start(root).stop();
  }

  @Test
  void server_endsWithASupervisorThatIsKilled() throws Exception {
    EmbeddedClickHouse server = TestEngines.start(root);
    ProcessHandle process = ProcessHandle.of(server.pid().orElseThrow()).orElseThrow();
    TestServers.supervisor(root).destroyForcibly();
    process.onExit().get(20, TimeUnit.SECONDS);
    server.close();

    EmbeddedClickHouse next = TestEngines.start(root);
    assertThat(TestEngines.run(next, "SELECT 1")).isEqualTo("1");
    next.stop();
  }

  @Test
  void supervisor_orderedToTerminateEndsTheServerInOrder() throws Exception {
    EmbeddedClickHouse server = TestEngines.start(root);
    ProcessHandle engine = ProcessHandle.of(server.pid().orElseThrow()).orElseThrow();
    ProcessHandle supervisor = TestServers.supervisor(root);

    supervisor.destroy();
    supervisor.onExit().get(15, TimeUnit.SECONDS); // half of its wait for an engine that is stuck

    assertThat(engine.isAlive()).isFalse();
    assertThat(server.pid()).isEmpty();
    server.close();
  }

  @Test
  @Tag("K27")
  @DisplayName("K27 an engine that starts touches the FIFO of no other process that lives")
  void start_touchesNoFifoOfAnotherProcess() throws Exception {
    String living = "engine.%d.fifo".formatted(ProcessHandle.current().pid());
    Path engine = Files.createDirectory(root.resolve("fifos"));
    for (String name : List.of(living, "engine.fifo", "engine.%d.fifo".formatted(1L << 40))) {
      Files.createFile(engine.resolve(name));
    }
    EmbeddedClickHouse server = TestEngines.start(engine);
    try (Stream<Path> files = Files.list(engine)) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .filteredOn(name -> name.endsWith(".fifo"))
          .containsExactly(living);
    } finally {
      server.stop();
    }
  }

  @Test
  void server_thatCannotSayThatItIsReadyEnds() throws Exception {
    Path obstacle = root.resolve("engine.ready.draft");
    Files.createDirectories(obstacle);
    try {
      assertThatThrownBy(() -> TestEngines.start(root))
          .isInstanceOf(EmbeddedException.class)
          .hasMessageContaining("engine.ready.draft");
    } finally {
      Files.delete(obstacle);
    }
    EmbeddedClickHouse server = TestEngines.start(root);
    assertThat(TestEngines.run(server, "SELECT 1")).isEqualTo("1");
    server.stop();
  }
}
