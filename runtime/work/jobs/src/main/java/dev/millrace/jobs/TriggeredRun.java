package dev.millrace.jobs;

/** The outcome of a trigger: the run that does the work. */
public record TriggeredRun(long id, Disposition disposition) {
  /** The relation of a trigger to its run. */
  public enum Disposition {
    /** The trigger has made the run. */
    CREATED,
    /** A run of the same idempotency key existed. */
    EXISTING,
    /** The input was merged into a run that had not started. */
    MERGED
  }
}
