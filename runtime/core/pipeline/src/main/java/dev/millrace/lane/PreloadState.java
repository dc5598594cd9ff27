package dev.millrace.lane;

/** The states of a task of a preload, and with them the right to the baton. */
enum PreloadState {
  /** Holds the baton and runs handler code. */
  PLAYING,
  /**
   * Holds the baton and is inside its Context, where memory is touched: the baton cannot be taken.
   * So a task never parks here.
   */
  INSIDE,
  /** Waits for a round, an answer or the baton. */
  WAITING,
  /** Was handed the baton, and its thread has not gone on yet. */
  GRANTED,
  /** The baton was taken from this task while it ran handler code, or before it went on. */
  STILL,
  DEAD
}
