package dev.millrace.benchmarks;

import dev.millrace.lane.Lane;
import dev.millrace.lane.LaneOutcome;
import dev.millrace.lane.LaneSettings;
import dev.millrace.loaders.Entity;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.Id;
import dev.millrace.pipeline.Context;
import dev.millrace.pipeline.EventHandler;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.pipeline.Indexer;
import dev.millrace.pipeline.LaneStore;
import dev.millrace.pipeline.Source;
import dev.millrace.pipeline.SourceEvent;
import dev.millrace.pipeline.TimingSummary;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A whole pipeline whose handlers and commits take given times.
 *
 * @param handlers the way in which the handlers of a batch spend {@code handlerNanos}, all together
 * @param commitNanos the duration of one commit, however many batches it makes durable
 */
record InjectedPipeline(
    int batches,
    int eventsPerBatch,
    TimedStagePause handlers,
    long handlerNanos,
    long commitNanos) {
  private static final long ROOM = 1L << 28;

  /** One row per event. */
  @Entity(immutable = true)
  record Beat(@Id long number) {}

  private static final EntityType<Beat> BEAT = EntityType.of(Beat.class);

  /**
   * Runs all batches at a depth and returns the time of each stage, from the lane's own timings.
   */
  TimingSummary run(int depth) throws InterruptedException {
    LaneStore store = new InjectedStore(Map.of(), () -> TimedStagePause.PARK.take(commitNanos));
    long perEvent = handlerNanos / eventsPerBatch;
    Source source =
        new SyntheticSource(
            batches,
            eventsPerBatch,
            handler(() -> handlers.take(perEvent)),
            SyntheticSource.Gate.OPEN);
    try (Lane lane = lane("injected", source, store, depth, eventsPerBatch)) {
      lane.start();
      LaneOutcome end = lane.await();
      if (end instanceof LaneOutcome.Failed(var failure)) {
        throw failure;
      }
      return lane.timings().summary();
    }
  }

  static Lane lane(String name, Source source, LaneStore store, int depth, int batchEvents) {
    LaneSettings settings = new LaneSettings(depth, batchEvents, ROOM, ROOM);
    return new Lane(name, new Beating(List.of(BEAT)), source, store, settings, Failpoint.NONE);
  }

  /** Returns a handler that does the given work and saves a row. */
  static EventHandler handler(Runnable work) {
    return new Beaten(work);
  }

  private record Beaten(Runnable work) implements EventHandler {
    @Override
    public String name() {
      return "beat";
    }

    @Override
    public void handle(SourceEvent event, Context context) {
      work.run();
      context.save(new Beat((long) event.payload()));
    }
  }

  /** The part of an indexer that a lane needs: its entities. */
  record Beating(List<EntityType<?>> entities) implements Indexer {
    @Override
    public String name() {
      return "benchmark";
    }

    @Override
    public SortedMap<String, String> sourceRequirements() {
      return new TreeMap<>();
    }
  }
}
