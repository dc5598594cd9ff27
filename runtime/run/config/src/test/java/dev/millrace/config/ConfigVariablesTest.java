package dev.millrace.config;

import static dev.millrace.config.ConfigTexts.DATA;
import static dev.millrace.config.ConfigTexts.MINIMAL;
import static dev.millrace.config.ConfigTexts.TOKEN;
import static dev.millrace.config.ConfigTexts.config;
import static dev.millrace.config.ConfigTexts.endpoint;
import static dev.millrace.config.ConfigTexts.problems;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.config.Config.Chain;
import dev.millrace.config.Config.ClickHouse;
import dev.millrace.config.Config.Contract;
import dev.millrace.config.Config.Postgres;
import dev.millrace.lane.LaneSettings;
import dev.millrace.loaders.Storage;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Values that a config takes from the environment. */
class ConfigVariablesTest {
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
            MINIMAL,
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
            new LaneSettings(3, 11, LaneSettings.defaults().stagedBytes(), 2 << 20).toString());
    Chain chain = config.chains().getFirst();
    assertThat(chain.from()).isEqualTo(5);
    assertThat(chain.endpoints())
        .containsExactly(endpoint("http://127.0.0.1:8545"), endpoint("http://127.0.0.1:2"));
    assertThat(chain.contracts()).containsExactly(new Contract("Token", List.of(TOKEN)));
    assertThat(config.httpPort()).isEmpty();
  }

  @Test
  void environment_enablesTheMirror() {
    Config config = config(MINIMAL, Map.of("MILLRACE_CLICKHOUSE_URL", "http://mirror:8123/"));

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

    assertThat(problems(MINIMAL, environment))
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

    assertThat(ConfigFile.read("f.yaml", MINIMAL, environment, DATA))
        .isInstanceOfSatisfying(
            ConfigFile.Valid.class,
            valid ->
                assertThat(valid.warnings())
                    .containsExactly(
                        "MILLRACE_CHAIN_0_FROM: names no key of the config and changes nothing (below chains)",
                        "MILLRACE_PIPELINE_DEEP: names no key of the config and changes nothing (below"
                            + " pipeline)"));
  }
}
