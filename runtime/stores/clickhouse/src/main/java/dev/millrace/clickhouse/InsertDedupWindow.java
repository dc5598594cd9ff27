package dev.millrace.clickhouse;

import java.util.concurrent.atomic.AtomicLong;

/**
 * Counts the inserts of this process against those that a table remembers: an insert whose answer
 * was lost may only be sent again while the table still remembers it. Any thread.
 */
final class InsertDedupWindow {
  private static final int BLOCKS = 10_000;

  /** An insert into a partitioned table leaves a mark per partition. */
  static final int MAX_PARTITIONS = 100;

  private static final int PARTITIONED_BLOCKS = 100_000;

  private final int size;
  private final AtomicLong inserted = new AtomicLong();

  InsertDedupWindow(boolean partitioned) {
    this.size = of(partitioned);
  }

  static int of(boolean partitioned) {
    return partitioned ? PARTITIONED_BLOCKS : BLOCKS;
  }

  /** Returns the current count of marks; read before each attempt. */
  long position() {
    return inserted.get();
  }

  /** Counts the marks that an attempt may leave. */
  void add(int blocks) {
    inserted.addAndGet(blocks);
  }

  /** True if an insert first tried at count {@code first} may have been forgotten. */
  boolean hasForgotten(long first) {
    return inserted.get() - first > size / 2;
  }
}
