package dev.millrace.pipeline;

/**
 * Whether a lane is to stop, and how. Any thread may ask; each step is taken once and never taken
 * back.
 */
final class Halt {
  private volatile boolean draining;
  private volatile boolean failed;

  /** No batch begins to run any more; those that have run still commit. */
  void drain() {
    draining = true;
  }

  /** Something has failed: what comes behind it is dropped. */
  void fail() {
    failed = true;
  }

  /** Whether execute may begin another batch. */
  boolean allowsRuns() {
    return !draining && !failed;
  }

  boolean isDraining() {
    return draining;
  }
}
