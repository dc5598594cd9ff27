package dev.millrace.simulation;

import dev.millrace.loaders.EventId;
import dev.millrace.pipeline.Context;
import dev.millrace.testkit.OracleContext;
import java.util.Random;

/**
 * One call of a handler that has a habit.
 *
 * @param id of the event
 * @param context of the call: of the run, of a preload or of the oracle
 * @param dice random numbers, the same in every call for the event
 * @param state shared by all calls in one process
 */
record HandlerMoment(EventId id, Context context, Random dice, SharedHandlerState state) {
  /** True if the serial oracle calls: on the thread of the test, which must come to no harm. */
  boolean isSerial() {
    return context instanceof OracleContext;
  }

  /** Throws any exception through a signature that declares none. */
  @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
  static <T extends Throwable> RuntimeException sneak(Throwable thrown) throws T {
    throw (T) thrown;
  }
}
