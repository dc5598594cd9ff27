package dev.millrace.evm;

/** What becomes of a log that was asked for and says something else than its signature. */
public enum Undecodable {
  /** It is passed over, counted, and reported once with its position. */
  SKIP,
  /** It stops the lane. */
  STOP
}
