package dev.millrace.simulation;

import dev.millrace.pipeline.Failpoint;
import dev.millrace.pipeline.LaneStores;
import dev.millrace.pipeline.Source;
import dev.millrace.testkit.SerialOracle;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/** The stores that outlive the processes of a {@link Simulation}; the mirror is optional. */
public interface SimulatedStores {
  /** Opens the stores for another process, which passes this failpoint. */
  Opened open(Failpoint failpoint);

  /** The stores as one process holds them. */
  interface Opened extends AutoCloseable {
    LaneStores takeOver(String lane);

    @Override
    void close();
  }

  /** Returns the block that a lane has reached; empty if there is none or it is unknown. */
  default Optional<Source.BlockRef> reached(String lane) {
    return Optional.empty();
  }

  /**
   * Describes what is wrong with the state that a lane has left, beyond the rows that its store
   * shows a reader.
   *
   * @param oracle has run as far as the lane
   * @param over true if the last process has ended as it should
   */
  default List<String> differences(String lane, SerialOracle oracle, boolean over) {
    return List.of();
  }

  /** Disturbs the lanes now and then, on any of their threads. */
  default void disturb(String lane, Random dice) {}

  /** True if a process may be fenced before it has ended. */
  default boolean letsProcessesOverlap() {
    return false;
  }
}
