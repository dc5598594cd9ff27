package dev.millrace.loaders;

/** The remedy for an error. Loops decide by it, never by the text of a message. */
public enum Remedy {
  /** The same call may succeed later. */
  RETRY,
  /** The process should end and be started again; it resumes from the durable checkpoint. */
  RESTART,
  /** Another process has taken the lane; this one must stop writing. */
  YIELD,
  /**
   * The data asked for belongs to a branch that a reorg has replaced: the lane rewinds, and the
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
