package dev.millrace.pipeline;

import dev.millrace.loaders.ChangeSet;
import java.util.List;

/**
 * A batch that has run: what it read from the stream and what that changed. Never altered
 * afterwards.
 */
public record ExecutedBatch(
    long number, Batch batch, ChangeSet changes, List<EffectResult> effects) {
  public ExecutedBatch {
    effects = List.copyOf(effects);
  }
}
