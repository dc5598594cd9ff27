package dev.millrace.benchmarks;

import dev.millrace.devchain.DevChain;
import dev.millrace.devchain.DevChainSettings;
import dev.millrace.pipeline.Indexer;
import dev.millrace.scenarios.ScenarioExtension;
import dev.millrace.servers.EmbeddedPostgres;
import dev.millrace.servers.PostgresSettings;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.ToDoubleFunction;

/**
 * The whole way from events to durable rows: the ERC-20 scenario from the dev chain into an
 * embedded PostgreSQL of its own, at each depth, beside the floors of the machine.
 *
 * <p>Rates count from the first fetch to the last commit. The first run is thrown away: it warms
 * the compiler up.
 */
final class Erc20Benchmark {
  private static final double MIN_PER_SECOND = 150_000;
  private static final int PROMISED_EVENTS = 2_000_000;
  private static final double MAX_HEAP_MIB = 1024;
  private static final double MAX_GROWTH = 1.2;
  private static final double MIB = 1 << 20;

  private final BenchmarkSizes sizes;
  private final Consumer<String> progress;
  private final Path directory;
  private final EmbeddedPostgres server;
  private final Indexer indexer = indexer();
  private final List<BenchmarkMeasure> measures = new ArrayList<>();

  private Erc20Benchmark(
      BenchmarkSizes sizes, Consumer<String> progress, Path directory, EmbeddedPostgres server) {
    this.sizes = sizes;
    this.progress = progress;
    this.directory = directory;
    this.server = server;
  }

  private static Indexer indexer() {
    return new ScenarioExtension()
        .indexers().stream()
            .filter(known -> known.name().equals("erc20"))
            .findFirst()
            .orElseThrow();
  }

  /** The server keeps its files under {@code directory}. */
  static List<BenchmarkMeasure> measure(
      BenchmarkSizes sizes, Consumer<String> progress, Path directory)
      throws InterruptedException, SQLException, IOException {
    EmbeddedPostgres server =
        EmbeddedPostgres.start(
            directory.resolve("postgres"), PostgresSettings.standard().withProgress(progress));
    try {
      Erc20Benchmark bench = new Erc20Benchmark(sizes, progress, directory, server);
      bench.measure();
      return bench.measures;
    } finally {
      server.stop();
    }
  }

  private void measure() throws InterruptedException, SQLException, IOException {
    int deepest = sizes.depths().getLast();
    Erc20Run.of(server, indexer, chain(sizes.events().getFirst()), deepest);
    List<List<Erc20Run>> bySize = new ArrayList<>();
    for (int events : sizes.events()) {
      Map<Integer, List<Erc20Run>> runs = repeat(events);
      bySize.add(of(runs, deepest));
      report(events, runs);
      floors(events);
    }
    if (bySize.size() > 1) {
      measures.add(growth("cost", bySize, Erc20Run::nanosPerEvent).atMost(MAX_GROWTH));
      measures.add(growth("cpu", bySize, Erc20Run::cpuNanosPerEvent).atMost(MAX_GROWTH));
    }
  }

  /** Compares the cost per event of the longest stream with that of the shortest. */
  private BenchmarkMeasure growth(
      String what, List<List<Erc20Run>> bySize, ToDoubleFunction<Erc20Run> perEvent) {
    String name =
        "erc20 %s per event, %,d / %,d"
            .formatted(what, sizes.events().getLast(), sizes.events().getFirst());
    return BenchmarkMeasure.of(
        name, "x", median(bySize.getLast(), perEvent) / median(bySize.getFirst(), perEvent));
  }

  /** Alternates the depths, so that disturbances of the machine affect them all. */
  private Map<Integer, List<Erc20Run>> repeat(int events) throws InterruptedException {
    DevChain chain = chain(events);
    Map<Integer, List<Erc20Run>> runs = new TreeMap<>();
    for (int i = 0; i < sizes.repeats(); i++) {
      for (int depth : sizes.depths()) {
        Erc20Run run = Erc20Run.of(server, indexer, chain, depth);
        progress.accept(
            "erc20 events=%,d depth=%d: %,.0f events/s"
                .formatted(run.summary().events(), depth, run.eventsPerSecond()));
        runs.computeIfAbsent(depth, _ -> new ArrayList<>()).add(run);
      }
    }
    return runs;
  }

