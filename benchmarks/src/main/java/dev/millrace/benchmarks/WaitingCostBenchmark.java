package dev.millrace.benchmarks;

import dev.millrace.lane.Lane;
import dev.millrace.pipeline.LaneStore;
import dev.millrace.pipeline.Source;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * The cost of waiting: one place of a lane is held, and the CPU time of the threads of its stages
 * is read before and after. They may use 2 % of a core.
 */
final class WaitingCostBenchmark {
  private static final double MAX_PERCENT = 2;
  private static final Duration SETTLE = Duration.ofMillis(200);

  /** A lane held at one place until released. */
  private static final class BlockedLane implements AutoCloseable {
    private final String name;
    private final CountDownLatch arrived = new CountDownLatch(1);
    private final CountDownLatch release = new CountDownLatch(1);
    private final Lane lane;

    private BlockedLane(String where) {
      name = "held-" + where;
      Source source =
          new SyntheticSource(
              100,
              1,
              InjectedPipeline.handler(() -> stay(where.equals("handler"))),
              number -> stay(where.equals("source") && number == 1));
      LaneStore store = new InjectedStore(Map.of(), () -> stay(where.equals("commit")));
      lane = InjectedPipeline.lane(name, source, store, 1, 1);
      lane.start();
    }

    private void stay(boolean here) {
      if (!here) {
        return;
      }
      arrived.countDown();
      try {
        release.await();
      } catch (InterruptedException _) {
        Thread.currentThread().interrupt();
      }
    }

    @Override
    public void close() {
      release.countDown();
      lane.close();
    }
  }

  private WaitingCostBenchmark() {}

  /**
   * Measures all three holds at once: together they have more threads than this machine has cores.
   */
  static List<BenchmarkMeasure> measure(BenchmarkSizes sizes) throws InterruptedException {
    try (BlockedLane source = new BlockedLane("source");
        BlockedLane handler = new BlockedLane("handler");
        BlockedLane commit = new BlockedLane("commit")) {
      List<BlockedLane> all = List.of(source, handler, commit);
      for (BlockedLane held : all) {
        held.arrived.await();
      }
      pass(SETTLE);
      List<LongSupplier> clocks = all.stream().map(held -> cpu(held.name)).toList();
      long[] before = clocks.stream().mapToLong(LongSupplier::getAsLong).toArray();
      long from = System.nanoTime();
      pass(sizes.hold());
      long[] after = clocks.stream().mapToLong(LongSupplier::getAsLong).toArray();
      double wall = System.nanoTime() - from;
      return List.of(
          used("waiting stages, source held", (after[0] - before[0]) / wall),
          used("waiting stages, handler held", (after[1] - before[1]) / wall),
          used("waiting stages, commit held", (after[2] - before[2]) / wall));
    }
  }

  private static BenchmarkMeasure used(String name, double share) {
    return BenchmarkMeasure.of(name, "% of a core", 100 * share).atMost(MAX_PERCENT);
  }

  /** Returns the CPU time of both stages of a lane together. */
  private static LongSupplier cpu(String lane) {
    ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    List<Long> stages =
        Thread.getAllStackTraces().keySet().stream()
            .filter(thread -> thread.getName().startsWith("millrace-" + lane + "-"))
            .map(Thread::threadId)
            .toList();
    if (stages.size() != 2) {
      throw new IllegalStateException(
          "a lane has two threads: lane=%s threads=%d".formatted(lane, stages.size()));
    }
    return () -> stages.stream().mapToLong(threads::getThreadCpuTime).sum();
  }

  private static void pass(Duration time) throws InterruptedException {
    boolean ended = new CountDownLatch(1).await(time.toNanos(), TimeUnit.NANOSECONDS);
    if (ended) {
      throw new IllegalStateException("nobody counts this latch down");
    }
  }
}
