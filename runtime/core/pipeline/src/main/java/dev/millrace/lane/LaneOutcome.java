package dev.millrace.lane;

import dev.millrace.loaders.MillraceException;

/** The outcome of a lane. In any case everything up to the committed frontier is durable. */
public sealed interface LaneOutcome {
  /** The stream ended, and all of it is durable. */
  record Done() implements LaneOutcome {}

  /** The lane was asked to stop, and has committed all batches that had run. */
  record Drained() implements LaneOutcome {}

  /** The lane cannot go on; batches before the failure were committed where possible. */
  record Failed(MillraceException failure) implements LaneOutcome {}
}
