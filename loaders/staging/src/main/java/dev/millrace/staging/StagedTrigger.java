package dev.millrace.staging;

import dev.millrace.loaders.ColumnType;
import dev.millrace.loaders.TriggerMoment;

/**
 * A job that a handler has triggered, as part of a change set.
 *
 * @param event the index of the event in its batch
 * @param ordinal the place among the triggers of the event, from zero
 * @param input JSON
 */
public record StagedTrigger(
    int event, int ordinal, String job, TriggerMoment moment, String input) {
  private static final long FIXED_BYTES = 40;

  /** Heap that the trigger takes until it is durable. */
  long bytes() {
    return FIXED_BYTES + ColumnType.Scalar.TEXT.bytes(input);
  }
}
