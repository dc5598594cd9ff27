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
record Bench(Sizes sizes, Path directory, Consumer<String> progress) {
  /** The parts that can be measured separately, in this order. */
  enum Part {
    STORE,
    PRELOAD,
    COPY,
    OVERLAP,
    GROUPS,
    WAITING,
    ERC20,
    RPC,
    MIRROR;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  Report run(Set<Part> parts) throws Exception {
    List<Measure> measures = new ArrayList<>();
    for (Part part : Part.values()) {
      if (parts.contains(part)) {
        progress.accept("measuring " + part);
        measures.addAll(run(part));
      }
    }
    return new Report(measures);
  }

  private List<Measure> run(Part part) throws Exception {
    return switch (part) {
      case STORE -> Micro.store(sizes, progress);
      case PRELOAD -> Micro.preload(sizes, progress);
      case COPY -> Micro.copy(sizes);
      case OVERLAP -> {
        List<Measure> both = new ArrayList<>(Overlap.waitingHandlers(sizes));
        both.addAll(Overlap.computingHandlers(sizes));
        yield both;
      }
      case GROUPS -> Overlap.groups(sizes);
      case WAITING -> Waiting.measure(sizes);
      case ERC20 -> Erc20Bench.measure(sizes, progress, directory);
      case MIRROR -> MirrorBench.measure(sizes, progress, directory);
      case RPC -> RpcBench.measure(sizes, progress, directory);
    };
  }
}
