package dev.millrace.scenarios;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.devchain.DevChain;
import dev.millrace.loaders.Address;
import dev.millrace.postgres.client.DatabaseSettings;
import dev.millrace.servers.EmbeddedPostgres;
import java.nio.file.Path;
import java.sql.Connection;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Real processes over a real PostgreSQL, killed and stopped at moments that a seed draws. */
@Timeout(900)
final class CrashRestartSoakIT {
  private static final long SEED = 11;
  private static final int KILLS = 10;

  @TempDir private static Path directory;
  private static EmbeddedPostgres server;

  @BeforeAll
  static void start() {
    server = EmbeddedPostgres.start(directory.resolve("postgres"));
  }

  @AfterAll
  static void stop() {
    server.stop();
  }

  @Test
  @Tag("A16")
  @Tag("D1")
  @DisplayName("A16 D1 ERC-20 under ten SIGKILLs leaves the tables of an undisturbed run")
  void erc20_survivesKills() throws Exception {
    CrashRestartSoak.Result result =
        soak(Scenario.erc20(SEED, 2_500), "Token", DevChain.TOKEN, KILLS, 0);

    assertThat(result.kills()).isEqualTo(KILLS);
  }

  @Test
  @Tag("A16")
  @Tag("D1")
  @DisplayName("A16 D1 the registry under ten SIGKILLs leaves the tables of an undisturbed run")
  void registry_survivesKills() throws Exception {
    CrashRestartSoak.Result result =
        soak(Scenario.registry(SEED, 2_500), "Registry", DevChain.REGISTRY, KILLS, 0);

    assertThat(result.kills()).isEqualTo(KILLS);
  }

  @Test
  @Tag("A16")
  @Tag("D1")
  @DisplayName("A16 D1 the exchange under ten SIGKILLs leaves the tables of an undisturbed run")
  void amm_survivesKills() throws Exception {
    CrashRestartSoak.Result result =
        soak(Scenario.amm(SEED, 2_500, 500, 6), "Factory", DevChain.FACTORY, KILLS, 0);

    assertThat(result.kills()).isEqualTo(KILLS);
  }

  @Test
  @Tag("D3")
  @DisplayName("D3 a stopped process whose lane was taken changes nothing and exits with code 3")
  void stoppedProcess_givesWayToItsSuccessor() throws Exception {
    CrashRestartSoak.Result result =
        soak(Scenario.erc20(SEED + 1, 2_500), "Token", DevChain.TOKEN, 3, 100);

    assertThat(result.takeovers()).isPositive();
  }

  @Test
  @Tag("E5")
  @Tag("E6")
  @Tag("E7")
  @Tag("E8")
  @Tag("D1")
  @DisplayName("D1 E5 E6 E7 E8 thirty reorgs with ten kills leave the tables of the chain")
  void forkingChain_isFollowedThroughKills() throws Exception {
    ReorgSoak.Result result =
        new ReorgSoak(
                new DevChain(ReorgSoak.settings(SEED, 300)),
                new ReorgSoak.SoakStores(database(), Optional.empty(), directory),
                SEED,
                new ReorgSoak.SoakTargets(30, 10, 10, 0),
                news -> {})
            .run();

    assertThat(result.reorgs()).isGreaterThanOrEqualTo(30);
    assertThat(result.deaths().kills()).isGreaterThanOrEqualTo(10);
    assertThat(result.rewinds()).isPositive();
    assertThat(result.returns()).isPositive();
  }

  private static DatabaseSettings database() {
    return DatabaseSettings.of(server.jdbcUrl(), server.user(), server.password());
  }

  private static CrashRestartSoak.Result soak(
      Scenario scenario, String contract, Address address, int kills, int stops) throws Exception {
    DatabaseSettings database = database();
    CrashRestartSoak.Result result =
        new CrashRestartSoak(
                scenario.indexer().name(),
                contract,
                address,
                scenario.chain().settings(),
                database,
                directory,
                SEED,
                kills,
                stops,
                news -> {})
            .run();
    try (Connection connection = TableDigests.connect(database)) {
      String schema = scenario.indexer().name() + "_soaked";
      assertThat(StoredRows.of(connection, schema, scenario.entities()))
          .as("tables against the reference")
          .isEqualTo(scenario.expected());
    }
    return result;
  }
}
