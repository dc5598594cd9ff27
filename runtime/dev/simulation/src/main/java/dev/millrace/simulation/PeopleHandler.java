package dev.millrace.simulation;

import static dev.millrace.simulation.HandlerMoment.sneak;

import dev.millrace.loaders.EventId;
import dev.millrace.pipeline.Context;
import dev.millrace.pipeline.EventHandler;
import dev.millrace.pipeline.SourceEvent;
import java.util.Random;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The handler of one simulated event: its work, preceded or followed by a habit. */
final class PeopleHandler implements EventHandler {
  /** The purpose of a handler; saves a row of its own with everything that it has read. */
  @FunctionalInterface
  interface Work {
    void run(Context context, EventId id, long seed);
  }

  private final String name;
  private final Work work;
  private final @Nullable HandlerHabit habit;
  private final long seed;
  private final Supplier<SharedHandlerState> state;
  private volatile boolean mended;

  PeopleHandler(
      String name,
      Work work,
      @Nullable HandlerHabit habit,
      long seed,
      Supplier<SharedHandlerState> state) {
    this.name = name;
    this.work = work;
    this.habit = habit;
    this.seed = seed;
    this.state = state;
  }

  @Override
  public String name() {
    return name;
  }

  /** The habit, until it is fixed; null for none. */
  @Nullable HandlerHabit habit() {
    return mended ? null : habit;
  }

  boolean mustFail() {
    HandlerHabit now = habit();
    return now != null && now.allowed() == HandlerHabit.Allowed.FAILURE;
  }

  boolean mayFail() {
    HandlerHabit now = habit();
    return now != null && now.allowed() != HandlerHabit.Allowed.RESULT;
  }

  /** Fixes the handler by removing the habit. */
  void mend() {
    mended = true;
  }

  @Override
  public void handle(SourceEvent event, Context context) throws Exception {
    boolean before = seed % 2 == 0;
    if (before) {
      indulge(event, context);
    }
    work.run(context, event.id(), seed);
    if (!before) {
      indulge(event, context);
    }
  }

  private void indulge(SourceEvent event, Context context) throws Exception {
    HandlerHabit now = habit();
    if (now == null) {
      return;
    }
    try {
      now.deed().act(new HandlerMoment(event.id(), context, new Random(seed), state.get()));
    } catch (Exception | Error thrown) {
      throw thrown;
    } catch (Throwable thrown) {
      throw sneak(thrown);
    }
  }
}
