package dev.millrace.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.millrace.app.Samples.Captured;
import dev.millrace.config.Config;
import dev.millrace.config.ConfigFile;
import dev.millrace.devchain.DevChain;
import dev.millrace.devchain.DevChainSettings;
import dev.millrace.devnode.DevNode;
import dev.millrace.devnode.NodeFaults;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.runner.ExitCode;
import dev.millrace.runner.PreflightCheck;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Mistakes of a config that a node reveals, reported before anything is written. */
@Timeout(60)
class PreflightTest {
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private final DevChain chain = new DevChain(DevChainSettings.DEFAULTS.withBlocks(100));
  @TempDir private Path directory;

  @Test
  void chain_thatIsAsTheConfigSaysPasses() {
    try (DevNode node = DevNode.open(chain)) {
      assertThatCode(() -> check(node.url(), "from: 99", false)).doesNotThrowAnyException();
    }
  }

  @Test
  void id_ofAnotherChainIsReportedWithTheLineOfTheEndpoint() {
    try (DevNode node = DevNode.open(chain, NodeFaults.none().chainId(5), 0)) {
      MillraceException refused = refused(node.url(), "from: 0", false);

      assertThat(refused.remedy()).isEqualTo(Remedy.FIX_SETUP);
      assertThat(refused).hasMessageContainingAll("f.yaml:4: chains[0].rpc: ", "1337", "5");
    }
  }

  @Test
  void node_withoutLogsIsReported() {
    try (DevNode node = DevNode.open(chain, NodeFaults.none().without("eth_getLogs"), 0)) {
      MillraceException refused = refused(node.url(), "from: 0", false);

      assertThat(refused.remedy()).isEqualTo(Remedy.FIX_SETUP);
      assertThat(refused).hasMessageContainingAll("f.yaml:4: chains[0].rpc: ", "eth_getLogs");
    }
  }

