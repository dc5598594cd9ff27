package dev.millrace.pipeline;

/**
 * Failpoints of a running lane: tests hold a stage there, fail it, or end the process. Unused in
 * production.
 */
@FunctionalInterface
public interface Failpoint {
  /** Failpoints in the order of a batch's life. */
  enum Point {
    FETCH,
    BEFORE_PRELOAD,
    BEFORE_RUN,
    AFTER_RUN,
    BEFORE_MIRROR,
    /** In the mirror, between two inserts of a group. */
    MIRRORING,
    MIRRORED,
    BEFORE_COMMIT_GROUP,
    BEFORE_BEGIN,
    /** The store has the first row of a COPY and not yet the others. */
    DURING_COPY,
    /** In the transaction, after all rows, the bookkeeping and the pruning. */
    AFTER_WRITES,
    BEFORE_COMMIT,
    AFTER_COMMIT,
    ROLLING_BACK,
    BUILDING_INDEX,
    BEFORE_REWIND,
    /** In the store's transaction, after everything is undone. */
    REWINDING,
    /** After the store's transaction, before the lane knows of it. */
    AFTER_REWIND,
    COMMITTED,
    BEFORE_PUBLISH,
    /** After the publication in the mirror, before the lane knows of it. */
    PUBLISHING,
    PUBLISHED
  }

  Failpoint NONE = (_, _) -> {};

  /**
   * Called on the stage's own thread. An exception thrown here is handled as a failure of the
   * stage.
   */
  void reached(Point point, long number);
}
