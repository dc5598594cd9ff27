package dev.millrace.source;

import dev.millrace.pipeline.MemoryBudget;

/**
 * Heap that the sources of a process may use: one limit per use for all chains together, since ten
 * chains must not take ten times as much. Replies in flight have a limit of their own, {@link
 * dev.millrace.jsonrpc.InFlightByteBudget}.
 *
 * @param ranges logs and headers of ranges that are fetched and not yet taken
 * @param recent headers and transactions that handlers may read
 */
record SourceMemory(MemoryBudget ranges, MemoryBudget recent) {
  /** Some two batches of a busy chain and their heads. */
  private static final long RANGES = 64L << 20;

  private static final long RECENT = 32L << 20;

  /** The memory that all chains of this process share. */
  static final SourceMemory PROCESS = create();

  /** Returns the limits of one process. */
  static SourceMemory create() {
    return new SourceMemory(new MemoryBudget(RANGES), new MemoryBudget(RECENT));
  }
}
