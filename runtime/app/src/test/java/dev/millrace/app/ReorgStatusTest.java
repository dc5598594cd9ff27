package dev.millrace.app;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.config.Config;
import dev.millrace.devchain.DevChain;
import dev.millrace.devchain.DevChainSettings;
import dev.millrace.evm.Event;
import dev.millrace.evm.Evm;
import dev.millrace.evm.EvmIndexer;
import dev.millrace.evm.StopAt;
import dev.millrace.lane.LaneSettings;
import dev.millrace.loaders.Address;
import dev.millrace.loaders.Entity;
import dev.millrace.loaders.EventId;
import dev.millrace.loaders.Id;
import dev.millrace.pipeline.CommitStore;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.pipeline.Failpoint.Point;
import dev.millrace.pipeline.Source;
import dev.millrace.runner.IndexerRuntime;
import dev.millrace.runner.IndexerStatus;
import dev.millrace.simulation.MemoryStore;
import dev.millrace.testkit.StepGates;
import java.math.BigInteger;
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

/** The status of an indexer that follows a chain with reorgs. */
@Timeout(60)
class ReorgStatusTest {
  private static final long REVERSIBLE = 10;

  @TempDir Path directory;

  private final StepGates gates = new StepGates();
  private final DevChain chain =
      new DevChain(DevChainSettings.of("dev://chain?seed=5&logs=4&blocks=300"));
  private final EvmIndexer indexer =
      Evm.indexer("moves")
          .entities(Move.class)
          .contract(
              "Token",
              token ->
                  token.on(
                      Transferred.class,
                      (event, context) -> context.save(new Move(context.eventId(), event.to()))))
          .build();
  private final MemoryStore store = new MemoryStore(indexer.entities());

  @Event("Transfer(address indexed from, address indexed to, uint256 value)")
  record Transferred(Address from, Address to, BigInteger value) {}

  @Entity(immutable = true)
  record Move(@Id EventId id, Address to) {}

  @Test
  @Tag("A50")
  @Tag("A21")
  @DisplayName("A50 While a reorg near the head is not durable, a lane is ready and not caught up")
  void reorg_leavesAReadyLaneReadyAndItsPercentage() throws Exception {
    try (IndexerRuntime runtime = runtime()) {
      runtime.start();
      while (!lane(runtime).caughtUp()) {
        Thread.onSpinWait();
      }
      assertThat(runtime.status().isReady()).isTrue();

      StepGates.Gate commits = gates.hold(Point.BEFORE_COMMIT);
      chain.fork(3, 5);
      commits.await();
      IndexerStatus during = runtime.status();
      commits.release();

      assertThat(during.lanes().getFirst().caughtUp()).isFalse();
      assertThat(during.lanes().getFirst().committed().block()).hasValue(296);
      assertThat(during.isReady()).isTrue();
      assertThat(during.lanes().getFirst().firstBlock()).hasValue(0);
    }

    StepGates.Gate commits = gates.hold(Point.BEFORE_COMMIT);
    chain.advance(1);
    try (IndexerRuntime again = runtime()) {
      again.start();
      commits.await();
      assertThat(new ProgressLine().summary(again.status()))
          .as("a start at the head is near the end of its work, not at its beginning")
          .contains("(99 %)");
      commits.release();
    }
  }

  private static IndexerStatus.Lane lane(IndexerRuntime runtime) {
    return runtime.status().lanes().getFirst();
  }

  private IndexerRuntime runtime() {
    Config config =
        new Config(
            "moves",
            new Config.Postgres.Embedded(),
            List.of(
                new Config.Chain(
                    DevChain.ID,
                    List.of(new Config.Endpoint(URI.create("dev://chain"))),
                    0,
                    new Config.End.Open(),
                    new Config.Finality(Optional.empty(), OptionalInt.empty()),
                    List.of())),
            new LaneSettings(4, 60, 1 << 26, 1 << 16),
            OptionalInt.empty(),
            directory);
    IndexerRuntime.Connectors connectors =
        new IndexerRuntime.Connectors() {
          @Override
          public List<Source> sources() {
            return List.of(chain.source(indexer, new StopAt.Never(), REVERSIBLE));
          }

          @Override
          public CommitStore store(Failpoint failpoint) {
            return store.opened(failpoint);
          }
        };
    return new IndexerRuntime(indexer, config, connectors, gates, Duration.ofSeconds(20));
  }
}
