package dev.millrace.benchmarks;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.function.Consumer;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/**
 * Runs the micro benchmarks, each in a JVM of its own, and picks the results that are worth a row.
 * Work of a single thread is quoted as CPU time.
 */
final class MicroBenchmarks {
  private static final double MAX_FIND_NANOS = 60;

  private MicroBenchmarks() {}

  static List<BenchmarkMeasure> store(BenchmarkSizes sizes, Consumer<String> progress)
      throws RunnerException {
    List<BenchmarkMeasure> measures = new ArrayList<>();
    for (String operation : List.of("findHit", "findMiss", "findBy", "save")) {
      progress.accept("store " + operation);
      String name = StagedStoreBenchmark.class.getName() + "." + operation;
      for (RunResult run : run(name, sizes)) {
        String ids = run.getParams().getParam("ids");
        BenchmarkMeasure measure =
            BenchmarkMeasure.of("store %s ids=%s".formatted(operation, ids), "ns", cpuNanos(run));
        boolean promised = operation.equals("findHit") && ids.equals("30000");
        measures.add(promised ? measure.atMost(MAX_FIND_NANOS) : measure);
      }
    }
    return measures;
  }

  static List<BenchmarkMeasure> preload(BenchmarkSizes sizes, Consumer<String> progress)
      throws RunnerException {
    progress.accept("preload");
    List<BenchmarkMeasure> measures = new ArrayList<>();
    for (RunResult run : run(PreloadBenchmark.class.getName() + ".pass", sizes)) {
      String table = run.getParams().getParam("table");
      boolean existing = table.equals(PreloadBenchmark.Table.EXISTING.name());
      String rows = existing ? "rows exist" : "table began empty";
      measures.add(
          BenchmarkMeasure.of(
              "preload 20,000 events, " + rows,
              "ms",
              run.getPrimaryResult().getStatistics().getPercentile(50)));
      measures.add(
          BenchmarkMeasure.of(
                  "preload queries, " + rows,
                  "queries/batch",
                  counted(run, "queries") / counted(run, "passes"))
              .atMost(existing ? 2 : 0));
    }
    return measures;
  }

  static List<BenchmarkMeasure> copy(BenchmarkSizes sizes) throws RunnerException {
    List<BenchmarkMeasure> measures = new ArrayList<>();
    for (String row : List.of("transfer", "account")) {
      for (RunResult run : run(CopyBenchmark.class.getName() + "." + row, sizes)) {
        measures.add(BenchmarkMeasure.of("copy encoding of a row, " + row, "ns", cpuNanos(run)));
      }
    }
    return measures;
  }

  /** Returns the CPU time per operation: the median of the iterations. */
  private static double cpuNanos(RunResult run) {
    return secondary(run, CpuProfiler.LABEL).getStatistics().getPercentile(50);
  }

  private static double counted(RunResult run, String counter) {
    return secondary(run, counter).getScore();
  }

  private static Result<?> secondary(RunResult run, String label) {
    Result<?> result = run.getSecondaryResults().get(label);
    if (result == null) {
      throw new IllegalStateException(
          "benchmark has no such result: name=%s known=%s"
              .formatted(label, run.getSecondaryResults().keySet()));
    }
    return result;
  }

  private static Collection<RunResult> run(String benchmark, BenchmarkSizes sizes)
      throws RunnerException {
    // JMH's lock file belongs to the user who created it first, and stays behind for other users.
    System.setProperty("jmh.ignoreLock", "true");
    TimeValue iteration = TimeValue.milliseconds(sizes.micro().toMillis());
    return new Runner(
            new OptionsBuilder()
                .include("^" + benchmark.replace(".", "\\.") + "$")
                .addProfiler(CpuProfiler.class)
                .warmupTime(iteration)
                .measurementTime(iteration)
                .verbosity(VerboseMode.SILENT)
                .shouldFailOnError(true)
                .build())
        .run();
  }
}
