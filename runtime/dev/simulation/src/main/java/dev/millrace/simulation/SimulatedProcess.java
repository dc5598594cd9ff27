package dev.millrace.simulation;

import dev.millrace.lane.Lane;
import dev.millrace.lane.LaneOutcome;
import dev.millrace.lane.LaneSettings;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.Failpoint;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

/** One process of a simulation, from the takeover of its lanes on. */
final class SimulatedProcess implements AutoCloseable {
  static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final long LOOK_UP_MILLIS = 2;

  private final SimulatedFault fault;
  private final SimulatedStores.Opened stores;
  private final List<Lane> running = new ArrayList<>();

  SimulatedProcess(
      List<SimulatedLane> lanes,
      SimulatedStores stores,
      LaneSettings settings,
      SimulatedFault trouble,
      Failpoint failpoint) {
    this.fault = trouble;
    this.stores = stores.open(failpoint);
    for (SimulatedLane lane : lanes) {
      running.add(
          new Lane(
              lane.name(),
              lanes.getFirst().program(),
              lane.script(),
              this.stores.takeOver(lane.name()),
              settings,
              failpoint));
    }
    trouble.acting(() -> running.forEach(this::end));
    running.forEach(Lane::start);
  }

  private void end(Lane lane) {
    if (fault.kind() == SimulatedFault.Kind.CLOSE) {
      lane.close();
      return;
    }
    try {
      lane.drain(PATIENCE);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  /** Returns the end of each lane; empty if the process has fallen asleep instead. */
  Optional<List<LaneOutcome>> await() throws InterruptedException {
    List<LaneOutcome> ends = new ArrayList<>();
    for (Lane lane : running) {
      Optional<LaneOutcome> end = await(lane);
      if (end.isEmpty()) {
        return Optional.empty();
      }
      ends.add(end.get());
    }
    return Optional.of(ends);
  }

  private Optional<LaneOutcome> await(Lane lane) throws InterruptedException {
    AtomicReference<LaneOutcome> end = new AtomicReference<>();
    CountDownLatch ended = new CountDownLatch(1);
    Thread waiting =
        Thread.ofVirtual()
            .start(() -> {
              try {
                end.set(lane.await());
                ended.countDown();
              } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
              }
            });
    long until = System.nanoTime() + PATIENCE.toNanos();
    while (!ended.await(LOOK_UP_MILLIS, TimeUnit.MILLISECONDS)) {
      if (fault.isAsleep()) {
        waiting.interrupt();
        return Optional.empty();
      }
      if (System.nanoTime() - until > 0) {
        waiting.interrupt();
        throw new AssertionError("lane does not end: status=" + lane.status());
      }
    }
    return Optional.of(end.get());
  }

  /** Wakes the process where it fell asleep; others have taken its lanes over. */
  void wake() {
    fault.wake();
  }

  /** Wakes the process; each lane must notice its successor, or have nothing left to do. */
  void endAwake() throws InterruptedException {
    wake();
    for (Lane lane : running) {
      LaneOutcome end = awaitAwake(lane);
      if (end instanceof LaneOutcome.Failed(MillraceException failure)
          && failure.remedy() == Remedy.REPORT_BUG) {
        throw new AssertionError("lane that was passed over failed", failure);
      }
    }
  }

  private static LaneOutcome awaitAwake(Lane lane) throws InterruptedException {
    if (!lane.drain(PATIENCE)) {
      throw new AssertionError("lane that was passed over does not end: " + lane.status());
    }
    return lane.await();
  }

  /** Idempotent. */
  @Override
  public void close() {
    fault.wake();
    running.forEach(Lane::close);
    stores.close();
  }
}
