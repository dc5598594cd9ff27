package dev.millrace.staging;

import org.jspecify.annotations.Nullable;

/**
 * An id in memory: its row, or the knowledge that there is none. Confined to the execute thread.
 */
final class StagedRow<E> {
  /** Header and fields, two to four slots of the table, and a place in the eviction clock. */
  static final int FIXED_BYTES = 48 + 12 + 6;

  final Object id;
  final int hash;
  @Nullable E value;

  /** The checkpoint that wrote the row; 0 if it was read from the database. */
  long checkpoint;

  /** Index of the row's change in the batch that wrote it last. */
  int change;

  /** Index in the eviction clock. */
  int clockIndex;

  int bytes;
  boolean used;

  StagedRow(Object id, int hash) {
    this.id = id;
    this.hash = hash;
  }
}
