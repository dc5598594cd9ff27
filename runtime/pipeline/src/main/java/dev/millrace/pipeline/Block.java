package dev.millrace.pipeline;

import dev.millrace.loaders.Bytes32;
import java.time.Instant;

/** A block of a lane, as far as ordering, time and reorgs need it. */
public record Block(long number, Bytes32 hash, Bytes32 parent, Instant timestamp) {}
