package dev.millrace.lane;

/** The states of a task of a preload, and with them the right to the permit. */
enum PreloadState {
  /** Holds the permit and runs handler code. */
  RUNNING,
  /**
   * Holds the permit and is inside its Context, where memory is touched: the permit cannot be
   * taken. So a task never parks here.
   */
  INSIDE,
  /** Waits for a round, an answer or the permit. */
  WAITING,
  /** Was handed the permit, and its thread has not gone on yet. */
  GRANTED,
  /** The permit was taken from this task while it ran handler code, or before it went on. */
  STALLED,
  DEAD
}
