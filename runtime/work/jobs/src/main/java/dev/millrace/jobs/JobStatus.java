package dev.millrace.jobs;

import java.time.Duration;
import java.time.Instant;
import java.util.List;

/**
 * The state of all queues at one moment.
 *
 * @param unserved pending runs that no live worker would claim: of an unknown job, in a queue
 *     without a worker, or begun by another version of the handler
 */
public record JobStatus(List<Queue> queues, List<Worker> workers, List<Unserved> unserved) {
  /**
   * One queue.
   *
   * @param ready pending runs that a worker may claim
   * @param waiting pending runs that wait for a key, a time, items or a signal
   * @param failed runs that failed in the last day
   * @param oldestReady the time since the oldest ready run was due
   */
  public record Queue(
      String name, long ready, long waiting, long running, long failed, Duration oldestReady) {}

  /** A live worker. */
  public record Worker(long session, String name, Instant startedAt, long running) {}

  /** Pending runs of one job that no live worker would claim. */
  public record Unserved(String job, String queue, long runs) {}
}
