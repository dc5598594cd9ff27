package dev.millrace.loaders;

/** The amount of an entity's history that the mirror keeps. */
public enum Versions {
  /** The state of a row after every block. */
  ALL,
  /**
   * The state of a row after every batch, and after every block only while a reorg may replace it.
   * A state before the last final checkpoint cannot be queried.
   */
  LATEST
}
