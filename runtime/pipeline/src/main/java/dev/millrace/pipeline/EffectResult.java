package dev.millrace.pipeline;

/**
 * The answer of an effect to one input, as text, and the checkpoint of the block whose run asked
 * first.
 */
public record EffectResult(String effect, String input, String output, long checkpoint) {}
