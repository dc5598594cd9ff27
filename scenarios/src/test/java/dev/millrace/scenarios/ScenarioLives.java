package dev.millrace.scenarios;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.lane.Lane;
import dev.millrace.lane.LaneOutcome;
import dev.millrace.lane.LaneSettings;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.pipeline.LaneStore;
import dev.millrace.testkit.CrashFailpoint;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * Runs a scenario to its end in as many lives as it takes: each has settings of its own and crashes
 * at one passing of one fault point, unless it is done before. Only the store survives.
 */
final class ScenarioLives {
  /** The fault points of a lane without mirror and rewinds, and with a healthy store. */
  static final List<Failpoint.Point> POINTS =
      List.of(
          Failpoint.Point.FETCH,
          Failpoint.Point.BEFORE_PRELOAD,
          Failpoint.Point.BEFORE_RUN,
          Failpoint.Point.AFTER_RUN,
          Failpoint.Point.BEFORE_COMMIT_GROUP,
          Failpoint.Point.BEFORE_BEGIN,
          Failpoint.Point.DURING_COPY,
          Failpoint.Point.AFTER_WRITES,
          Failpoint.Point.BEFORE_COMMIT,
          Failpoint.Point.AFTER_COMMIT,
          Failpoint.Point.BUILDING_INDEX,
          Failpoint.Point.COMMITTED);

  private static final int[] DEPTHS = {0, 1, 8};
  private static final int[] BATCHES = {1, 7, 60, 1000};
  private static final int LATEST_PASSING = 8;

  /** Takes the lane over for a life. */
  interface Store {
    LaneStore takeOver(Failpoint failpoint);
  }

  private final Scenario scenario;
  private final Random random;
  private final Map<Failpoint.Point, Integer> crashes = new EnumMap<>(Failpoint.Point.class);

  ScenarioLives(Scenario scenario, long seed) {
    this.scenario = scenario;
    this.random = new Random(seed);
  }

  /** Runs lives until the stream is done. */
  void untilDone(Store store) throws InterruptedException {
    LaneOutcome end;
    do {
      end = live(store);
    } while (!(end instanceof LaneOutcome.Done));
  }

  private LaneOutcome live(Store store) throws InterruptedException {
    Failpoint.Point point = POINTS.get(random.nextInt(POINTS.size()));
    CrashFailpoint crash = CrashFailpoint.at(point, 1 + random.nextInt(LATEST_PASSING));
    LaneOutcome end = live(scenario, store, settings(), crash);
    if (crash.hasHappened()) {
      crashes.merge(point, 1, Integer::sum);
    } else {
      assertThat(end).as("life without a crash").isInstanceOf(LaneOutcome.Done.class);
    }
    return end;
  }

  /** Runs one life; a crash during the takeover ends it before it has begun. */
  static LaneOutcome live(
      Scenario scenario, Store store, LaneSettings settings, Failpoint failpoint)
      throws InterruptedException {
    try (Lane lane =
        new Lane(
            "1337",
            scenario.indexer(),
            scenario.source(),
            store.takeOver(failpoint),
            settings,
            failpoint)) {
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
  Map<Failpoint.Point, Integer> crashes() {
    return crashes;
  }

  int total() {
    return crashes.values().stream().mapToInt(Integer::intValue).sum();
  }
}
