package dev.millrace.pipeline;

import dev.millrace.loaders.ColumnType;

/**
 * The answer of an effect to one input, as text, with the identity of the effect and the checkpoint
 * of the block that asked first.
 */
public record EffectResult(String effect, String input, String output, long checkpoint) {
  private static final long FIXED_BYTES = 40;

  /** Heap that the result takes until it is durable. */
  public long bytes() {
    return FIXED_BYTES + ColumnType.Scalar.TEXT.bytes(output);
  }
}
