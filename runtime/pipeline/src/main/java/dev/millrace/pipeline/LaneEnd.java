package dev.millrace.pipeline;

import dev.millrace.loaders.MillraceException;

/** How a lane has ended. Whatever it was, everything up to the committed frontier is durable. */
public sealed interface LaneEnd {
  /** The stream ended, and all of it is durable. */
  record Done() implements LaneEnd {}

  /** It was asked to stop and has drained what had run. */
  record Drained() implements LaneEnd {}

  /** It cannot go on; what ran before the failure was committed where that was possible. */
  record Failed(MillraceException failure) implements LaneEnd {}
}
