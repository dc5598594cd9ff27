package dev.millrace.loaders;

/** How much of an entity's history the mirror keeps. */
public enum Versions {
  /** What every block has left of a row. */
  EVERY,
  /**
   * What every batch has left of a row, and every block only while a reorg may replace it. A state
   * before the last final checkpoint cannot be asked for.
   */
  LATEST
}
