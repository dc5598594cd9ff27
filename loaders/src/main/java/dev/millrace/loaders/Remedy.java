package dev.millrace.loaders;

/** What helps against an error. Loops decide by this, never by the text of a message. */
public enum Remedy {
  /** The same call may succeed later. */
  RETRY,
  /** The process should end and be started again; it resumes from what is durable. */
  RESTART,
  /** Another process has taken the lane; this one must stop writing. */
  YIELD,
  /**
   * What was asked about belongs to a branch that the stream has left: the lane turns back, and the
   * event is never run again.
   */
  REWIND,
  /** A handler or the data is wrong: the same events fail again until the code changes. */
  FIX_HANDLER,
  /** The configuration, the definition, the rights or the schema is wrong. */
  FIX_SETUP,
  /** Millrace broke a rule of its own. */
  REPORT_BUG
}
