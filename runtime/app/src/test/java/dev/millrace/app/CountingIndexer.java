package dev.millrace.app;

import dev.millrace.config.Config;
import dev.millrace.devchain.DevChain;
import dev.millrace.evm.Event;
import dev.millrace.evm.Evm;
import dev.millrace.evm.EvmContext;
import dev.millrace.evm.EvmIndexer;
import dev.millrace.lane.LaneSettings;
import dev.millrace.loaders.Address;
import dev.millrace.loaders.Entity;
import dev.millrace.loaders.Id;
import dev.millrace.pipeline.CommitStore;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.pipeline.Source;
import dev.millrace.runner.IndexerRuntime;
import dev.millrace.runner.RuntimeWiring;
import dev.millrace.simulation.MemoryStore;
import dev.millrace.testkit.StepGates;
import java.math.BigInteger;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Consumer;

/** An indexer that counts transfers of the development chain, and runtimes of it over memory. */
final class CountingIndexer {
  static final long BLOCKS = 40;

  private final Path directory;

  final StepGates gates = new StepGates();
  volatile long failingBlock = -1;

  /** Runs at the start of every handler. */
  volatile Consumer<EvmContext> first = _ -> {};

  final EvmIndexer indexer =
      Evm.indexer("counting")
          .entities(Count.class)
          .contract("Token", token -> token.on(Transferred.class, (_, context) -> count(context)))
          .build();
  final MemoryStore store = new MemoryStore(indexer.entities());

  @Event("Transfer(address indexed from, address indexed to, uint256 value)")
  record Transferred(Address from, Address to, BigInteger value) {}

  @Entity
  record Count(@Id long id, long seen) {}

  CountingIndexer(Path directory) {
    this.directory = directory;
  }

  /** Counts transfers, and fails in one block of one chain. */
  private void count(EvmContext context) {
    if (failingBlock >= 0 && context.block().number() >= failingBlock && context.chain() == 2) {
      throw new IllegalStateException("cannot count this");
    }
    first.accept(context);
    long seen = context.find(Count.class, 0L).map(Count::seen).orElse(0L);
    context.save(new Count(0, seen + 1));
  }

  long seen(String lane) {
    return store.rows(lane, indexer.entities().getFirst()).values().stream()
        .map(Count.class::cast)
        .mapToLong(Count::seen)
        .sum();
  }

  IndexerRuntime runtime(List<Long> chains, Duration drain) {
    return runtime(chains, drain, OptionalInt.empty());
  }

  IndexerRuntime runtime(List<Long> chains, Duration drain, OptionalInt port) {
    Config config = config(chains, port);
    RuntimeWiring wiring = new RuntimeWiring(indexer, config);
    IndexerRuntime.Connectors connectors =
        new IndexerRuntime.Connectors() {
          @Override
          public List<Source> sources() {
            return wiring.sources();
          }

          @Override
          public CommitStore store(Failpoint failpoint) {
            return store.opened(failpoint);
          }
        };
    return new IndexerRuntime(indexer, config, connectors, gates, drain);
  }

  Config config(List<Long> chains, OptionalInt port) {
    return new Config(
        "counting",
        new Config.Postgres.Embedded(),
        chains.stream().map(CountingIndexer::chain).toList(),
        new LaneSettings(4, 20, 1 << 26, 1 << 20),
        port,
        directory);
  }

  private static Config.Chain chain(long id) {
    return new Config.Chain(
        id,
        List.of(
            new Config.Endpoint(URI.create("dev://chain?seed=%d&blocks=%d".formatted(id, BLOCKS)))),
        0,
        new Config.End.At(BLOCKS - 1),
        new Config.Finality(Optional.empty(), OptionalInt.empty()),
        List.of(new Config.Contract("Token", List.of(DevChain.TOKEN))));
  }
}
