package dev.millrace.jobs;

import java.util.Map;
import java.util.Optional;

/**
 * A step of a run, read from its row.
 *
 * @param kind {@code STEP}, {@code ITEMS}, {@code SLEEP}, {@code SIGNAL} or {@code TRIGGER}
 * @param finished true once its result is stored
 * @param output the stored result as JSON
 * @param items the number of items in each state, of a step that has items
 */
public record RunStep(
    int number,
    String name,
    String kind,
    boolean finished,
    Optional<String> output,
    Map<RunState, Long> items) {
  public RunStep {
    items = Map.copyOf(items);
  }
}
