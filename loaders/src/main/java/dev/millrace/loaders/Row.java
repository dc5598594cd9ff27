package dev.millrace.loaders;

import org.jspecify.annotations.Nullable;

/**
 * One id in memory: its row, or the knowledge that there is none. Confined to the execute thread.
 */
final class Row<E> {
  /** Header and fields, two to four slots of the table, and a place in the eviction clock. */
  static final int FIXED_BYTES = 48 + 12 + 6;

  final Object id;
  final int hash;
  @Nullable E value;

  /** The checkpoint that wrote it; 0 when it was read from the database. */
  long checkpoint;

  /** Where its change stands in the batch that wrote it last. */
  int change;

  /** Its place in the eviction clock. */
  int slot;

  int bytes;
  boolean used;

  Row(Object id, int hash) {
    this.id = id;
    this.hash = hash;
  }
}
