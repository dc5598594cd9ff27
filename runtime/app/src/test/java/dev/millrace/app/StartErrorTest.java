package dev.millrace.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.config.Config;
import dev.millrace.devchain.DevChain;
import dev.millrace.evm.Event;
import dev.millrace.evm.Evm;
import dev.millrace.evm.EvmIndexer;
import dev.millrace.lane.LaneSettings;
import dev.millrace.loaders.Address;
import dev.millrace.loaders.Entity;
import dev.millrace.loaders.Id;
import dev.millrace.pipeline.CommitStore;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.pipeline.Source;
import dev.millrace.runner.IndexerRuntime;
import dev.millrace.runner.IndexerStatus;
import java.math.BigInteger;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A start that meets an Error, as of a class that cannot be initialized. */
@Timeout(60)
final class StartErrorTest {
  @TempDir Path directory;

  @Event("Transfer(address indexed from, address indexed to, uint256 value)")
  record Transferred(Address from, Address to, BigInteger value) {}

  @Entity
  record Count(@Id long id) {}

  @Test
  @Tag("A38")
  @DisplayName("A38 a start that throws an Error has failed: nothing stays open, await returns")
  void start_thatThrowsAnErrorHasFailed() throws Exception {
    EvmIndexer indexer =
        Evm.indexer("counting")
            .entities(Count.class)
            .contract("Token", token -> token.on(Transferred.class, (_, _) -> {}))
            .build();
    int port = freePort();
    try (IndexerRuntime runtime =
        new IndexerRuntime(
            indexer, config(port), connectors(), Failpoint.NONE, Duration.ofSeconds(20))) {
      assertThatThrownBy(runtime::start).isInstanceOf(ExceptionInInitializerError.class);

      assertThat(runtime.await().state()).isEqualTo(IndexerStatus.State.FAILED);
      assertThat(runtime.failure().orElseThrow())
          .hasMessageContaining("start failed: error=java.lang.ExceptionInInitializerError");
      try (ServerSocket again = new ServerSocket()) {
        again.bind(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port));
        assertThat(again.isBound()).as("the port is free again").isTrue();
      }
    }
  }

  private static int freePort() throws Exception {
    try (ServerSocket any = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
      return any.getLocalPort();
    }
  }

  private static IndexerRuntime.Connectors connectors() {
    return new IndexerRuntime.Connectors() {
      @Override
      public List<Source> sources() {
        return List.of();
      }

      @Override
      public CommitStore store(Failpoint failpoint) {
        throw new ExceptionInInitializerError("Account cannot be initialized");
      }
    };
  }

  private Config config(int port) {
    return new Config(
        "counting",
        new Config.Postgres.Embedded(),
        List.of(
            new Config.Chain(
                1,
                List.of(new Config.Endpoint(URI.create("dev://chain?seed=1&blocks=5"))),
                0,
                new Config.End.At(4),
                new Config.Finality(Optional.empty(), OptionalInt.empty()),
                List.of(new Config.Contract("Token", List.of(DevChain.TOKEN))))),
        LaneSettings.defaults(),
        OptionalInt.of(port),
        directory);
  }
}
