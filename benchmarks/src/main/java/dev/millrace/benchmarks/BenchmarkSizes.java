package dev.millrace.benchmarks;

import java.time.Duration;
import java.util.List;

/**
 * The sizes of all measurements.
 *
 * @param repeats the number of runs of the whole pipeline; medians are quoted
 * @param micro the duration of an iteration of a micro benchmark
 * @param overlapBatches batches per run with injected times
 * @param stage the duration of the handlers of a batch, and of each commit
 * @param groupBatches batches per run with long commits and cheap handlers
 * @param groupCommit the duration of each of those commits
 * @param hold the time that a stage is held while the CPU of the others is measured
 * @param depths the first of them is 0, to which the others are compared
 * @param events of ERC-20, the smaller number first where the cost per event is compared
 * @param rpcEvents of ERC-20 from a node
 * @param mirrorEvents of ERC-20 into both stores
 * @param jobRuns runs of a job without work
 * @param pendingRuns runs that lie in the queue meanwhile and are never due
 */
record BenchmarkSizes(
    int repeats,
    Duration micro,
    int overlapBatches,
    Duration stage,
    int groupBatches,
    Duration groupCommit,
    Duration hold,
    List<Integer> depths,
    List<Integer> events,
    List<Integer> rpcEvents,
    int mirrorEvents,
    int jobRuns,
    int pendingRuns) {
  /** About three minutes in all. */
  static final BenchmarkSizes SHORT =
      new BenchmarkSizes(
          3,
          Duration.ofMillis(200),
          50,
          Duration.ofMillis(10),
          100,
          Duration.ofMillis(50),
          Duration.ofSeconds(10),
          List.of(0, 1, 8),
          List.of(200_000),
          List.of(100_000),
          200_000,
          20_000,
          100_000);

  /** As promised: two million events, and the cost per event compared with that of 200,000. */
  static final BenchmarkSizes FULL =
      new BenchmarkSizes(
          3,
          Duration.ofSeconds(1),
          100,
          Duration.ofMillis(20),
          100,
          Duration.ofMillis(50),
          Duration.ofSeconds(10),
          List.of(0, 1, 8),
          List.of(200_000, 2_000_000),
          List.of(500_000, 2_000_000),
          2_000_000,
          100_000,
          1_000_000);
}
