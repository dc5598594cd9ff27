package dev.millrace.config;

import static dev.millrace.config.ConfigTexts.DATA;
import static dev.millrace.config.ConfigTexts.MINIMAL;
import static dev.millrace.config.ConfigTexts.OTHER;
import static dev.millrace.config.ConfigTexts.THIRD;
import static dev.millrace.config.ConfigTexts.TOKEN;
import static dev.millrace.config.ConfigTexts.config;
import static dev.millrace.config.ConfigTexts.endpoint;
import static dev.millrace.config.ConfigTexts.problems;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.config.Config.Chain;
import dev.millrace.config.Config.ClickHouse;
import dev.millrace.config.Config.Contract;
import dev.millrace.config.Config.End;
import dev.millrace.config.Config.Finality;
import dev.millrace.config.Config.IndexedRange;
import dev.millrace.config.Config.Jobs;
import dev.millrace.config.Config.Origin;
import dev.millrace.config.Config.Postgres;
import dev.millrace.config.Config.Stores;
import dev.millrace.evm.SourceOptions;
import dev.millrace.evm.Undecodable;
import dev.millrace.lane.LaneSettings;
import dev.millrace.loaders.Address;
import dev.millrace.loaders.Storage;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.locks.ReentrantLock;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ConfigFileTest {
  @ParameterizedTest
  @ValueSource(strings = {"http://erigon_node:8545", "ws://stack_node.1:8546", "http://db_1"})
  @Tag("F100")
  @DisplayName("F100 a host named as container networks name theirs is taken, and shown")
  void rpc_takesHostsThatOnlyContainerNetworksHave(String url) {
    Config config = config(MINIMAL.replace("http://127.0.0.1:8545", url + "/hush"), Map.of());

    assertThat(config.chains().getFirst().endpoints()).containsExactly(endpoint(url + "/hush"));
    assertThat(config.toString()).contains(url).doesNotContain("hush");
  }

  @Test
  void read_understandsEveryKey() {
    String text =
        """
        name: erc20
        postgres: { url: "jdbc:postgresql://db:5432/main", user: me, password: secret }
        clickhouse: { url: "https://ch:8443", user: it, password: hidden, database: my_mirror, entities: postgres }
        chains:
          - id: 1
            rpc: [ "http://127.0.0.1:8545", "wss://node.example/key" ]
            from: 10
            to: 20_000
            finality: { tag: finalized, depth: 64 }
            cache: { bytes: 512MB }
            audit: 2.5 %
            undecodable: stop
            poll: 250ms
            contracts:
              - name: Token
                address: 0xabababababababababababababababababababab
              - name: Pair
                address: [ "0xEFEFEFEFEFEFEFEFEFEFEFEFEFEFEFEFEFEFEFEF", "0xcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd" ]
          - id: 10
            rpc: http://127.0.0.1:8546
            to: latest
        pipeline: { depth: 2, batchEvents: 100, stagedBytes: 16MB, commitBytes: 512 KiB }
        http: { port: 8080 }
        """;

    assertThat(config(text, Map.of()))
        .usingRecursiveComparison()
        .ignoringFields("chains.origin")
        .ignoringFieldsOfTypes(ReentrantLock.class)
        .isEqualTo(
            new Config(
                "erc20",
                new Stores(
                    new Postgres.Server(
                        "jdbc:postgresql://db:5432/main", Optional.of("me"), Optional.of("secret")),
                    Optional.of(
                        new ClickHouse(
                            new ClickHouse.Server(
                                "https://ch:8443", Optional.of("it"), Optional.of("hidden")),
                            "my_mirror",
                            Storage.POSTGRES))),
                List.of(
                    new Chain(
                        1,
                        List.of(
                            endpoint("http://127.0.0.1:8545"), endpoint("wss://node.example/key")),
                        new IndexedRange(
                            10,
                            new End.At(20_000),
                            new Finality(Optional.of(Finality.Tag.FINALIZED), OptionalInt.of(64))),
                        List.of(
                            new Contract("Token", List.of(TOKEN)),
                            new Contract("Pair", List.of(THIRD, OTHER))),
                        new SourceOptions(
                            Optional.empty(),
                            512 << 20,
                            0.025,
                            Undecodable.STOP,
                            Duration.ofMillis(250)),
                        Origin.NONE),
                    new Chain(
                        10,
                        List.of(endpoint("http://127.0.0.1:8546")),
                        0,
                        new End.Latest(),
                        new Finality(Optional.empty(), OptionalInt.empty()),
                        List.of())),
                new LaneSettings(2, 100, 16 << 20, 512 << 10),
                OptionalInt.of(8080),
                DATA));
  }

  @Test
  void read_fillsInWhatIsLeftOut() {
    Config config = config(MINIMAL, Map.of());

    assertThat(config.postgres()).isEqualTo(new Postgres.Embedded());
    assertThat(config.clickhouse()).isEmpty();
    assertThat(config(MINIMAL + "clickhouse: { url: embedded }", Map.of()).clickhouse())
        .contains(new ClickHouse(new ClickHouse.Embedded(), "erc20", Storage.BOTH));
    assertThat(config.pipeline()).hasToString(LaneSettings.defaults().toString());
    assertThat(config.httpPort()).isEmpty();
    assertThat(config.chains().getFirst().from()).isZero();
    assertThat(config.chains().getFirst().to()).isEqualTo(new End.Open());
  }

  @Test
  void read_takesTheSettingsOfJobs() {
    assertThat(config(MINIMAL, Map.of()).jobs()).isEqualTo(Jobs.DEFAULTS);
    assertThat(config("name: mails\njobs: {}", Map.of()))
        .as("workers need no chain")
        .returns(Jobs.DEFAULTS, Config::jobs)
        .returns(List.of(), Config::chains);
    assertThat(
            config(
                    MINIMAL
                        + "jobs: { workers: 0, concurrency: 8, lease: 30s, drain: 1m, retention: 12h,"
                        + " queues: [ { name: mail, concurrency: 2 } ] }",
                    Map.of("MILLRACE_JOBS_QUEUES_0_CONCURRENCY", "3"))
                .jobs())
        .isEqualTo(
            new Jobs(
                0,
                OptionalInt.of(8),
                Map.of("mail", 3),
                Optional.of(Duration.ofSeconds(30)),
                Optional.of(Duration.ofMinutes(1)),
                Optional.of(Duration.ofHours(12))));
    assertThat(config(MINIMAL + "jobs: { retention: forever }", Map.of()).jobs().retention())
        .isEmpty();
  }

  @Test
  void read_takesTheAddressOfHttp() {
    OptionalInt port = OptionalInt.of(8080);
    assertThat(config(MINIMAL + "http: { port: 8080 }", Map.of()).http())
        .isEqualTo(new Config.Http(port, "127.0.0.1"));
    assertThat(config(MINIMAL + "http: { port: 8080, host: 0.0.0.0 }", Map.of()).http())
        .isEqualTo(new Config.Http(port, "0.0.0.0"));
    assertThat(
            config(MINIMAL, Map.of("MILLRACE_HTTP_PORT", "8080", "MILLRACE_HTTP_HOST", "::1"))
                .http())
        .isEqualTo(new Config.Http(port, "::1"));
    assertThat(problems(MINIMAL + "http: { host: 0.0.0.0 }", Map.of()))
        .singleElement()
        .asString()
        .contains("http.port: is missing");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
        "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed",
        "0x5AAEB6053F3E94C9B9A09F33669435E7EF1BEAED"
      })
  void read_takesAnAddressThatKeepsItsChecksumOrHasNone(String address) {
    Config config =
        config(MINIMAL + "    contracts: [ { name: A, address: '" + address + "' } ]\n", Map.of());

    assertThat(config.chains().getFirst().contracts().getFirst().addresses())
        .containsExactly(Address.of(address));
  }

  @Test
  void read_remembersWhereAChainWasWritten() {
    Config config =
        config(
            MINIMAL.replace("rpc: http", "rpc:\n      - http://127.0.0.1:1\n      - http")
                + "    finality:\n      depth: 3\n",
            Map.of("MILLRACE_CHAINS_0_FROM", "9"));
    Origin origin = config.chains().getFirst().origin();

    assertThat(origin.of("rpc[1]")).isEqualTo("f.yaml:6: chains[0].rpc[1]");
    assertThat(origin.of("finality.depth")).isEqualTo("f.yaml:8: chains[0].finality.depth");
    assertThat(origin.of("from")).isEqualTo("MILLRACE_CHAINS_0_FROM: chains[0].from");
    assertThat(origin.of("contracts")).isEqualTo("f.yaml:3: chains[0].contracts");
  }

  @Test
  void read_putsTheDataBesideTheFile(@TempDir Path directory) throws Exception {
    Path file = Files.writeString(directory.resolve("my.yaml"), MINIMAL);

    assertThat(ConfigFile.read(file, Map.of()))
        .isInstanceOfSatisfying(
            ConfigFile.Valid.class,
            valid ->
                assertThat(valid.config().dataDir()).isEqualTo(directory.resolve(".millrace")));
  }

  @Test
  void read_saysWhyAFileCannotBeRead(@TempDir Path directory) throws Exception {
    Path latin = directory.resolve("latin.yaml");
    Files.write(latin, "name: é".getBytes(StandardCharsets.ISO_8859_1));

    assertThat(ConfigFile.read(directory.resolve("none.yaml"), Map.of()).toString())
        .contains("none.yaml: does not exist");
    assertThat(ConfigFile.read(directory, Map.of()).toString()).contains("is a directory");
    assertThat(ConfigFile.read(latin, Map.of()).toString()).contains("is not text in UTF-8");
  }
}
