package dev.millrace.simulation;

import static dev.millrace.simulation.LaneHarness.increment;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.lane.Lane;
import dev.millrace.lane.LaneOutcome;
import dev.millrace.lane.LaneSettings;
import dev.millrace.pipeline.Failpoint.Point;
import dev.millrace.testkit.StepGates;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The cost of waiting. */
@Timeout(60)
final class WaitingTest {
  private static final Duration WAIT = Duration.ofSeconds(10);

  @Test
  @Tag("A23")
  @DisplayName("A23 stages that wait for ten seconds use under 2 % of a core each")
  void stages_parkWhileTheyWait() throws Exception {
    try (LaneHarness idle = new LaneHarness();
        LaneHarness heldRun = new LaneHarness();
        LaneHarness heldCommit = new LaneHarness().depth(0)) {
      idle.script.open();
      StepGates.Gate never = idle.gates.hold(Point.AFTER_RUN);
      StepGates.Gate run = heldRun.gates.hold(Point.BEFORE_RUN);
      StepGates.Gate commit = heldCommit.gates.hold(Point.BEFORE_COMMIT);
      for (int i = 0; i < 50; i++) {
        heldRun.script.block(increment("c"));
        heldCommit.script.block(increment("c"));
      }
      Lane[] lanes = {idle.start(), heldRun.start(), heldCommit.start()};
      run.await();
      commit.await();

      Map<Long, Long> before = stageTimes();
      assertThat(before).as("two stages per lane").hasSize(2 * lanes.length);
      assertThat(never.staysEmpty(WAIT)).isTrue();
      Map<Long, Long> after = stageTimes();
      after.forEach((thread, nanos) ->
          assertThat(nanos - before.getOrDefault(thread, 0L))
              .as("CPU time of a stage in %s", WAIT)
              .isLessThan(WAIT.toNanos() / 50));
      run.release();
      commit.release();
    }
  }

  @Test
  @Tag("D23")
  @DisplayName("D23 the index of a read that takes long is built while the read goes on")
  void neededIndex_isBuiltWhileItsReadGoesOn() throws Exception {
    try (LaneHarness mill = new LaneHarness().notEmpty()) {
      mill.script.block(mill.findByOwner("nobody"));
      mill.store.beforeQuery(query -> {
        if (query.contains("owner")) {
          while (mill.store.indexes(LaneHarness.LANE).isEmpty()) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20)); // like a scan of all rows
          }
        }
      });
      assertThat(mill.start().await()).isEqualTo(new LaneOutcome.Done());
      assertThat(mill.store.indexes(LaneHarness.LANE)).singleElement().asString().contains("owner");
    }
  }

  @Test
  @DisplayName("fetch asks for a batch only when the ring has a place for it, not before")
  void fetch_waitsUntilTheRingHasMoved() throws Exception {
    try (LaneHarness mill = new LaneHarness()) {
      for (int i = 0; i < 40; i++) {
        mill.script.block(increment("c"));
      }
      mill.settings = new LaneSettings(8, 1, 64L << 20, 1); // each commit takes one batch
      StepGates.Gate first = mill.gates.hold(Point.BEFORE_COMMIT, 1);
      StepGates.Gate seventh = mill.gates.hold(Point.BEFORE_COMMIT, 7);
      StepGates.Gate second = mill.gates.hold(Point.AFTER_RUN, 2);
      Lane lane = mill.start();
      first.await();
      second.release(); // only now, so that the first run of commits has one batch
      mill.gates.awaitPassed(Point.AFTER_RUN, 9);
      mill.gates.awaitPassed(Point.FETCH, 16);
      first.release();
      seventh.await(); // in the middle of a run, before whose end no slot of it is free

      assertThat(mill.gates.passed(Point.FETCH)).doesNotContain(18L);
      seventh.release();
      assertThat(lane.await()).isEqualTo(new LaneOutcome.Done());
    }
  }

  private static Map<Long, Long> stageTimes() {
    ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    Map<Long, Long> times = new HashMap<>();
    for (Thread thread : Thread.getAllStackTraces().keySet()) {
      if (thread.getName().matches("millrace-1-(execute|commit)")) {
        times.put(thread.threadId(), threads.getThreadCpuTime(thread.threadId()));
      }
    }
    return times;
  }
}
