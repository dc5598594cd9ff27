package dev.millrace.evm;

/** The treatment of a log that was requested and does not match its signature. */
public enum Undecodable {
  /** Passed over and counted; the first one is reported with its position. */
  SKIP,
  /** Stops the lane. */
  STOP
}
