package dev.millrace.pipeline;

import dev.millrace.loaders.ColumnCodec;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import java.time.Duration;
import java.util.concurrent.Semaphore;

/**
 * A call to the outside that handlers may make: memoised per input, run once for both passes.
 *
 * <p>Inputs and outputs are values of column types. An effect that depends on a block takes the
 * block's hash as part of its input.
 *
 * <p>Within a batch one input has one answer. Beyond it, an answer of an effect that is not {@link
 * #persisted} is kept while there is room in memory, and asked for again after that, after a rewind
 * and after a restart: what such an effect answers must follow from its input alone. One whose
 * answers change with time has to be persisted: its first answer that became durable is the answer
 * from then on.
 *
 * <p>An effect is made once and kept in a constant. It is known by its name and its types: a second
 * one of the same name is refused, in one process; persisted answers of earlier code are taken for
 * its own if name and types are the same, so an effect that begins to answer otherwise takes
 * another name.
 *
 * <p>A call that throws an {@link java.io.IOException}, a {@link
 * java.util.concurrent.TimeoutException} or a {@link MillraceException} with remedy {@code RETRY}
 * has met a service that is away. It is made again, with a growing pause, for as long as {@link
 * #patience} says; meanwhile the lane waits and its status says so. After that the process ends
 * with remedy {@code RESTART}. So it does when a call has not answered in that time. Everything
 * else that a call throws is an error of its author's, and fails the event.
 */
public final class Effect<I, O> {
  static final Duration DEFAULT_PATIENCE = Duration.ofMinutes(10);

  /** Far beyond any outage, and far below what overflows a clock of nanoseconds. */
  private static final Duration MAX_PATIENCE = Duration.ofDays(365);

  /** Calls at a time: a preload asks for a whole batch at once, and sockets are few. */
  private static final int MAX_CALLS = 64;

  private static final String RESERVED = "millrace.";

  private final String name;
  private final Types<I, O> types;
  private final Call<I, O> call;
  private final Settings settings;
  private final Semaphore calls = new Semaphore(MAX_CALLS, true);

  /** What an effect does. */
  @FunctionalInterface
  public interface Call<I, O> {
    O answer(I input) throws Exception;
  }

  private record Types<I, O>(Class<I> input, Class<O> output) {
    @Override
    public String toString() {
      return "(%s)%s".formatted(input.getSimpleName(), output.getSimpleName());
    }
  }

  /**
   * The author's choices.
   *
   * @param place the line of code that made the effect
   */
  private record Settings(boolean persisted, Duration patience, String place) {}

  private final ColumnCodec<I> input;
  private final ColumnCodec<O> output;

  private Effect(String name, Types<I, O> types, Call<I, O> call, Settings settings) {
    this.name = name;
    this.types = types;
    this.call = call;
    this.settings = settings;
    this.input = ColumnCodec.of(types.input);
    this.output = ColumnCodec.of(types.output);
  }

  /** Makes an effect whose answers are kept in memory, while there is room. */
  public static <I, O> Effect<I, O> of(
      String name, Class<I> input, Class<O> output, Call<I, O> call) {
    if (name.startsWith(RESERVED)) {
      throw new MillraceException(
          Remedy.FIX_SETUP,
          "effect names that begin with \"%s\" are reserved: name=%s".formatted(RESERVED, name));
    }
    return new Effect<>(name, new Types<>(input, output), call, settings());
  }

  /** Makes an effect of Millrace's own, under the prefix that {@link #of} refuses. */
  public static <I, O> Effect<I, O> reserved(
      String name, Class<I> input, Class<O> output, Call<I, O> call) {
    return new Effect<>(RESERVED + name, new Types<>(input, output), call, settings());
  }

  private static Settings settings() {
    String place =
        StackWalker.getInstance()
            .walk(frames ->
                frames
                    .filter(frame -> !frame.getClassName().equals(Effect.class.getName()))
                    .findFirst()
                    .map(frame -> frame.getFileName() + ":" + frame.getLineNumber())
                    .orElse("?"));
    return new Settings(false, DEFAULT_PATIENCE, place);
  }

  /** The same, with answers kept in the database by the commit of the first block that asked. */
  public Effect<I, O> persisted() {
    return new Effect<>(name, types, call, new Settings(true, settings.patience, settings.place));
  }

  /**
   * The same, with calls that are waited for, or made again, for this long, a year at the most;
   * else ten minutes.
   */
  public Effect<I, O> patience(Duration patience) {
    if (patience.isNegative() || patience.isZero()) {
      throw new MillraceException(
          Remedy.FIX_SETUP,
          "patience must be positive: effect=%s patience=%s".formatted(name, patience));
    }
    return new Effect<>(
        name,
        types,
        call,
        new Settings(
            settings.persisted,
            patience.compareTo(MAX_PATIENCE) > 0 ? MAX_PATIENCE : patience,
            settings.place));
  }

  public String name() {
    return name;
  }

  public boolean isPersisted() {
    return settings.persisted;
  }

  Duration patience() {
    return settings.patience;
  }

  /** The name and types that persisted answers are found by. */
  public String identity() {
    return name + types;
  }

  /**
   * Refuses another effect of this name: each would take the other's answers.
   *
   * @throws MillraceException with remedy {@code FIX_HANDLER}, which says where both were made
   */
  public void requireSame(Effect<?, ?> first) {
    // The reserved ones are made anew with each feed, over the same chain.
    boolean same =
        (name.startsWith(RESERVED) || call.equals(first.call))
            && types.equals(first.types)
            && settings.persisted == first.settings.persisted;
    if (!same) {
      throw new MillraceException(
          Remedy.FIX_HANDLER,
          "two effects have one name: effect=%s first=%s%s second=%s%s; an effect is made once and kept in a constant"
              .formatted(name, first.settings.place, first.types, settings.place, types));
    }
  }

  /** Asks the outside, past every memo; waits while too many calls of this effect go on. */
  public O answer(I value) throws Exception {
    calls.acquire();
    try {
      return call.answer(value);
    } finally {
      calls.release();
    }
  }

  String inputText(I value) {
    try {
      return input.text(value);
    } catch (IllegalArgumentException wrong) {
      throw new MillraceException(
          Remedy.FIX_HANDLER,
          "input is refused: effect=%s reason=\"%s\"".formatted(name, wrong.getMessage()),
          wrong);
    }
  }

  String outputText(O value) {
    try {
      return output.text(value);
    } catch (IllegalArgumentException wrong) {
      throw new MillraceException(
          Remedy.FIX_HANDLER,
          "answer is refused: effect=%s reason=\"%s\"".formatted(name, wrong.getMessage()),
          wrong);
    }
  }

  O output(String text) {
    return output.value(text);
  }
}
