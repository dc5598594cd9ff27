package dev.millrace.runner;

import dev.millrace.lane.LaneOutcome;
import dev.millrace.loaders.MillraceException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Stops the lanes of a process side by side, all by one deadline, and closes each. */
final class LaneDrain {
  private static final Logger log = LoggerFactory.getLogger(LaneDrain.class);

  /** Time after the deadline to close what hangs: a lane waits five seconds for its threads. */
  private static final Duration MAX_CLOSE = Duration.ofSeconds(6);

  private final String indexer;
  private final Duration time;
  private final long deadline;
  private final AtomicBoolean incomplete = new AtomicBoolean();

  /** Begins a drain that lasts for a time at most. */
  LaneDrain(String indexer, Duration time) {
    this.indexer = indexer;
    this.time = time;
    this.deadline = System.nanoTime() + time.toNanos();
  }

  Duration left() {
    return Duration.ofNanos(Math.max(0, deadline - System.nanoTime()));
  }

  /**
   * Returns true if everything that has run became durable. An interrupt cuts the drain short; the
   * lanes are closed all the same.
   */
  boolean run(List<RunningLane> lanes) {
    List<Thread> drains =
        lanes.stream()
            .map(lane -> SupervisorThread.start("drain-" + lane.id(), () -> drain(lane)))
            .toList();
    boolean interrupted = false;
    for (int i = 0; i < drains.size(); ) {
      try {
        if (!drains.get(i).join(left().plus(MAX_CLOSE))) {
          incomplete.set(true);
        }
        i++;
      } catch (InterruptedException _) {
        interrupted = true;
        drains.forEach(Thread::interrupt);
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    return !incomplete.get();
  }

  private void drain(RunningLane lane) {
    try (lane) {
      if (!lane.lane().drain(left())) {
        incomplete.set(true);
        log.warn(
            "{}: chain {} was not drained in time, the rest is rolled back: seconds={} {}{}",
            indexer,
            lane.id(),
            time.toSeconds(),
            lane.position(),
            reason(lane));
      }
    } catch (InterruptedException _) {
      incomplete.set(true); // the lane is closed without an answer to whether all became durable
      Thread.currentThread().interrupt();
    }
  }

  private static String reason(RunningLane lane) {
    return lane.lane().status().end() instanceof LaneOutcome.Failed(MillraceException reason)
        ? " reason=\"" + reason.getMessage() + "\""
        : "";
  }
}
