package dev.millrace.benchmarks;

import dev.millrace.servers.EmbeddedPostgres;
import dev.millrace.servers.PostgresSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Runs of a job without work, from the trigger to the durable end, beside other job systems over
 * the same PostgreSQL. They take turns.
 */
final class JobsBenchmark {
  private static final double MIN_PER_SECOND = 10_000;
  private static final double MIN_TIMES_DB_SCHEDULER = 3;
  private static final double MIN_WITH_PENDING = 0.8;
  private static final double MAX_START_MILLIS = 5;
  private static final int STARTS = 100;
  private static final Duration MAX_RUN = Duration.ofMinutes(5);
  private static final Duration PERIOD = Duration.ofMillis(10);

  private final BenchmarkSizes sizes;
  private final Consumer<String> progress;
  private final EmbeddedPostgres server;
  private final List<BenchmarkMeasure> measures = new ArrayList<>();
  private int schemas;

  private JobsBenchmark(BenchmarkSizes sizes, Consumer<String> progress, EmbeddedPostgres server) {
    this.sizes = sizes;
    this.progress = progress;
    this.server = server;
  }

  static List<BenchmarkMeasure> measure(
      BenchmarkSizes sizes, Consumer<String> progress, Path directory) {
    EmbeddedPostgres server =
        EmbeddedPostgres.start(
            directory.resolve("postgres"), PostgresSettings.standard().withProgress(progress));
    try {
      JobsBenchmark bench = new JobsBenchmark(sizes, progress, server);
      bench.measure();
      return bench.measures;
    } finally {
      server.stop();
    }
  }

  private void measure() {
    Map<String, List<Double>> rates = new LinkedHashMap<>();
    for (int i = 0; i <= sizes.repeats(); i++) {
      for (Function<EmbeddedPostgres, JobSystem> system :
          List.<Function<EmbeddedPostgres, JobSystem>>of(
              this::millrace, DbSchedulerJobSystem::new, JobRunrJobSystem::new)) {
        try (JobSystem opened = system.apply(server)) {
          double rate = rate(opened, sizes.jobRuns());
          if (i > 0) { // the first is a warm-up
            rates.computeIfAbsent(opened.name(), _ -> new ArrayList<>()).add(rate);
          }
        }
      }
    }
    double ours = BenchmarkMeasure.median(rates.getOrDefault("millrace", List.of()));
    rates.forEach((name, all) -> {
      BenchmarkMeasure measure =
          BenchmarkMeasure.of("jobs " + name, "runs/s", BenchmarkMeasure.median(all));
      measures.add(name.equals("millrace") ? measure.atLeast(MIN_PER_SECOND) : measure);
    });
    measures.add(
        BenchmarkMeasure.of(
                "jobs millrace / db-scheduler",
                "x",
                ours / BenchmarkMeasure.median(rates.getOrDefault("db-scheduler", List.of())))
            .atLeast(MIN_TIMES_DB_SCHEDULER));
    measurePending(ours);
  }

  private JobSystem millrace(EmbeddedPostgres postgres) {
    return new MillraceJobSystem(postgres, "bench_jobs_" + ++schemas);
  }

  private void measurePending(double alone) {
    try (MillraceJobSystem system = new MillraceJobSystem(server, "bench_jobs_" + ++schemas)) {
      system.addPending(sizes.pendingRuns());
      List<Double> rates = new ArrayList<>();
      for (int i = 0; i <= sizes.repeats(); i++) {
        double rate = rate(system, sizes.jobRuns());
        if (i > 0) {
          rates.add(rate);
        }
      }
      measures.add(
          BenchmarkMeasure.of(
                  "jobs millrace, %,d pending / none".formatted(sizes.pendingRuns()),
                  "x",
                  BenchmarkMeasure.median(rates) / alone)
              .atLeast(MIN_WITH_PENDING));
      List<Double> starts = new ArrayList<>();
      for (int i = 0; i < STARTS; i++) {
        LockSupport.parkNanos(PERIOD.toNanos());
        starts.add(system.startLatency() / 1e6);
      }
      measures.add(
          BenchmarkMeasure.of(
                  "jobs millrace, trigger to start", "ms", BenchmarkMeasure.median(starts))
              .atMost(MAX_START_MILLIS));
    }
  }

  private double rate(JobSystem system, int runs) {
    long before = system.called();
    long begun = System.nanoTime();
    system.trigger(runs);
    while (system.called() - before < runs || system.open() > 0) {
      if (System.nanoTime() - begun > MAX_RUN.toNanos()) {
        throw new IllegalStateException("runs have not ended: system=" + system.name());
      }
      LockSupport.parkNanos(PERIOD.toNanos());
    }
    double rate = runs * 1e9 / (System.nanoTime() - begun);
    progress.accept("jobs, %s: %,.0f runs/s".formatted(system.name(), rate));
    return rate;
  }
}
