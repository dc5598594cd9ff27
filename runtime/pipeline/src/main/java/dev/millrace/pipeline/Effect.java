package dev.millrace.pipeline;

import dev.millrace.loaders.ColumnCodec;

/**
 * A call to the outside that handlers may make: memoised per input, run once for both passes.
 *
 * <p>Inputs and outputs are values of column types. An effect that depends on a block takes the
 * block's hash as part of its input.
 */
public final class Effect<I, O> {
  private final String name;
  private final ColumnCodec<I> input;
  private final ColumnCodec<O> output;
  private final Call<I, O> call;
  private final boolean persisted;

  /** What an effect does. */
  @FunctionalInterface
  public interface Call<I, O> {
    O answer(I input) throws Exception;
  }

  private Effect(
      String name,
      ColumnCodec<I> input,
      ColumnCodec<O> output,
      Call<I, O> call,
      boolean persisted) {
    this.name = name;
    this.input = input;
    this.output = output;
    this.call = call;
    this.persisted = persisted;
  }

  /** An effect whose answers live as long as the process. */
  public static <I, O> Effect<I, O> of(
      String name, Class<I> input, Class<O> output, Call<I, O> call) {
    return new Effect<>(name, ColumnCodec.of(input), ColumnCodec.of(output), call, false);
  }

  /** The same, with answers kept in the database by the commit of the first block that asked. */
  public Effect<I, O> persisted() {
    return new Effect<>(name, input, output, call, true);
  }

  public String name() {
    return name;
  }

  public boolean isPersisted() {
    return persisted;
  }

  /** Asks the outside, past every memo. */
  public O answer(I value) throws Exception {
    return call.answer(value);
  }

  String inputText(I value) {
    return input.text(value);
  }

  String outputText(O value) {
    return output.text(value);
  }

  O output(String text) {
    return output.value(text);
  }
}
