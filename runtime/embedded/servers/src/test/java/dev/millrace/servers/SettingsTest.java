package dev.millrace.servers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SettingsTest {
  private static final ServerDirectory DIRECTORY =
      new ServerDirectory(ServerKind.POSTGRES, Path.of("/data/o'neill"));

  @Test
  void conf_isDurableAndSaysWhy() {
    assertThat(PostgresConfFile.render(DIRECTORY, Map.of()))
        .contains("fsync = 'on'  # what is committed survives a power cut\n")
        .contains("synchronous_commit = 'on'  # ")
        .contains("listen_addresses = '127.0.0.1'\n")
        .contains("hba_file = '/data/o''neill/pg_hba.conf'\n");
  }

  @Test
  void conf_takesWhatTheCallerChose() {
    assertThat(PostgresConfFile.render(DIRECTORY, Map.of("fsync", "off", "log_statement", "all")))
        .contains("fsync = 'off'  # chosen\n")
        .doesNotContain("fsync = 'on'")
        .endsWith("log_statement = 'all'  # chosen\n");
  }

  @Test
  void conf_refusesWhatBelongsToTheSupervisorOrCouldBreakOut() {
    assertThatThrownBy(() -> PostgresConfFile.render(DIRECTORY, Map.of("port", "1")))
        .hasMessageEndingWith("name=port");
    assertThatThrownBy(() -> PostgresConfFile.render(DIRECTORY, Map.of("a\nb", "1")))
        .isInstanceOf(EmbeddedException.class);
    assertThatThrownBy(() -> PostgresConfFile.render(DIRECTORY, Map.of("work_mem", "1\nfsync=off")))
        .isInstanceOf(EmbeddedException.class);
  }

  @Test
  void settings_refuseAPortThatIsNone() {
    assertThatThrownBy(() -> PostgresSettings.standard().withPort(65536))
        .hasMessage("port must lie between 0 and 65535: port=65536");
  }

  @Test
  void archive_isNamedByPlatform() {
    assertThat(PostgresBinaries.archive("Linux", "amd64")).isEqualTo("postgres-linux-x86_64.txz");
    assertThat(PostgresBinaries.archive("Linux", "aarch64")).isEqualTo("postgres-linux-arm_64.txz");
    assertThat(PostgresBinaries.archive("Mac OS X", "x86_64"))
        .isEqualTo("postgres-darwin-x86_64.txz");
    assertThat(PostgresBinaries.archive("Mac OS X", "aarch64"))
        .isEqualTo("postgres-darwin-arm_64.txz");
  }

  @Test
  void state_readsBackWhatWasWritten(@TempDir Path root) throws Exception {
    Path file = root.resolve("server.properties");
    assertThat(ServerState.find(file)).isEmpty();

    ServerState state =
        new ServerState(ServerState.Phase.FAILED, 12, 15432, "unshare", "no \\ room: a=b\nnext");
    state.write(new ServerDirectory(ServerKind.POSTGRES, root));
    assertThat(ServerState.find(file)).contains(state);

    Files.writeString(file, "state=REA");
    assertThat(ServerState.find(file)).isEmpty();
  }

  @Test
  void port_liesBelowThoseOfClients() {
    assertThat(FreePortChooser.choose(0)).isBetween(15432, 30000);
  }
}
