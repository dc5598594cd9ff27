package dev.millrace.loaders;

/** The moment from which a job that an event handler has triggered may run. */
public enum TriggerMoment {
  /** Once no reorg can replace the block of the event any more. */
  FINALIZED,

  /**
   * As soon as the changes of the event are durable. A rewind cancels a run that has not started,
   * and marks any other.
   */
  COMMITTED
}
