package dev.millrace.servers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A server that cannot be started reports the reason and the way out. */
@Timeout(60)
final class RefusalIT {
  // One cluster for all: each test must cope with the leftovers of the one before.
  @TempDir static Path root;

  @Test
  void start_saysWhyPostgresRefusesASetting() {
    PostgresSettings wrong = TestServers.small().with("shared_buffers", "many");

    assertThatThrownBy(() -> EmbeddedPostgres.start(root, wrong))
        .isInstanceOf(EmbeddedException.class)
        .hasMessageStartingWith("PostgreSQL does not start: ")
        .hasMessageContaining("invalid value for parameter \"shared_buffers\"")
        .hasMessageContaining("log=");
  }

  @Test
  void start_saysThatAPortIsTakenAndOtherwiseTakesAnother() throws Exception {
    try (ServerSocket taken =
        new ServerSocket(FreePortChooser.choose(0), 1, InetAddress.ofLiteral("127.0.0.1"))) {
      int port = taken.getLocalPort();
      assertThatThrownBy(() -> EmbeddedPostgres.start(root, TestServers.small().withPort(port)))
          .isInstanceOf(EmbeddedException.class)
          .hasMessage(
              "PostgreSQL does not start: port is taken, choose another or 0 for any: port="
                  + port);

      // The last port is only a preference.
      EmbeddedPostgres server = EmbeddedPostgres.start(root, TestServers.small());
      assertThat(server.port()).isNotEqualTo(port);
      server.stop();
    }
  }

  @Test
  void start_waitsForTheSupervisorOfAFailedStart() throws Exception {
    ServerDirectory directory = ServerDirectory.open(ServerKind.POSTGRES, root);
    new ServerState(ServerState.Phase.FAILED, 0, 0, "", "no").write(directory);
    CompletableFuture<String> waits = new CompletableFuture<>();
    FileClaim last = FileClaim.tryExclusive(directory.supervisorLock()).orElseThrow();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<EmbeddedPostgres> start =
          threads.submit(() ->
              EmbeddedPostgres.start(root, TestServers.small().withProgress(waits::complete)));
      assertThat(waits.get(60, TimeUnit.SECONDS))
          .isEqualTo("waiting for the last supervisor to end");
      last.close();

      EmbeddedPostgres server = start.get();
      assertThat(TestServers.query(server, "SELECT 1")).isEqualTo("1");
      server.stop();
    }
  }

  @Test
  void start_refusesAClusterOfAnotherMajorVersion(@TempDir Path old) throws Exception {
    Files.createDirectories(old.resolve("pgdata"));
    Files.writeString(old.resolve("pgdata/PG_VERSION"), "9\n");

    assertThatThrownBy(() -> EmbeddedPostgres.start(old, TestServers.small()))
        .isInstanceOf(EmbeddedException.class)
        .hasMessageStartingWith(
            "data directory belongs to another major version of PostgreSQL; remove it")
        .hasMessageEndingWith("found=9 needed=18");
  }

  @Test
  void start_refusesAFileForADirectory(@TempDir Path parent) throws Exception {
    Path file = Files.createFile(parent.resolve("file"));

    assertThatThrownBy(() -> EmbeddedPostgres.start(file, TestServers.small()))
        .isInstanceOf(EmbeddedException.class)
        .hasMessageStartingWith("data directory must be a directory");
  }

  @Test
  void start_choosesANewPasswordWhenTheFileIsGone() throws Exception {
    EmbeddedPostgres first = EmbeddedPostgres.start(root, TestServers.small());
    first.stop();
    Files.delete(root.resolve("password"));

    List<String> progress = new ArrayList<>();
    EmbeddedPostgres second =
        EmbeddedPostgres.start(root, TestServers.small().withProgress(progress::add));
    assertThat(second.password()).isNotEqualTo(first.password());
    assertThat(TestServers.query(second, "SELECT current_user")).isEqualTo("millrace");
    second.stop();
    // On a busy machine it also says that it waits.
    assertThat(progress)
        .filteredOn(line -> !line.startsWith("waiting for "))
        .containsExactly(
            "choosing a new password, the file is gone",
            "starting PostgreSQL 18.6",
            "PostgreSQL listens: url=" + second.jdbcUrl());
  }

  @Test
  void root_withoutAnyWayAroundIsReportedWhatWasTried() {
    ServerDirectory directory = ServerDirectory.open(ServerKind.POSTGRES, root);
    PostgresBinaries binaries = PostgresBinaries.unpack(TestServers.small().cache(), message -> {});

    assertThatThrownBy(() ->
            UnprivilegedUser.find(
                List.of("setpriv:stranger", "runuser:stranger"), binaries, directory, ""))
        .isInstanceOf(EmbeddedException.class)
        .hasMessageStartingWith(
            "PostgreSQL refuses to run as root and none of our ways around it works")
        .hasMessageContainingAll("tried=setpriv:stranger (", ", runuser:stranger (");
  }

  @Test
  void root_canAlsoRunItAsAnotherUser() throws Exception {
    // The way that worked last time is tried first.
    new ServerState(ServerState.Phase.STOPPED, 0, 0, "setpriv:nobody", "")
        .write(ServerDirectory.open(ServerKind.POSTGRES, root));
    EmbeddedPostgres server = EmbeddedPostgres.start(root, TestServers.small());
    String rightsNow = ServerState.find(root.resolve("server.properties")).orElseThrow().rights();
    server.stop();
    // A user other than root stays the same; so does root if the user nobody cannot reach the
    // binaries.
    assertThat(Files.getOwner(root.resolve("pgdata")).getName())
        .isEqualTo(rightsNow.equals("setpriv:nobody") ? "nobody" : System.getProperty("user.name"));

    new ServerState(ServerState.Phase.STOPPED, 0, 0, "unshare", "")
        .write(ServerDirectory.open(ServerKind.POSTGRES, root));
    EmbeddedPostgres next = EmbeddedPostgres.start(root, TestServers.small());
    assertThat(TestServers.query(next, "SELECT 1")).isEqualTo("1");
    next.stop();
  }
}
