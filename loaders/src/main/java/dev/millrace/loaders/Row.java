package dev.millrace.loaders;

import org.jspecify.annotations.Nullable;

/**
 * One id in memory: its row, or the knowledge that there is none. Confined to the execute thread.
 */
final class Row<E> {
  /**
   * Object header and fields of a row, a node of the hash table and its share of the bucket array
   * and clock.
   */
  static final int FIXED_BYTES = 40 + 32 + 8 + 6;

  final Object id;
  @Nullable E value;

  /** The checkpoint that wrote it; 0 when it was read from the database. */
  long checkpoint;

  /** Where its change stands in the batch that wrote it last. */
  int change;

  /** Its place in the eviction clock. */
  int slot;

  int bytes;
  boolean used;

  Row(Object id) {
    this.id = id;
  }
}
