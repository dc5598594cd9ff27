package dev.millrace.config;

import static dev.millrace.config.ConfigTexts.MINIMAL;
import static dev.millrace.config.ConfigTexts.config;
import static dev.millrace.config.ConfigTexts.problems;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Mistakes in a config: all are reported, each with its place and the expected value. */
class ConfigMistakesTest {
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
        Arguments.of("chains: [{rpc: 'http://127.0.0.1.:8545'}]", "chains[0].rpc: names no host"),
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
            "clickhouse: {url: 'http://click_house:8123'}",
            "clickhouse.url: names a host that its HTTP client does not take"),
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
        Arguments.of("jobs: 4", "jobs: is one value; expected the keys workers, concurrency"),
        Arguments.of("jobs: {worker: 4}", "jobs.worker: is not a key, did you mean workers?"),
        Arguments.of("jobs: {workers: -1}", "jobs.workers: is negative: value=-1"),
        Arguments.of("jobs: {concurrency: 0}", "jobs.concurrency: is too small: value=0"),
        Arguments.of("jobs: {queues: {mail: 4}}", "jobs.queues: is a section of keys; expected a"),
        Arguments.of(
            "jobs: {queues: [{name: mail}]}", "jobs.queues[0].concurrency: is missing; expected a"),
        Arguments.of("jobs: {queues: [{concurrency: 2}]}", "jobs.queues[0].name: is missing"),
        Arguments.of(
            "jobs: {queues: [{name: a b, concurrency: 2}]}",
            "jobs.queues[0].name: is not a name: value=a b; expected letters, digits"),
        Arguments.of(
            "jobs: {queues: [{name: a, concurrency: 2}, {name: a, concurrency: 3}]}",
            "jobs.queues[1].name: is the name of jobs.queues[0] too: value=a; expected each"),
        Arguments.of(
            "jobs: {lease: 10ms}",
            "jobs.lease: is not a time to wait: value=10ms; expected 500ms, 2s or 1m, from 1000 ms"
                + " to 3600 s"),
        Arguments.of("jobs: {drain: soon}", "jobs.drain: is not a time to wait: value=soon"),
        Arguments.of(
            "jobs: {retention: 1s}",
            "jobs.retention: is not a time to wait: value=1s; expected 90m, 12h or 30d, from 60 s to"
                + " 36500 d, or forever"),
        Arguments.of("postgres: {url: embedded}", "chains: is missing; expected a list with at"),
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
            MINIMAL
                .replace("127.0.0.1:8545", "u:hush@node.example:8545/v2/hush?key=hush")
                .concat(
                    "postgres: { url: 'jdbc:postgresql://u:hush@h/d?password=hush', password: hush }\n"
                        + "clickhouse: { url: 'http://mirror:8123', user: me, password: hush }"),
            Map.of());
    assertThat(config.toString())
        .contains("http://node.example:8545", "jdbc:postgresql://h/d", "http://mirror:8123")
        .doesNotContain("hush");
  }
}
