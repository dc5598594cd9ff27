package dev.millrace.pipeline;

import dev.millrace.loaders.ColumnTextCodec;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import java.time.Duration;

/**
 * A call to an outside service that handlers may make: memoised per input, made once for preload
 * and run.
 *
 * <p>Inputs and outputs are values of column types. An effect that depends on a block takes the
 * block's hash as part of its input.
 *
 * <p>Within a batch one input has one answer. After the batch, an answer of an effect that is not
 * {@link #persisted} is kept while there is room in memory; it is asked for again after it was
 * evicted, after a rewind and after a restart, so it must follow from the input alone. An effect
 * whose answers change with time must be persisted: the first answer that becomes durable is then
 * the answer for good.
 *
 * <p>Make an effect once and keep it in a constant. An effect is identified by its name and its
 * types: a second effect of the same name is refused within a process. Persisted answers of earlier
 * code are reused if name and types are the same, so an effect whose answers change meaning needs a
 * new name.
 *
 * <p>If a call throws an {@link java.io.IOException}, a {@link
 * java.util.concurrent.TimeoutException} or a {@link MillraceException} with remedy {@code RETRY},
 * the service counts as unavailable. The call is retried with a growing pause for as long as {@link
 * #patience} allows; meanwhile the lane waits and its status reports it. After that, or if a call
 * gives no answer in that time, the process ends with remedy {@code RESTART}. Any other exception
 * counts as an error in the effect's code and fails the event.
 */
public final class Effect<I, O> {
  static final Duration DEFAULT_PATIENCE = Duration.ofMinutes(10);

  /** Far beyond any outage, and far below what overflows a clock of nanoseconds. */
  private static final Duration MAX_PATIENCE = Duration.ofDays(365);

  private static final String RESERVED = "millrace.";

  private final String name;
  private final Types<I, O> types;
  private final Call<I, O> call;
  private final Settings settings;

  /** The code of an effect. */
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
   * The options of an effect.
   *
   * @param place the line of code that made the effect
   */
  private record Settings(boolean persisted, Duration patience, String place) {}

  private final ColumnTextCodec<I> input;
  private final ColumnTextCodec<O> output;

  private Effect(String name, Types<I, O> types, Call<I, O> call, Settings settings) {
    this.name = name;
    this.types = types;
    this.call = call;
    this.settings = settings;
    this.input = ColumnTextCodec.of(types.input);
    this.output = ColumnTextCodec.of(types.output);
  }

  /** Makes an effect whose answers are kept in memory while there is room. */
  public static <I, O> Effect<I, O> of(
      String name, Class<I> input, Class<O> output, Call<I, O> call) {
    if (name.startsWith(RESERVED)) {
      throw new MillraceException(
          Remedy.FIX_SETUP,
          "effect names that begin with \"%s\" are reserved: name=%s".formatted(RESERVED, name));
    }
    return new Effect<>(name, new Types<>(input, output), call, settings());
  }

  /** Makes an effect of Millrace itself, under the prefix that {@link #of} refuses. */
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

  /** Returns this effect with answers stored by the commit of the first block that asked. */
  public Effect<I, O> persisted() {
    return new Effect<>(name, types, call, new Settings(true, settings.patience, settings.place));
  }

  /**
   * Returns this effect with another patience, at most a year: the time to wait for a call that has
   * begun, or to retry it. The default is ten minutes.
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

  public Duration patience() {
    return settings.patience;
  }

  /** The name and types under which persisted answers are stored. */
  public String identity() {
    return name + types;
  }

  /**
   * Refuses another effect of this name: the two would take each other's answers.
   *
   * @throws MillraceException with remedy {@code FIX_HANDLER}, whose message names the code lines
   *     of both
   */
  public void requireSame(Effect<?, ?> first) {
    // Reserved effects are made again for each feed, over the same chain.
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

  /** Calls the service, bypassing every cache. */
  public O answer(I value) throws Exception {
    return call.answer(value);
  }

  public String inputText(I value) {
    try {
      return input.text(value);
    } catch (IllegalArgumentException wrong) {
      throw new MillraceException(
          Remedy.FIX_HANDLER,
          "input is refused: effect=%s reason=\"%s\"".formatted(name, wrong.getMessage()),
          wrong);
    }
  }

  public String outputText(O value) {
    try {
      return output.text(value);
    } catch (IllegalArgumentException wrong) {
      throw new MillraceException(
          Remedy.FIX_HANDLER,
          "answer is refused: effect=%s reason=\"%s\"".formatted(name, wrong.getMessage()),
          wrong);
    }
  }

  public O output(String text) {
    return output.value(text);
  }
}
