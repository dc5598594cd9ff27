package dev.millrace.testkit;

import dev.millrace.pipeline.LaneStores;
import dev.millrace.pipeline.Probe;
import dev.millrace.pipeline.Source;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/** What survives the processes of a {@link Simulation}: a store, and perhaps its mirror. */
public interface SimStores {
  /** As another process opens them, which passes this probe. */
  Opened open(Probe probe);

  /** What one process holds. */
  interface Opened extends AutoCloseable {
    LaneStores takeOver(String lane);

    @Override
    void close();
  }

  /** The block that a lane has reached; empty if nobody can say, or none yet. */
  default Optional<Source.Place> reached(String lane) {
    return Optional.empty();
  }

  /**
   * What is wrong with what a lane has left, in words, beyond what its store shows a reader.
   *
   * @param oracle has run what the lane has reached
   * @param over whether the last process has ended as it should
   */
  default List<String> differences(String lane, SerialOracle oracle, boolean over) {
    return List.of();
  }

  /** Happens beside the lanes, now and then, on any of their threads. */
  default void disturb(String lane, Random dice) {}

  /** Whether a process may be passed over that has not ended. */
  default boolean letsProcessesOverlap() {
    return false;
  }
}
