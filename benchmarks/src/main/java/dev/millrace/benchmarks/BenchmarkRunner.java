package dev.millrace.benchmarks;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Runs one part after another, each alone on the machine.
 *
 * @param directory the place for files of databases
 */
record BenchmarkRunner(BenchmarkSizes sizes, Path directory, Consumer<String> progress) {
  /** The parts that can be measured separately, in this order. */
  enum Part {
    STORE,
    PRELOAD,
    COPY,
    OVERLAP,
    GROUPS,
    WAITING,
    ERC20,
    TRANSPORT,
    RPC,
    MIRROR,
    JOBS;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  BenchmarkReport run(Set<Part> parts) throws Exception {
    List<BenchmarkMeasure> measures = new ArrayList<>();
    for (Part part : Part.values()) {
      if (parts.contains(part)) {
        progress.accept("measuring " + part);
        measures.addAll(run(part));
      }
    }
    return new BenchmarkReport(measures);
  }

  private List<BenchmarkMeasure> run(Part part) throws Exception {
    return switch (part) {
      case STORE -> MicroBenchmarks.store(sizes, progress);
      case PRELOAD -> MicroBenchmarks.preload(sizes, progress);
      case COPY -> MicroBenchmarks.copy(sizes);
      case OVERLAP -> {
        List<BenchmarkMeasure> both = new ArrayList<>(OverlapBenchmark.waitingHandlers(sizes));
        both.addAll(OverlapBenchmark.computingHandlers(sizes));
        yield both;
      }
      case GROUPS -> OverlapBenchmark.groups(sizes);
      case WAITING -> WaitingCostBenchmark.measure(sizes);
      case ERC20 -> Erc20Benchmark.measure(sizes, progress, directory);
      case MIRROR -> MirrorBenchmark.measure(sizes, progress, directory);
      case TRANSPORT -> TransportBenchmark.measure(sizes, progress);
      case JOBS -> JobsBenchmark.measure(sizes, progress, directory);
      case RPC -> RpcBenchmark.measure(sizes, progress, directory);
    };
  }
}
