package dev.millrace.benchmarks;

import dev.millrace.devchain.DevChain;
import dev.millrace.devchain.DevChainSettings;
import dev.millrace.evm.EvmIndexer;
import dev.millrace.evm.Finality;
import dev.millrace.evm.SourceOptions;
import dev.millrace.evm.SourceProviders;
import dev.millrace.evm.SourceRequest;
import dev.millrace.evm.StopAt;
import dev.millrace.pipeline.Source;
import dev.millrace.scenarios.ScenarioExtension;
import dev.millrace.servers.EmbeddedPostgres;
import dev.millrace.servers.PostgresSettings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;

/**
 * The ERC-20 scenario from a JSON-RPC node in another process, on the same machine as PostgreSQL
 * and the indexer: with an empty cache, with the raw logs cached, and from a node with latency.
 * Rates count from the first request to the last commit.
 */
final class RpcBenchmark {
  private static final int DEPTH = 8;
  private static final Map<Integer, Double> PROMISED = Map.of(500_000, 120e3, 2_000_000, 150e3);
  private static final double MIN_WITH_LATENCY = 0.8;

  private final BenchmarkSizes sizes;
  private final Consumer<String> progress;
  private final Path directory;
  private final EmbeddedPostgres server;
  private final EvmIndexer indexer = indexer();
  private final List<BenchmarkMeasure> measures = new ArrayList<>();

  /** A run, and the CPU time of the node during it. */
  private record Run(Erc20Run run, long nodeNanos) {
    double rate() {
      return run.eventsPerSecond();
    }

    double perEvent(long nanos) {
      return nanos / 1e3 / run.summary().events();
    }
  }

  private RpcBenchmark(
      BenchmarkSizes sizes, Consumer<String> progress, Path directory, EmbeddedPostgres server) {
    this.sizes = sizes;
    this.progress = progress;
    this.directory = directory;
    this.server = server;
  }

  private static EvmIndexer indexer() {
    return new ScenarioExtension()
        .indexers().stream()
            .filter(known -> known.name().equals("erc20"))
            .map(EvmIndexer.class::cast)
            .findFirst()
            .orElseThrow();
  }

  static List<BenchmarkMeasure> measure(
      BenchmarkSizes sizes, Consumer<String> progress, Path directory)
      throws IOException, InterruptedException {
    EmbeddedPostgres server =
        EmbeddedPostgres.start(
            directory.resolve("postgres"), PostgresSettings.standard().withProgress(progress));
    try {
      RpcBenchmark bench = new RpcBenchmark(sizes, progress, directory.resolve("chain"), server);
      bench.warmUp();
      for (int events : sizes.rpcEvents()) {
        bench.measure(events);
      }
      return bench.measures;
    } finally {
      server.stop();
    }
  }

  private void warmUp() throws IOException, InterruptedException {
    int events = sizes.rpcEvents().getFirst();
    try (NodeProcess node = NodeProcess.start(blocks(events), List.of())) {
      run("warm-up", node, events);
    }
  }

  private void measure(int events) throws IOException, InterruptedException {
    List<Run> cold = new ArrayList<>();
    List<Run> warm = new ArrayList<>();
    List<Run> late = new ArrayList<>();
    try (NodeProcess node = NodeProcess.start(blocks(events), List.of());
        NodeProcess slow = NodeProcess.start(blocks(events), List.of("--latency=50ms"))) {
      for (int i = 0; i < sizes.repeats(); i++) {
        forget();
        cold.add(run("cold", node, events));
        warm.add(run("warm", node, events));
        forget();
        late.add(run("50 ms latency", slow, events));
      }
    }
    forget();
    String name = "rpc %,d events".formatted(events);
    double rate = median(cold, Run::rate);
    BenchmarkMeasure measured = BenchmarkMeasure.of(name + " cold", "events/s", rate);
    Double promised = PROMISED.get(events);
    measures.add(promised == null ? measured : measured.atLeast(promised));
    measures.add(
        BenchmarkMeasure.of(name + " warm", "events/s", median(warm, Run::rate)).atLeast(rate));
    measures.add(
        BenchmarkMeasure.of(name + " 50 ms latency", "events/s", median(late, Run::rate))
            .atLeast(MIN_WITH_LATENCY * rate));
    perEvent(name + " cpu of millrace", cold, run -> run.perEvent(run.run().cpu().ours()));
    perEvent(name + " cpu of postgres", cold, run -> run.perEvent(run.run().cpu().postgres()));
    perEvent(name + " cpu of the node", cold, run -> run.perEvent(run.nodeNanos()));
    perEvent(name + " warm, cpu of millrace", warm, run -> run.perEvent(run.run().cpu().ours()));
  }

  private void perEvent(String name, List<Run> runs, ToDoubleFunction<Run> micros) {
    measures.add(BenchmarkMeasure.of(name, "us/event", median(runs, micros)));
  }

  private Run run(String how, NodeProcess node, int events) throws InterruptedException {
    long before = node.cpu();
    Erc20Run run = Erc20Run.of(server, indexer, source(node, events), DEPTH);
    progress.accept(
        "rpc %s events=%,d: %,.0f events/s"
            .formatted(how, run.summary().events(), run.eventsPerSecond()));
    return new Run(run, node.cpu() - before);
  }

  private Source source(NodeProcess node, int events) {
    return SourceProviders.source(
        new SourceRequest(
            indexer,
            DevChain.ID,
            List.of(node.url()),
            0,
            new StopAt.AtBlock(blocks(events) - 1),
            Finality.AT_ONCE,
            Map.of("Token", List.of(DevChain.TOKEN)),
            SourceOptions.DEFAULTS.withDirectory(directory)));
  }

  private static long blocks(int events) {
    return events / DevChainSettings.DEFAULTS.logs();
  }

  /** Deletes everything that was read, and everything learnt about the node. */
  private void forget() throws IOException {
    if (!Files.exists(directory)) {
      return;
    }
    try (Stream<Path> files = Files.walk(directory)) {
      files.sorted(Comparator.reverseOrder()).forEach(RpcBenchmark::delete);
    }
  }

  private static void delete(Path file) {
    try {
      Files.delete(file);
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  private static double median(List<Run> runs, ToDoubleFunction<Run> value) {
    return BenchmarkMeasure.median(runs.stream().map(value::applyAsDouble).toList());
  }
}
