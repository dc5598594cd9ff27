package dev.millrace.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/** Measures part after part, each alone on the machine. */
record Bench(Sizes sizes, Consumer<String> progress) {
  /** What can be measured by itself, in this order. */
  enum Part {
    STORE,
    PRELOAD,
    OVERLAP,
    GROUPS,
    WAITING;

    @Override
    public String toString() {
      return name().toLowerCase(java.util.Locale.ROOT);
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
      case OVERLAP -> Overlap.equalStages(sizes, Pause.BURN);
      case GROUPS -> Overlap.groups(sizes);
      case WAITING -> Waiting.measure(sizes);
    };
  }
}
