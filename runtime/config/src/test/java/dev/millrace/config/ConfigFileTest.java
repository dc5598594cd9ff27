package dev.millrace.config;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.config.Config.Chain;
import dev.millrace.config.Config.ClickHouse;
import dev.millrace.config.Config.Contract;
import dev.millrace.config.Config.End;
import dev.millrace.config.Config.Endpoint;
import dev.millrace.config.Config.Finality;
import dev.millrace.config.Config.Origin;
import dev.millrace.config.Config.Postgres;
import dev.millrace.config.Config.Stores;
import dev.millrace.config.Config.Stretch;
import dev.millrace.evm.Reading;
import dev.millrace.evm.Undecodable;
import dev.millrace.loaders.Address;
import dev.millrace.loaders.Storage;
import dev.millrace.pipeline.LaneSettings;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConfigFileTest {
  private static final Path DATA = Path.of("/data");
  private static final Address TOKEN = Address.of("0x" + "ab".repeat(20));
  private static final Address OTHER = Address.of("0x" + "cd".repeat(20));
  private static final Address THIRD = Address.of("0x" + "ef".repeat(20));

  private static final String LEAST =
      """
      name: erc20
      chains:
        - id: 1
          rpc: http://127.0.0.1:8545
      """;

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
                        new Stretch(
                            10,
                            new End.At(20_000),
                            new Finality(Optional.of(Finality.Tag.FINALIZED), OptionalInt.of(64))),
                        List.of(
                            new Contract("Token", List.of(TOKEN)),
                            new Contract("Pair", List.of(THIRD, OTHER))),
                        new Reading(
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
    Config config = config(LEAST, Map.of());

    assertThat(config.postgres()).isEqualTo(new Postgres.Embedded());
    assertThat(config.clickhouse()).isEmpty();
    assertThat(config(LEAST + "clickhouse: { url: embedded }", Map.of()).clickhouse())
        .contains(new ClickHouse(new ClickHouse.Embedded(), "erc20", Storage.BOTH));
    assertThat(config.pipeline()).hasToString(LaneSettings.usual().toString());
    assertThat(config.httpPort()).isEmpty();
    assertThat(config.chains().getFirst().from()).isZero();
    assertThat(config.chains().getFirst().to()).isEqualTo(new End.Open());
  }

  @Test
  void read_takesTheAddressOfHttp() {
    OptionalInt port = OptionalInt.of(8080);
    assertThat(config(LEAST + "http: { port: 8080 }", Map.of()).http())
        .isEqualTo(new Config.Http(port, "127.0.0.1"));
    assertThat(config(LEAST + "http: { port: 8080, host: 0.0.0.0 }", Map.of()).http())
        .isEqualTo(new Config.Http(port, "0.0.0.0"));
    assertThat(
            config(LEAST, Map.of("MILLRACE_HTTP_PORT", "8080", "MILLRACE_HTTP_HOST", "::1")).http())
        .isEqualTo(new Config.Http(port, "::1"));
    assertThat(problems(LEAST + "http: { host: 0.0.0.0 }", Map.of()))
        .singleElement()
        .asString()
        .contains("http.port: is missing");
  }

  @Test
  void read_reportsEverythingAtOnceInTheOrderOfTheFile() {
    String text =
        """
        name: Erc20
        postgres:
          uri: embedded
        chains:
          - id: one
            from: 10
            to: 9
            contracts:
              - name: Token
                address: "0x12"
          - rpc: http://127.0.0.1:8545
            from: -1
        pipeline:
          stagedBytes: 256XB
          depth: 1
          depth: 2
        clickhouse:
          url: jdbc:clickhouse://h
          entities: none
          database: a-b
        """;

    assertThat(problems(text, Map.of()))
        .containsExactly(
            "f.yaml:1: name: is not a name: value=Erc20; expected lower-case letters, digits and _, a letter"
                + " first, at most 63 of them",
            "f.yaml:3: postgres.uri: is not a key, did you mean url?; expected one of url, user, password",
            "f.yaml:5: chains[0].rpc: is missing; expected the URL of a node, such as http://127.0.0.1:8545",
            "f.yaml:5: chains[0].id: is not a number: value=one; expected a whole number from 0 on",
            "f.yaml:7: chains[0].to: lies before from: to=9 from=10; expected a block at or after from (to is"
                + " inclusive)",
            "f.yaml:10: chains[0].contracts[0].address: is not an address: digits=2 value=0x12; expected 0x and"
                + " 40 hex digits",
            "f.yaml:11: chains[1].id: is missing; expected the chain's number, such as 1",
            "f.yaml:12: chains[1].from: is negative: value=-1; expected a whole number from 0 on",
            "f.yaml:14: pipeline.stagedBytes: is not an amount of bytes: value=256XB; expected an amount such as"
                + " 512KB, 256MB or 2GB, at least 1048576 bytes",
            "f.yaml:16: pipeline.depth: is given twice, first at f.yaml:15; expected it once",
            "f.yaml:18: clickhouse.url: is not the address of a ClickHouse server; expected embedded, or the"
                + " address of its HTTP interface, such as http://127.0.0.1:8123",
            "f.yaml:19: clickhouse.entities: is none of the words for it: value=none; expected both or postgres"
                + " or clickhouse",
            "f.yaml:20: clickhouse.database: is not a name: value=a-b; expected letters, digits and _, no digit"
                + " first, at most 63 of them");
  }

  static Stream<Arguments> mistakes() {
    return Stream.of(
        Arguments.of("", "f.yaml:1: name: is missing"),
        Arguments.of("name: [a]", "f.yaml:1: name: is a list; expected one value"),
        Arguments.of("name:", "f.yaml:1: name: is missing"),
        Arguments.of("- a", "f.yaml:1: is a list; expected the keys name, postgres"),
        Arguments.of("name: \"a", "f.yaml:1: is not YAML: "),
        Arguments.of("name: a\n---\nname: b", "f.yaml:2: is not YAML: "),
        Arguments.of("a: &a [*a]", "is not YAML"),
        Arguments.of("chains: {id: 1}", "chains: is a section of keys; expected a list"),
        Arguments.of("chains: []", "chains: is empty; expected at least one chain"),
        Arguments.of("chains: [7]", "chains[0]: is one value; expected the keys id, rpc"),
        Arguments.of("chain:\n  - id: 1", "f.yaml:1: chain: is not a key, did you mean chains?"),
        Arguments.of("chains: [{id: 1, rpc: []}]", "chains[0].rpc: is empty"),
        Arguments.of("chains: [{id: 1, rpc: 'localhost'}]", "chains[0].rpc: is not a URL"),
        Arguments.of("chains: [{rpc: ['a://b', 'c d']}]", "chains[0].rpc[1]: is not a URL"),
        Arguments.of(
            "chains: [{id: 1},\n{id: 1}]", "f.yaml:2: chains[1].id: is the id of chains[0] too"),
        Arguments.of(
            "chains: [{to: soon}]", "to: is not a number: value=soon; expected a block number"),
        Arguments.of("chains: [{from: 99999999999999999999}]", "from: is too large"),
        Arguments.of("chains: [{from: 1.5}]", "from: is not a number: value=1.5"),
        Arguments.of(
            "chains: [{finality: {tag: safest}}]",
            "tag: is none of the words for it: value=safest; expected finalized or safe"),
        Arguments.of("chains: [{contracts: [{name: A}]}]", "contracts[0].address: is missing"),
        Arguments.of(
            "chains: [{contracts: [{name: A, address: []}]}]", "contracts[0].address: is empty"),
        Arguments.of(
            "chains: [{contracts: [{name: A}, {name: A}]}]", "contracts[1].name: is the name of"),
        Arguments.of(
            "chains: [{contracts: [{name: A, address: [0x"
                + "ab".repeat(20)
                + ", 0x"
                + "AB".repeat(20)
                + "]}]}]",
            "contracts[0].address: is given twice"),
        Arguments.of(
            "chains:\n - contracts:\n   - {name: A, address: '0x"
                + "ab".repeat(20)
                + "'}\n   - {name: B, address: '0x"
                + "ab".repeat(20)
                + "'}",
            "f.yaml:4: chains[0].contracts[1].address: belongs to chains[0].contracts[0] too"),
        Arguments.of(
            "chains: [{contracts: [{name: A, address: '0x5aAeb6053f3e94c9b9a09f33669435e7ef1beaed'}]}]",
            "contracts[0].address: has a wrong checksum, so a letter of it is wrong:"
                + " value=0x5aAeb6053f3e94c9b9a09f33669435e7ef1beaed; expected the address as its"
                + " chain shows it (these digits would be written"
                + " 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed)"),
        Arguments.of(
            "chains: [{rpc: 'ftp://node/key'}]",
            "chains[0].rpc: has a scheme that is none of a node: scheme=ftp"),
        Arguments.of("chains: [{rpc: 'http:///key'}]", "chains[0].rpc: names no host"),
        Arguments.of(
            "chains: [{rpc: ['http://h', 'dev://chain']}]", "rpc: names nodes and a dev chain"),
        Arguments.of("chains: [{audit: 2}]", "audit: is not a share: value=2"),
        Arguments.of("chains: [{audit: 101 %}]", "audit: is not a share: value=101 %"),
        Arguments.of("chains: [{poll: 1h}]", "poll: is not a time to wait: value=1h"),
        Arguments.of("chains: [{poll: 1ms}]", "poll: is not a time to wait: value=1ms"),
        Arguments.of(
            "chains: [{undecodable: ignore}]",
            "undecodable: is none of the words for it: value=ignore; expected skip or stop"),
        Arguments.of("chains: [{cache: 4GB}]", "cache: is one value; expected the keys bytes"),
        Arguments.of(
            "postgres: {url: 'mysql://u:hush@h/d'}", "postgres.url: is not the address of"),
        Arguments.of("postgres: {user: me}", "postgres.user: does nothing for an embedded"),
        Arguments.of(
            "clickhouse: {}", "f.yaml:1: clickhouse.url: is missing; expected embedded, or"),
        Arguments.of(
            "clickhouse: {url: 'http://u:hush@h:1'}", "clickhouse.url: is not the address of"),
        Arguments.of("clickhouse: {url: 'http://h:1/?a=b'}", "clickhouse.url: is not the address"),
        Arguments.of(
            "clickhouse: {url: embedded, password: hush}",
            "clickhouse.password: does nothing for an embedded ClickHouse"),
        Arguments.of("pipeline: {depth: -3}", "pipeline.depth: is negative: value=-3"),
        Arguments.of("pipeline: {batchEvents: 0}", "pipeline.batchEvents: is too small: value=0"),
        Arguments.of("pipeline: {stagedBytes: -1MB}", "pipeline.stagedBytes: is negative"),
        Arguments.of("pipeline: {stagedBytes: 1KB}", "pipeline.stagedBytes: is too small"),
        Arguments.of(
            "pipeline: {stagedBytes: 999999999999GB}", "pipeline.stagedBytes: is too large"),
        Arguments.of("pipeline: {batch_events: 5}", "did you mean batchEvents?"),
        Arguments.of("chains: [{form: 5}]", "chains[0].form: is not a key, did you mean from?"),
        Arguments.of("http: {}", "http.port: is missing"),
        Arguments.of(
            "http: {port: 65536}", "http.port: is too large: value=65536; expected a whole number"),
        Arguments.of("http: 8080", "http: is one value; expected the keys port"),
        Arguments.of(
            "name: ${NOWHERE}", "f.yaml:1: name: refers to a variable that is not set: NOWHERE"),
        Arguments.of("name: ${A", "name: has a broken reference"));
  }

  @ParameterizedTest
  @MethodSource("mistakes")
  void read_namesTheMistake(String text, String expected) {
    assertThat(problems(text, Map.of())).anyMatch(problem -> problem.contains(expected));
  }

  @Test
  void read_neverRepeatsASecret() {
    String text =
        """
        name: hush1
        postgres: { url: "postgres://u:hush2@h/d", user: me, password: [ hush3 ] }
        clickhouse: { url: "http://u:hush8@h/", password: [ hush9 ] }
        chains:
          - id: ${SECRET}
            rpc: [ "http hush5", "https://u:hush6@h/hush7" ]
        """;
    assertThat(problems(text, Map.of("SECRET", "hush4")))
        .isNotEmpty()
        .noneMatch(problem -> problem.contains("hush"));

    Config config =
        config(
            LEAST
                .replace("127.0.0.1:8545", "u:hush@node.example:8545/v2/hush?key=hush")
                .concat(
                    "postgres: { url: 'jdbc:postgresql://u:hush@h/d?password=hush', password: hush }\n"
                        + "clickhouse: { url: 'http://mirror:8123', user: me, password: hush }"),
            Map.of());
    assertThat(config.toString())
        .contains("http://node.example:8545", "jdbc:postgresql://h/d", "http://mirror:8123")
        .doesNotContain("hush");
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
        config(LEAST + "    contracts: [ { name: A, address: '" + address + "' } ]\n", Map.of());

    assertThat(config.chains().getFirst().contracts().getFirst().addresses())
        .containsExactly(Address.of(address));
  }

  @Test
  void read_remembersWhereAChainWasWritten() {
    Config config =
        config(
            LEAST.replace("rpc: http", "rpc:\n      - http://127.0.0.1:1\n      - http")
                + "    finality:\n      depth: 3\n",
            Map.of("MILLRACE_CHAINS_0_FROM", "9"));
    Origin origin = config.chains().getFirst().origin();

    assertThat(origin.of("rpc[1]")).isEqualTo("f.yaml:6: chains[0].rpc[1]");
    assertThat(origin.of("finality.depth")).isEqualTo("f.yaml:8: chains[0].finality.depth");
    assertThat(origin.of("from")).isEqualTo("MILLRACE_CHAINS_0_FROM: chains[0].from");
    assertThat(origin.of("contracts")).isEqualTo("f.yaml:3: chains[0].contracts");
  }

  @Test
  void read_interpolatesFromTheEnvironment() {
    Config config =
        config(
            """
            name: ${KIND:-erc}20
            postgres:
              url: jdbc:postgresql://${HOST}/${BASE:-main}
              password: a$${HOST}$b
            chains: [ { id: 1, rpc: "${RPC}", from: "${FROM:-7}" } ]
            """,
            Map.of("HOST", "db", "BASE", "", "RPC", "http://127.0.0.1:8545"));

    assertThat(config.name()).isEqualTo("erc20");
    assertThat(config.postgres())
        .isEqualTo(
            new Postgres.Server(
                "jdbc:postgresql://db/main", Optional.empty(), Optional.of("a${HOST}$b")));
    assertThat(config.chains().getFirst().from()).isEqualTo(7);
  }

  @Test
  void environment_overridesScalarKeys() {
    Config config =
        config(
            LEAST,
            Map.of(
                "MILLRACE_POSTGRES_URL", "jdbc:postgresql://db/main",
                "MILLRACE_POSTGRES_PASSWORD", "${literal}",
                "MILLRACE_PIPELINE_DEPTH", "3",
                "MILLRACE_PIPELINE_BATCH_EVENTS", "11",
                "MILLRACE_PIPELINE_COMMITBYTES", "2MB",
                "MILLRACE_CHAINS_0_FROM", "5",
                "MILLRACE_CHAINS_0_RPC_1", "http://127.0.0.1:2",
                "MILLRACE_CHAINS_0_CONTRACTS_0_NAME", "Token",
                "MILLRACE_CHAINS_0_CONTRACTS_0_ADDRESS", TOKEN.toString(),
                "MILLRACE_HTTP_PORT", ""));

    assertThat(config.postgres())
        .isEqualTo(
            new Postgres.Server(
                "jdbc:postgresql://db/main", Optional.empty(), Optional.of("${literal}")));
    assertThat(config.pipeline())
        .hasToString(
            new LaneSettings(3, 11, LaneSettings.usual().stagedBytes(), 2 << 20).toString());
    Chain chain = config.chains().getFirst();
    assertThat(chain.from()).isEqualTo(5);
    assertThat(chain.endpoints())
        .containsExactly(endpoint("http://127.0.0.1:8545"), endpoint("http://127.0.0.1:2"));
    assertThat(chain.contracts()).containsExactly(new Contract("Token", List.of(TOKEN)));
    assertThat(config.httpPort()).isEmpty();
  }

  @Test
  void environment_turnsTheMirrorOn() {
    Config config = config(LEAST, Map.of("MILLRACE_CLICKHOUSE_URL", "http://mirror:8123/"));

    assertThat(config.clickhouse())
        .contains(
            new ClickHouse(
                new ClickHouse.Server("http://mirror:8123/", Optional.empty(), Optional.empty()),
                "erc20",
                Storage.BOTH));
  }

  @Test
  void environment_isNamedWhereItIsWrong() {
    Map<String, String> environment =
        Map.of(
            "MILLRACE_PIPELINE_DEPTH", "deep",
            "MILLRACE_CHAINS_4_FROM", "5",
            "MILLRACE_CLICKHOUSE_URL", "tcp://h");

    assertThat(problems(LEAST, environment))
        .containsExactlyInAnyOrder(
            "MILLRACE_PIPELINE_DEPTH: pipeline.depth: is not a number: value=deep; expected a whole number from"
                + " 0 to 1024",
            "MILLRACE_CHAINS_4_FROM: chains[4]: is not in the config, which has 1 of them; expected a position"
                + " from 0 to 1",
            "MILLRACE_CLICKHOUSE_URL: clickhouse.url: is not the address of a ClickHouse server; expected"
                + " embedded, or the address of its HTTP interface, such as http://127.0.0.1:8123");
  }

  @Test
  void environment_warnsOfVariablesThatLookLikeKeys() {
    Map<String, String> environment =
        Map.of(
            "MILLRACE_PIPELINE_DEEP", "1",
            "MILLRACE_CHAIN_0_FROM", "1",
            "MILLRACE_HEAP", "2g",
            "MILLRACE_SEED", "42",
            "PIPELINE_DEPTH", "9");

    assertThat(ConfigFile.read("f.yaml", LEAST, environment, DATA))
        .isInstanceOfSatisfying(
            ConfigFile.Valid.class,
            valid ->
                assertThat(valid.warnings())
                    .containsExactly(
                        "MILLRACE_CHAIN_0_FROM: names no key of the config and changes nothing (below chains)",
                        "MILLRACE_PIPELINE_DEEP: names no key of the config and changes nothing (below"
                            + " pipeline)"));
  }

  @Test
  void read_putsTheDataBesideTheFile(@TempDir Path directory) throws Exception {
    Path file = Files.writeString(directory.resolve("my.yaml"), LEAST);

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

  private static Endpoint endpoint(String url) {
    return new Endpoint(URI.create(url));
  }

  private static Config config(String text, Map<String, String> environment) {
    return switch (ConfigFile.read("f.yaml", text, environment, DATA)) {
      case ConfigFile.Valid valid -> valid.config();
      case ConfigFile.Invalid invalid -> throw new AssertionError(invalid);
    };
  }

  private static List<String> problems(String text, Map<String, String> environment) {
    return switch (ConfigFile.read("f.yaml", text, environment, DATA)) {
      case ConfigFile.Valid valid -> throw new AssertionError(valid);
      case ConfigFile.Invalid invalid ->
          invalid.problems().stream().map(ConfigProblem::toString).toList();
    };
  }
}
