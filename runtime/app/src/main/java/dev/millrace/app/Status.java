package dev.millrace.app;

import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.Timings;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedMap;

/**
 * What a running indexer is doing, at one moment. Only {@link Lane#committed} is durable; nothing
 * that is merely processed is ever called done.
 */
public record Status(String name, State state, Optional<Failure> failure, List<Lane> lanes) {
  public Status {
    lanes = List.copyOf(lanes);
  }

  /** The course of a process. */
  public enum State {
    STARTING,
    RUNNING,
    /** Told to stop: what has run is still being committed. */
    DRAINING,
    /** Ended as asked: everything up to the end, or up to the stop, is durable. */
    DONE,
    FAILED
  }

  /** Why it ended. */
  public record Failure(String message, Remedy remedy) {}

  /** A place in a lane, with the events up to it since this process began. */
  public record Mark(OptionalLong block, long checkpoint, long events) {
    public static final Mark NONE = new Mark(OptionalLong.empty(), 0, 0);
  }

  /**
   * How often a chain has replaced blocks that had run, since this process began.
   *
   * @param blocks those that were replaced, all rewinds together
   * @param undoing how long undoing what was durable has taken
   */
  public record Rewinds(long count, long blocks, Duration undoing) {
    public static final Rewinds NONE = new Rewinds(0, 0, Duration.ZERO);
  }

  /**
   * One chain.
   *
   * @param waitingFor why the slowest part is not moving, in words; empty while everything moves
   * @param mirrored what ClickHouse has already; empty where nothing is mirrored
   * @param firstBlock where this process began
   * @param lastBlock where the lane ends, as far as known
   * @param totalEvents how many events there are from {@code firstBlock} on, where the source knows
   * @param doubts what the source could not prove and what the store could not do
   * @param rewinds how often the chain has turned back
   * @param stalls how long the source had to pause, by cause
   * @param report what the source tells of itself, by name
   * @param timings where the time went, and how much of it overlapped
   */
  public record Lane(
      long chain,
      State state,
      long epoch,
      Mark processed,
      Optional<Mark> mirrored,
      Mark committed,
      boolean caughtUp,
      OptionalLong firstBlock,
      OptionalLong lastBlock,
      OptionalLong totalEvents,
      String waitingFor,
      List<String> doubts,
      int batchesInTransit,
      long stagedBytes,
      Rewinds rewinds,
      Map<String, Duration> stalls,
      SortedMap<String, String> report,
      Timings.Summary timings) {}

  /** Whether everything that the chains hold so far is durable. */
  public boolean isReady() {
    return state != State.FAILED && !lanes.isEmpty() && lanes.stream().allMatch(Lane::caughtUp);
  }

  public boolean isOver() {
    return state == State.DONE || state == State.FAILED;
  }

  /** Events that are durable, in all lanes. */
  public long committedEvents() {
    return lanes.stream().mapToLong(lane -> lane.committed().events()).sum();
  }
}
