package dev.millrace.benchmarks;

import dev.millrace.devchain.DevChain;
import dev.millrace.lane.BatchTiming;
import dev.millrace.lane.Lane;
import dev.millrace.lane.LaneOutcome;
import dev.millrace.lane.LaneSettings;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.pipeline.Indexer;
import dev.millrace.pipeline.LaneMirror;
import dev.millrace.pipeline.LaneStores;
import dev.millrace.pipeline.Source;
import dev.millrace.pipeline.TimingSummary;
import dev.millrace.postgres.PostgresStore;
import dev.millrace.postgres.client.DatabaseSettings;
import dev.millrace.servers.EmbeddedPostgres;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Supplier;

/**
 * The ERC-20 scenario over a dev chain into an empty schema, once.
 *
 * @param nanos from the first fetch to the last commit
 * @param indexNanos from the last commit to the last index
 * @param cpu the CPU time used until the last commit
 * @param heap the peak heap usage, garbage included
 */
record Erc20Run(TimingSummary summary, long nanos, long indexNanos, CpuTimeSample cpu, long heap) {

  /** A reading of the clock and of the CPU time. */
  private record Mark(long nanos, CpuTimeSample cpu) {}

  static Erc20Run of(EmbeddedPostgres server, Indexer indexer, DevChain chain, int depth)
      throws InterruptedException {
    return of(server, indexer, chain.source(indexer), depth);
  }

  static Erc20Run of(EmbeddedPostgres server, Indexer indexer, Source source, int depth)
      throws InterruptedException {
    return of(server, indexer, source, depth, Optional::empty);
  }

  /** Runs with a mirror, which must be empty. */
  static Erc20Run of(
      EmbeddedPostgres server,
      Indexer indexer,
      Source source,
      int depth,
      Supplier<Optional<LaneMirror>> mirror)
      throws InterruptedException {
    DatabaseSettings database =
        DatabaseSettings.of(server.jdbcUrl(), server.user(), server.password());
    PostgresStore.reset(database, indexer.name());
    Queue<Mark> marks = new ConcurrentLinkedQueue<>();
    Failpoint failpoint =
        (point, _) -> {
          if (point == Failpoint.Point.BUILDING_INDEX) {
            marks.add(mark(server));
          }
        };
    LaneSettings defaults = LaneSettings.defaults();
    LaneSettings settings =
        new LaneSettings(
            depth, defaults.batchEvents(), defaults.stagedBytes(), defaults.commitBytes());
    System.gc(); // garbage of the run before does not count for this one
    try (PostgresStore store = PostgresStore.open(database, indexer, failpoint);
        LaneStores both = new LaneStores(store.takeOver(Long.toString(DevChain.ID)), mirror.get());
        HeapWatch heap = HeapWatch.start();
        Lane lane =
            new Lane(Long.toString(DevChain.ID), indexer, source, both, settings, failpoint)) {
      Mark begun = mark(server);
      lane.start();
      LaneOutcome end = lane.await();
      Mark ended = mark(server);
      if (end instanceof LaneOutcome.Failed(var failure)) {
        throw failure;
      }
      marks.add(ended);
      long last =
          lane.timings().latest().stream().mapToLong(BatchTiming::commitEnd).max().orElse(0);
      return new Erc20Run(
          lane.timings().summary(),
          last - begun.nanos(),
          ended.nanos() - last,
          marks.remove().cpu().since(begun.cpu()),
          heap.peak());
    }
  }

  private static Mark mark(EmbeddedPostgres server) {
    return new Mark(System.nanoTime(), CpuTimeSample.now(server.pid()));
  }

  double eventsPerSecond() {
    return summary.events() * 1e9 / nanos;
  }

  double nanosPerEvent() {
    return (double) nanos / summary.events();
  }

  double cpuNanosPerEvent() {
    return (double) (cpu.ours() + cpu.postgres()) / summary.events();
  }
}
