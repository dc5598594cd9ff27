package dev.millrace.clickhouse;

import java.util.concurrent.atomic.AtomicLong;

/**
 * How many inserts a table remembers, and how many this process has made: an insert whose answer
 * was lost may only be sent again while the table still remembers it. Any thread.
 */
final class DedupWindow {
  private static final int BLOCKS = 10_000;

  /** An insert into a partitioned table leaves a mark per partition. */
  static final int MOST_PARTITIONS = 100;

  private static final int PARTITIONED_BLOCKS = 100_000;

  private final int size;
  private final AtomicLong inserted = new AtomicLong();

  DedupWindow(boolean partitioned) {
    this.size = of(partitioned);
  }

  static int of(boolean partitioned) {
    return partitioned ? PARTITIONED_BLOCKS : BLOCKS;
  }

  /** Before each try: where the count of the table stands. */
  long passed() {
    return inserted.get();
  }

  /** A try may leave this many marks. */
  void add(int blocks) {
    inserted.addAndGet(blocks);
  }

  /** Whether an insert first tried when the count stood there may have been forgotten. */
  boolean hasForgotten(long first) {
    return inserted.get() - first > size / 2;
  }
}
