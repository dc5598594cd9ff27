package dev.millrace.loaders;

import java.util.Set;

/**
 * A job as event handlers know it: they trigger runs of it and never call it.
 *
 * @param <I> the input of a run
 */
public interface TriggerableJob<I> {
  /** The name, unique among the jobs of an indexer. */
  String name();

  Class<I> inputType();

  /** The moment from which a triggered run may start. */
  TriggerMoment moment();

  /**
   * Returns the JSON text of an input, the same for equal inputs.
   *
   * @throws MillraceException with remedy {@code FIX_HANDLER} if the input cannot be stored
   */
  String inputText(I input);

  /** Refuses this job if an indexer does not name it among its jobs. */
  default void requireAmong(Set<String> names) {
    if (!names.contains(name())) {
      throw new MillraceException(
          Remedy.FIX_HANDLER,
          "job is not part of this indexer, add it with jobs(...): job=%s known=%s"
              .formatted(name(), names));
    }
  }
}
