package dev.millrace.scenarios;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.devchain.DevChain;
import dev.millrace.postgres.client.DatabaseSettings;
import dev.millrace.servers.EmbeddedClickHouse;
import dev.millrace.servers.EmbeddedPostgres;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Real processes over two real stores, all of them killed at moments that a seed draws. */
@Timeout(900)
@ExtendWith(EngineIsThere.class)
final class MirrorSoakIT {
  private static final long SEED = 11;

  @TempDir private static Path directory;

  /** A tenth of the default of {@code millrace soak}. */
  @Test
  @Tag("K1")
  @Tag("K4")
  @Tag("K7")
  @DisplayName("K1 K4 K7 both stores agree after each of thirty kills, and five of either store")
  void bothStores_agreeThroughKills() throws Exception {
    EmbeddedPostgres server = EmbeddedPostgres.start(directory.resolve("postgres"));
    EmbeddedClickHouse engine = EmbeddedClickHouse.start(directory.resolve("clickhouse"));
    try {
      IndexerChildConfig.Mirror mirror =
          new IndexerChildConfig.Mirror(engine.url(), engine.user(), engine.password());
      ReorgSoak.MirrorSoak twin =
          new ReorgSoak.MirrorSoak(
              mirror, List.of(KillableStore.of(engine), KillableStore.of(server)));
      ReorgSoak.Result result =
          new ReorgSoak(
                  new DevChain(ReorgSoak.settings(SEED, 300)),
                  new ReorgSoak.SoakStores(
                      DatabaseSettings.of(server.jdbcUrl(), server.user(), server.password()),
                      Optional.of(twin),
                      directory),
                  SEED,
                  new ReorgSoak.SoakTargets(30, 30, 10, 5),
                  news -> {})
              .run();

      assertThat(result.deaths().kills()).as("by SIGKILL alone").isEqualTo(30);
      assertThat(result.deaths().storeKills()).isEqualTo(10);
      assertThat(result.agreements()).isGreaterThan(40);
      assertThat(result.rewinds()).isPositive();
    } finally {
      engine.stop();
      server.stop();
    }
  }
}
