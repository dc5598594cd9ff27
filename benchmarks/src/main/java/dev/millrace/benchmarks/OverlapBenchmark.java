package dev.millrace.benchmarks;

import dev.millrace.lane.PipelineTimings;
import dev.millrace.pipeline.TimingSummary;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToLongFunction;

/**
 * The gain of overlap when a commit takes as long as the handlers: {@code (c + s) / max(c, s)},
 * here about 2; and the gain of shared commits when they take far longer.
 *
 * <p>Both times are injected, and commits park, so neither the disk nor another process on it can
 * flatter or spoil the result. Everything is computed from {@link PipelineTimings}; each ratio
 * compares two runs of the same work that follow one another.
 */
final class OverlapBenchmark {
  /** Large enough that a group of waiting batches outweighs ten commits. */
  static final int GROUP_DEPTH = 64;

  private static final int GROUP_EVENTS = 100;

  private OverlapBenchmark() {}

  /** Measures equal stages, by depth, with handlers that wait as commits do. */
  static List<BenchmarkMeasure> waitingHandlers(BenchmarkSizes sizes) throws InterruptedException {
    return equalStages(sizes, TimedStagePause.PARK, "overlap depth=");
  }

  /**
   * Measures equal stages with handlers that compute, and so need a core of their own to keep their
   * time.
   */
  static List<BenchmarkMeasure> computingHandlers(BenchmarkSizes sizes)
      throws InterruptedException {
    return equalStages(sizes, TimedStagePause.BURN, "overlap of computing handlers, depth ");
  }

  private static List<BenchmarkMeasure> equalStages(
      BenchmarkSizes sizes, TimedStagePause handlers, String name) throws InterruptedException {
    long stage = sizes.stage().toNanos();
    InjectedPipeline work = new InjectedPipeline(sizes.overlapBatches(), 1, handlers, stage, stage);
    Map<Integer, List<TimingSummary>> runs = repeat(work, sizes.repeats(), sizes.depths());
    List<TimingSummary> serial = runs(runs, 0);
    List<BenchmarkMeasure> measures = new ArrayList<>();
    double bound = BenchmarkMeasure.median(serial.stream().map(TimingSummary::bound).toList());
    for (int depth : sizes.depths()) {
      double ratio = BenchmarkMeasure.median(ratios(serial, runs(runs, depth)));
      BenchmarkMeasure measure = BenchmarkMeasure.of(name + depth, "x depth 0", ratio);
      measures.add(depth == 0 ? measure.limitedBy(1) : measure.limitedBy(bound));
    }
    String at = name + "0";
    measures.add(perBatch("c of " + at, serial, TimingSummary::executeNanos));
    measures.add(perBatch("s of " + at, serial, TimingSummary::commitNanos));
    return measures;
  }

  private static BenchmarkMeasure perBatch(
      String name, List<TimingSummary> runs, ToLongFunction<TimingSummary> nanos) {
    return BenchmarkMeasure.of(
        name,
        "ms/batch",
        BenchmarkMeasure.median(
            runs.stream().map(run -> nanos.applyAsLong(run) / 1e6 / run.batches()).toList()));
  }

  /**
   * Measures long commits behind cheap handlers: batches that have piled up become durable
   * together.
   */
  static List<BenchmarkMeasure> groups(BenchmarkSizes sizes) throws InterruptedException {
    InjectedPipeline work =
        new InjectedPipeline(
            sizes.groupBatches(),
            GROUP_EVENTS,
            TimedStagePause.PARK,
            0,
            sizes.groupCommit().toNanos());
    Map<Integer, List<TimingSummary>> runs = repeat(work, 1, List.of(0, GROUP_DEPTH));
    List<TimingSummary> serial = runs(runs, 0);
    List<TimingSummary> grouped = runs(runs, GROUP_DEPTH);
    return List.of(
        BenchmarkMeasure.of("group commit events/s depth=0", "events/s", rate(serial)),
        BenchmarkMeasure.of(
            "group commit events/s depth=" + GROUP_DEPTH, "events/s", rate(grouped)),
        BenchmarkMeasure.of(
                "group commit depth=" + GROUP_DEPTH,
                "x depth 0",
                BenchmarkMeasure.median(ratios(serial, grouped)))
            .atLeast(10));
  }

  private static double rate(List<TimingSummary> runs) {
    return BenchmarkMeasure.median(
        runs.stream().map(run -> run.events() * 1e9 / run.wallNanos()).toList());
  }

  /** Alternates the depths, so that disturbances of the machine affect them all. */
  private static Map<Integer, List<TimingSummary>> repeat(
      InjectedPipeline work, int repeats, List<Integer> depths) throws InterruptedException {
    Map<Integer, List<TimingSummary>> runs = new LinkedHashMap<>();
    for (int i = 0; i < repeats; i++) {
      for (int depth : depths) {
        runs.computeIfAbsent(depth, _ -> new ArrayList<>()).add(work.run(depth));
      }
    }
    return runs;
  }

  private static List<TimingSummary> runs(Map<Integer, List<TimingSummary>> all, int depth) {
    return all.getOrDefault(depth, List.of());
  }

  /** Returns how much sooner the same work was durable, repetition by repetition. */
  private static List<Double> ratios(List<TimingSummary> serial, List<TimingSummary> pipelined) {
    List<Double> ratios = new ArrayList<>();
    for (int i = 0; i < serial.size(); i++) {
      ratios.add((double) serial.get(i).wallNanos() / pipelined.get(i).wallNanos());
    }
    return ratios;
  }
}
