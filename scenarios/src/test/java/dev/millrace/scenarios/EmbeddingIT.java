package dev.millrace.scenarios;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.config.Config;
import dev.millrace.devchain.DevChain;
import dev.millrace.lane.LaneSettings;
import dev.millrace.loaders.Address;
import dev.millrace.runner.IndexerRuntime;
import dev.millrace.runner.IndexerStatus;
import dev.millrace.servers.EmbeddedPostgres;
import dev.millrace.servers.PostgresSettings;
import java.net.URI;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** An application that runs indexers in its own JVM, through the public API of {@code app}. */
@Timeout(300)
final class EmbeddingIT {
  private static final long BLOCKS = 1_500;

  @TempDir private static Path data;
  private static EmbeddedPostgres server;

  @BeforeAll
  static void start() {
    // The server that the runtimes join: a private one of the data directory.
    server =
        EmbeddedPostgres.start(
            data.resolve("postgres"),
            PostgresSettings.standard().withCache(data.resolve("cache")).with("fsync", "off"));
  }

  @AfterAll
  static void stop() {
    server.stop();
  }

  private static Config config(String name, String contract, Address address) {
    return new Config(
        name,
        new Config.Stores(new Config.Postgres.Embedded(), Optional.empty()),
        List.of(
            new Config.Chain(
                DevChain.ID,
                List.of(
                    new Config.Endpoint(
                        URI.create("dev://chain?seed=3&logs=10&names=2&blocks=" + BLOCKS))),
                0,
                new Config.End.At(BLOCKS - 1),
                new Config.Finality(Optional.empty(), OptionalInt.empty()),
                List.of(new Config.Contract(contract, List.of(address))))),
        new LaneSettings(4, 100, 64L << 20, 16L << 20),
        OptionalInt.empty(),
        data);
  }

  private static IndexerRuntime erc20(String name) {
    return IndexerRuntime.of(Erc20.indexer(), config(name, "Token", DevChain.TOKEN));
  }

  private static IndexerRuntime registry(String name) {
    return IndexerRuntime.of(Registry.indexer(), config(name, "Registry", DevChain.REGISTRY));
  }

  private static void untilDone(IndexerRuntime... together) throws InterruptedException {
    for (IndexerRuntime runtime : together) {
      runtime.start();
    }
    for (IndexerRuntime runtime : together) {
      try (runtime) {
        IndexerStatus ended = runtime.await();
        assertThat(ended.failure()).isEmpty();
        assertThat(ended.state()).isEqualTo(IndexerStatus.State.DONE);
      }
    }
  }

  @Test
  @Tag("H8")
  @DisplayName(
      "H8 a runtime that is closed in the middle goes on in the same JVM, as if never closed")
  void runtime_goesOnInTheSameJvm() throws Exception {
    untilDone(erc20("alone"));
    List<Long> reached = new ArrayList<>();
    for (int life = 0; life < 3; life++) {
      try (IndexerRuntime runtime = erc20("lives")) {
        runtime.start();
        long begun = reached.isEmpty() ? 0 : reached.getLast();
        awaitThat(() -> committed(runtime) > begun || isOver(runtime));
      }
      reached.add(durable("lives"));
    }
    assertThat(reached).isSorted();
    assertThat(reached.getFirst()).as("closed in the middle").isLessThan(BLOCKS - 1);
    untilDone(erc20("lives"));

    assertThat(rows("lives", "account")).isNotEmpty().isEqualTo(rows("alone", "account"));
    assertThat(rows("lives", "transfer")).isEqualTo(rows("alone", "transfer"));
    awaitThat(() -> threads().isEmpty());
  }

  @Test
  @Tag("H8")
  @DisplayName("H8 two indexers in one JVM leave what each leaves alone")
  void indexers_runBesideEachOther() throws Exception {
    untilDone(erc20("erc20_alone"));
    untilDone(registry("registry_alone"));
    untilDone(erc20("erc20_beside"), registry("registry_beside"));

    assertThat(rows("erc20_beside", "account"))
        .isNotEmpty()
        .isEqualTo(rows("erc20_alone", "account"));
    assertThat(rows("registry_beside", "name"))
        .isNotEmpty()
        .isEqualTo(rows("registry_alone", "name"));
    awaitThat(() -> threads().isEmpty());
  }

  private static long committed(IndexerRuntime runtime) {
    return runtime.status().lanes().stream()
        .mapToLong(lane -> lane.committed().block().orElse(-1))
        .max()
        .orElse(-1);
  }

  private static boolean isOver(IndexerRuntime runtime) {
    IndexerStatus.State state = runtime.status().state();
    return state == IndexerStatus.State.DONE || state == IndexerStatus.State.FAILED;
  }

  private static long durable(String schema) throws SQLException {
    return Long.parseLong(query("SELECT block FROM %s.millrace_lane".formatted(schema)).getFirst());
  }

  private static List<String> rows(String schema, String table) throws SQLException {
    return query("SELECT t::text FROM %s.%s t ORDER BY 1".formatted(schema, table));
  }

  private static List<String> query(String sql) throws SQLException {
    try (Connection connection =
            DriverManager.getConnection(server.jdbcUrl(), server.user(), server.password());
        Statement statement = connection.createStatement();
        ResultSet found = statement.executeQuery(sql)) {
      List<String> rows = new ArrayList<>();
      while (found.next()) {
        rows.add(found.getString(1));
      }
      return rows;
    }
  }

  /** Lists the threads of stages of lanes; virtual threads end with them. */
  private static List<String> threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .map(Thread::getName)
        .filter(name -> name.matches("millrace-\\d+-(execute|mirror|commit)"))
        .toList();
  }

  private static void awaitThat(BooleanSupplier condition) {
    long until = System.nanoTime() + 60_000_000_000L;
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("waited in vain").isLessThan(until);
      LockSupport.parkNanos(1_000_000);
    }
  }
}
