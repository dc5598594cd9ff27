package dev.millrace.runner;

import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.TimingSummary;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedMap;

/**
 * A snapshot of a running indexer. Only {@link Lane#committed} is durable; what is merely processed
 * is never called done.
 *
 * @param waitingFor the reason why a start is not done, in words; empty if it does not wait
 * @param workers the workers of jobs; empty if the process has none
 */
public record IndexerStatus(
    String name,
    State state,
    Optional<Failure> failure,
    String waitingFor,
    List<Lane> lanes,
    Optional<Workers> workers) {
  public IndexerStatus {
    lanes = List.copyOf(lanes);
  }

  /** Creates the status of a process without workers. */
  public IndexerStatus(
      String name, State state, Optional<Failure> failure, String waitingFor, List<Lane> lanes) {
    this(name, state, failure, waitingFor, lanes, Optional.empty());
  }

  /**
   * The workers of this process.
   *
   * @param count the workers that the config asks for
   * @param claiming those that have a session and claim runs
   * @param running runs whose handlers are being called
   */
  public record Workers(int count, int claiming, int running) {
    public boolean ready() {
      return claiming == count;
    }
  }

  /** The states of a process. */
  public enum State {
    STARTING,
    RUNNING,
    /** Stopping: executed batches are still being committed. */
    DRAINING,
    /** Ended as asked: everything up to the end, or up to the stop, is durable. */
    DONE,
    FAILED
  }

  /** The reason for the end. */
  public record Failure(String message, Remedy remedy) {}

  /** A position in a lane, with the events up to it since this process began. */
  public record Mark(OptionalLong block, long checkpoint, long events) {
    public static final Mark NONE = new Mark(OptionalLong.empty(), 0, 0);
  }

  /**
   * The rewinds since this process began.
   *
   * @param blocks executed blocks that the chain replaced, over all rewinds
   * @param undoing the time taken to undo durable changes
   */
  public record Rewinds(long count, long blocks, Duration undoing) {
    public static final Rewinds NONE = new Rewinds(0, 0, Duration.ZERO);
  }

  /**
   * One chain.
   *
   * @param waitingFor the reason why the slowest part is not moving, in words; empty while
   *     everything moves
   * @param mirrored the frontier in ClickHouse; empty if nothing is mirrored
   * @param caughtUp true if all blocks that the chain holds so far are durable
   * @param ready true if all blocks that the chain held half a minute ago are durable
   * @param firstBlock the first block that the config asks for
   * @param lastBlock the end of the lane, as far as known
   * @param totalEvents the number of events that this process has to commit, if the source knows it
   * @param doubts facts that the source could not prove, and work that the store could not do
   * @param rewinds the rewinds after reorgs of the chain
   * @param stalls the time that the source had to pause, by cause
   * @param report the source's own report, by name
   * @param timings the time spent per stage, and how much of it overlapped
   */
  public record Lane(
      long chain,
      State state,
      long epoch,
      Mark processed,
      Optional<Mark> mirrored,
      Mark committed,
      boolean caughtUp,
      boolean ready,
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
      TimingSummary timings) {}

  /**
   * True if all blocks that the chains held half a minute ago are durable. A new block or a reorg
   * near the head does not make an indexer unready. Workers are ready while they claim runs.
   */
  public boolean isReady() {
    boolean hasBegun = !lanes.isEmpty() || (workers.isPresent() && state != State.STARTING);
    return state != State.FAILED
        && hasBegun
        && lanes.stream().allMatch(Lane::ready)
        && workers.map(Workers::ready).orElse(true);
  }

  public boolean isOver() {
    return state == State.DONE || state == State.FAILED;
  }

  /** Returns the number of durable events in all lanes. */
  public long committedEvents() {
    return lanes.stream().mapToLong(lane -> lane.committed().events()).sum();
  }
}
