package dev.millrace.pipeline;

/**
 * Where tests look into a running lane: to hold a stage, to fail it, or to end the process there.
 * In production nothing listens.
 */
@FunctionalInterface
public interface Probe {
  /** Places that a stage passes, in the order of a batch's life. */
  enum Point {
    FETCH,
    BEFORE_PRELOAD,
    BEFORE_RUN,
    AFTER_RUN,
    BEFORE_MIRROR,
    /** In the mirror, when part of a group is in: between two inserts. */
    MIRRORING,
    MIRRORED,
    BEFORE_COMMIT_GROUP,
    BEFORE_BEGIN,
    /** The store has the first row of a COPY and not yet the others. */
    DURING_COPY,
    AFTER_COPY,
    BEFORE_COMMIT,
    AFTER_COMMIT,
    ROLLING_BACK,
    BUILDING_INDEX,
    BEFORE_REWIND,
    /** In the store's transaction, when everything is undone. */
    REWINDING,
    /** The store has done it, and nobody knows yet. */
    AFTER_REWIND,
    COMMITTED,
    BEFORE_PUBLISH,
    /** The mirror has it, and nobody knows yet. */
    PUBLISHING,
    PUBLISHED
  }

  Probe NONE = (_, _) -> {};

  /**
   * Called by the stage's own thread. An exception thrown here is met as if the stage itself had
   * failed.
   */
  void pass(Point point, long number);
}