  private void report(int events, Map<Integer, List<Erc20Run>> runs) {
    String name = "erc20 %,d events".formatted(events);
    List<Erc20Run> serial = of(runs, 0);
    double bound = median(serial, run -> run.summary().bound());
    for (int depth : sizes.depths()) {
      double rate = median(of(runs, depth), Erc20Run::eventsPerSecond);
      BenchmarkMeasure measure = BenchmarkMeasure.of(name + " depth=" + depth, "events/s", rate);
      boolean promised = depth > 1 && events >= PROMISED_EVENTS;
      measures.add(promised ? measure.atLeast(MIN_PER_SECOND) : measure);
    }
    for (int depth : sizes.depths()) {
      if (depth > 0) {
        measures.add(
            BenchmarkMeasure.of(
                    name + " speed-up depth=" + depth,
                    "x depth 0",
                    speedUp(serial, of(runs, depth)))
                .limitedBy(bound));
      }
    }
    List<Erc20Run> deepest = of(runs, sizes.depths().getLast());
    measures.add(perEvent(name + " execute", deepest, run -> run.summary().executeNanos()));
    measures.add(perEvent(name + " commit", deepest, run -> run.summary().commitNanos()));
    measures.add(perEvent(name + " cpu of millrace", deepest, run -> run.cpu().ours()));
    measures.add(perEvent(name + " cpu of postgres", deepest, run -> run.cpu().postgres()));
    measures.add(
        BenchmarkMeasure.of(name + " heap peak", "MiB", median(deepest, run -> run.heap() / MIB))
            .atMost(MAX_HEAP_MIB));
    measures.add(
        BenchmarkMeasure.of(
            name + " indexes afterwards", "s", median(deepest, run -> run.indexNanos() / 1e9)));
  }

  private static BenchmarkMeasure perEvent(
      String name, List<Erc20Run> runs, ToDoubleFunction<Erc20Run> nanos) {
    return BenchmarkMeasure.of(
        name,
        "us/event",
        median(runs, run -> nanos.applyAsDouble(run) / 1e3 / run.summary().events()));
  }

  private static double speedUp(List<Erc20Run> serial, List<Erc20Run> pipelined) {
    List<Double> ratios = new ArrayList<>();
    for (int i = 0; i < serial.size(); i++) {
      ratios.add(serial.get(i).nanosPerEvent() / pipelined.get(i).nanosPerEvent());
    }
    return BenchmarkMeasure.median(ratios);
  }

  private void floors(int events) throws InterruptedException, SQLException, IOException {
    progress.accept("erc20 floors of %,d events".formatted(events));
    LowerBoundBenchmark.Copied copied = LowerBoundBenchmark.copy(server, indexer, directory);
    measures.add(
        BenchmarkMeasure.of(
            "floor %,d events, copy of final rows".formatted(events),
            "events/s",
            events * 1e9 / copied.nanos()));
    measures.add(
        BenchmarkMeasure.of(
            "floor %,d events, cpu of postgres".formatted(events),
            "us/event",
            copied.cpu().postgres() / 1e3 / events));
    DevChain chain = chain(events);
    List<Double> rates = new ArrayList<>();
    for (int i = 0; i < sizes.repeats(); i++) {
      rates.add(events * 1e9 / LowerBoundBenchmark.decode(indexer, chain));
    }
    measures.add(
        BenchmarkMeasure.of(
            "floor %,d events, made and decoded".formatted(events),
            "events/s",
            BenchmarkMeasure.median(rates)));
  }

  /** Builds a chain with about this many events, and none that the indexer does not ask for. */
  private static DevChain chain(int events) {
    DevChainSettings defaults = DevChainSettings.DEFAULTS;
    return new DevChain(defaults.withBlocks(events / defaults.logs()).withNames(0));
  }

  private static List<Erc20Run> of(Map<Integer, List<Erc20Run>> runs, int depth) {
    return runs.getOrDefault(depth, List.of());
  }

  private static double median(List<Erc20Run> runs, ToDoubleFunction<Erc20Run> value) {
    return BenchmarkMeasure.median(runs.stream().map(value::applyAsDouble).toList());
  }
}
