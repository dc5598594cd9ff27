package dev.millrace.scenarios;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.lane.Lane;
import dev.millrace.lane.LaneEnd;
import dev.millrace.lane.LaneSettings;
import dev.millrace.pipeline.LaneStore;
import dev.millrace.pipeline.Probe;
import dev.millrace.testkit.Crashes;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * Runs a scenario to its end in as many lives as it takes: each has settings of its own and crashes
 * at one passing of one fault point, unless it is done before. Only the store survives.
 */
final class Lives {
  /** The fault points of a lane without mirror and rewinds, and with a healthy store. */
  static final List<Probe.Point> POINTS =
      List.of(
          Probe.Point.FETCH,
          Probe.Point.BEFORE_PRELOAD,
          Probe.Point.BEFORE_RUN,
          Probe.Point.AFTER_RUN,
          Probe.Point.BEFORE_COMMIT_GROUP,
          Probe.Point.BEFORE_BEGIN,
          Probe.Point.DURING_COPY,
          Probe.Point.AFTER_COPY,
          Probe.Point.BEFORE_COMMIT,
          Probe.Point.AFTER_COMMIT,
          Probe.Point.BUILDING_INDEX,
          Probe.Point.COMMITTED);

  private static final int[] DEPTHS = {0, 1, 8};
  private static final int[] BATCHES = {1, 7, 60, 1000};
  private static final int LATEST_PASSING = 8;

  /** Takes the lane over for a life. */
  interface Store {
    LaneStore takeOver(Probe probe);
  }

  private final Scenario scenario;
  private final Random random;
  private final Map<Probe.Point, Integer> crashes = new EnumMap<>(Probe.Point.class);

  Lives(Scenario scenario, long seed) {
    this.scenario = scenario;
    this.random = new Random(seed);
  }

  /** Runs lives until the stream is done. */
  void untilDone(Store store) throws InterruptedException {
    LaneEnd end;
    do {
      end = live(store);
    } while (!(end instanceof LaneEnd.Done));
  }

  private LaneEnd live(Store store) throws InterruptedException {
    Probe.Point point = POINTS.get(random.nextInt(POINTS.size()));
    Crashes crash = Crashes.at(point, 1 + random.nextInt(LATEST_PASSING));
    LaneEnd end = live(scenario, store, settings(), crash);
    if (crash.hasHappened()) {
      crashes.merge(point, 1, Integer::sum);
    } else {
      assertThat(end).as("life without a crash").isInstanceOf(LaneEnd.Done.class);
    }
    return end;
  }

  /** Runs one life; a crash during the takeover ends it before it has begun. */
  static LaneEnd live(Scenario scenario, Store store, LaneSettings settings, Probe probe)
      throws InterruptedException {
    try (Lane lane =
        new Lane(
            "1337",
            scenario.indexer(),
            scenario.source(),
            store.takeOver(probe),
            settings,
            probe)) {
      lane.start();
      return lane.await();
    }
  }

  private LaneSettings settings() {
    return new LaneSettings(
        DEPTHS[random.nextInt(DEPTHS.length)],
        BATCHES[random.nextInt(BATCHES.length)],
        random.nextInt(3) == 0 ? 10_000 : 64L << 20, // one in three evicts all the time
        random.nextInt(3) == 0 ? 20_000 : 16L << 20);
  }

  /** Returns the crashes so far, by point. */
  Map<Probe.Point, Integer> crashes() {
    return crashes;
  }

  int total() {
    return crashes.values().stream().mapToInt(Integer::intValue).sum();
  }
}