  @Test
  void node_thatHasForgottenTheFirstBlocksIsReportedUnlessTheyWereRead() {
    try (DevNode node = DevNode.open(chain, NodeFaults.none().pruned(50), 0)) {
      MillraceException refused = refused(node.url(), "from: 3", false);

      assertThat(refused.remedy()).isEqualTo(Remedy.FIX_SETUP);
      assertThat(refused).hasMessageContaining("f.yaml:5: chains[0].from: ");
      assertThatCode(() -> check(node.url(), "from: 3", true)).doesNotThrowAnyException();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  @Tag("F102")
  @DisplayName("F102 one endpoint lags or is syncing, first or last: the other one has the block")
  void from_aboveTheHeadOfOneEndpointPasses(boolean isFirst) {
    try (DevNode behind = DevNode.open(chain, NodeFaults.none().stale(90), 0);
        DevNode syncing = DevNode.open(chain, NodeFaults.none().stale(99), 0);
        DevNode good = DevNode.open(chain)) {
      List<DevNode> nodes =
          isFirst ? List.of(syncing, behind, good) : List.of(good, behind, syncing);
      String urls = nodes.stream().map(DevNode::url).collect(Collectors.joining("\", \""));

      assertThatCode(() -> check(urls, "from: 50", false)).doesNotThrowAnyException();
    }
  }

  @Test
  @Tag("F102")
  @DisplayName("F102 all endpoints lie below the first block: refused, with the highest head")
  void from_aboveTheHeadIsReported() {
    try (DevNode behind = DevNode.open(chain, NodeFaults.none().stale(90), 0);
        DevNode good = DevNode.open(chain)) {
      Config above = config(behind.url() + "\", \"" + good.url(), "from: 100");
      MillraceException refused =
          catchThrowableOfType(
              MillraceException.class,
              () -> new PreflightCheck(Duration.ofSeconds(5), _ -> false).check(above));

      assertThat(refused.remedy()).isEqualTo(Remedy.FIX_SETUP);
      assertThat(refused)
          .hasMessageContaining(
              "f.yaml:5: chains[0].from: lies above the head of the chain: from=100 head=99");
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  @Tag("F115")
  @DisplayName("F115 what a start waits for is known meanwhile: a first block, or any answer")
  void waitingFor_namesWhatIsMissing(boolean isThere) throws Exception {
    try (DevNode node = DevNode.open(chain);
        ServerSocket silent = new ServerSocket(0);
        ExecutorService thread = Executors.newVirtualThreadPerTaskExecutor()) {
      String url = isThere ? node.url() : "http://127.0.0.1:" + silent.getLocalPort() + "/hush";
      PreflightCheck check = new PreflightCheck(Duration.ofMinutes(1), _ -> false);
      Future<?> checked =
          thread.submit(() -> {
            check.check(config(url, "from: 500"));
            return true;
          });
      String expected =
          isThere
              ? "block 500 of chain 1337, the first of the config;"
                  + " the highest head of its endpoints is 99"
              : "an endpoint of chain 1337 to answer: http://127.0.0.1:%d keeps silent"
                  .formatted(silent.getLocalPort());
      while (!check.waitingFor().equals(expected)) {
        assertThat(checked.isDone()).as(check.waitingFor()).isFalse();
      }
      checked.cancel(true);
    }
  }

  @Test
  @Tag("F103")
  @DisplayName("F103 rows of the user's error table count before a lane starts, as they do in it")
  void rowsOfTheUser_judgeErrorsAtTheStart() throws IOException {
    Path table = directory.resolve("chains/1337/rpc-errors.tsv");
    Files.createDirectories(table.getParent());
    Files.writeString(table, "gateway\tagain\t\t.*prun.*\n");
    try (DevNode node = DevNode.open(chain, NodeFaults.none().pruned(50), 0)) {
      PreflightCheck patient = new PreflightCheck(Duration.ofSeconds(3), _ -> false);
      assertThatCode(() -> patient.check(config(node.url(), "from: 3"))).doesNotThrowAnyException();
      assertThat(table.getParent()).isDirectoryNotContaining("glob:**limits*");

      Files.writeString(table, "no row");
      assertThat(refused(node.url(), "from: 3", false))
          .hasMessageContainingAll(
              "f.yaml:4: chains[0].rpc: row of the error table is not", "line=1");
    }
  }

  @Test
  void endpoint_thatDoesNotAnswerIsWorthARestart() throws IOException {
    int closed;
    try (ServerSocket free = new ServerSocket(0)) {
      closed = free.getLocalPort();
    }
    MillraceException refused =
        catchThrowableOfType(
            MillraceException.class,
            () ->
                new PreflightCheck(Duration.ofSeconds(1), _ -> false)
                    .check(config("http://127.0.0.1:" + closed + "/hush", "from: 0")));

    assertThat(refused.remedy()).isEqualTo(Remedy.RESTART);
    assertThat(refused)
        .hasMessageStartingWith("f.yaml:4: chains[0].rpc: ")
        .hasMessageContaining("127.0.0.1:" + closed);
    assertThat(refused.getMessage()).doesNotContain("hush");
  }

  @Test
  void run_writesNothingBeforeItsChainsAreFoundGood() throws IOException {
    try (DevNode node = DevNode.open(chain, NodeFaults.none().chainId(5), 0)) {
      Files.writeString(directory.resolve("f.yaml"), text(node.url(), "from: 0"));
      Captured captured = Samples.shell(directory, Map.of());

      assertThat(execute(captured, "run", "--config", "f.yaml")).isEqualTo(ExitCode.MISUSE);

      assertThat(captured.err()).contains("f.yaml:4: chains[0].rpc: ");
      assertThat(directory.resolve(".millrace")).doesNotExist();
    }
  }

  @Test
  void audit_provesOrFindsWhatIsMissing() throws IOException {
    try (DevNode good = DevNode.open(chain);
        DevNode bad = DevNode.open(chain, NodeFaults.none().dropLogs(block -> block == 42), 0)) {
      Files.writeString(directory.resolve("f.yaml"), text(good.url(), "from: 0"));
      Captured proved = Samples.shell(directory, Map.of());
      int code = execute(proved, "audit", "--config", "f.yaml", "--from", "10", "--to", "60");
      assertThat(code).as(proved.err()).isEqualTo(ExitCode.DONE);
      assertThat(proved.out())
          .contains("chain 1337, blocks 10 to 60: 51 headers", "proved: no event");

      Files.writeString(directory.resolve("f.yaml"), text(bad.url(), "from: 0"));
      Captured found = Samples.shell(directory, Map.of());
      code = execute(found, "audit", "--config", "f.yaml", "--from", "10", "--to", "60");
      assertThat(code).as(found.err() + found.out()).isEqualTo(ExitCode.FAILED);
      assertThat(found.out()).contains("findings:", "42").doesNotContain("proved: no event");
    }
  }

  @Test
  @Tag("F105")
  @DisplayName("F105 audit beyond the head of every endpoint is refused, and names the highest one")
  void audit_beyondTheHeadIsRefused() throws IOException {
    try (DevNode behind = DevNode.open(chain, NodeFaults.none().stale(90), 0);
        DevNode good = DevNode.open(chain)) {
      Files.writeString(
          directory.resolve("f.yaml"), text(behind.url() + "\", \"" + good.url(), "from: 0"));
      Captured beyond = Samples.shell(directory, Map.of());
      int code = execute(beyond, "audit", "--config", "f.yaml", "--from", "10", "--to", "160");
      assertThat(code).isEqualTo(ExitCode.MISUSE);
      assertThat(beyond.err()).contains("range ends above the head of the chain: to=160 head=99");

      Captured within = Samples.shell(directory, Map.of());
      code = execute(within, "audit", "--config", "f.yaml", "--from", "10", "--to", "99");
      assertThat(code).as(within.err()).isEqualTo(ExitCode.DONE);
    }
  }

  private static int execute(Captured captured, String... arguments) {
    CommandExtension counting =
        new CommandExtension() {
          @Override
          public List<dev.millrace.pipeline.Indexer> indexers() {
            return List.of(CountingMain.indexer(Long.MAX_VALUE));
          }
        };
    return new CommandLineRunner(captured.shell(), List.of(counting)).execute(arguments);
  }

  private MillraceException refused(String url, String from, boolean begun) {
    return catchThrowableOfType(MillraceException.class, () -> check(url, from, begun));
  }

  private void check(String url, String from, boolean begun) throws InterruptedException {
    new PreflightCheck(PATIENCE, _ -> begun).check(config(url, from));
  }

  private static String text(String url, String from) {
    return """
    name: counting
    chains:
      - id: 1337
        rpc: [ "%s" ]
        %s
        contracts: [ { name: Token, address: "%s" } ]
    """
        .formatted(url, from, DevChain.TOKEN);
  }

  private Config config(String url, String from) {
    return switch (ConfigFile.read("f.yaml", text(url, from), Map.of(), directory)) {
      case ConfigFile.Valid valid -> valid.config();
      case ConfigFile.Invalid invalid -> throw new AssertionError(invalid);
    };
  }
}
