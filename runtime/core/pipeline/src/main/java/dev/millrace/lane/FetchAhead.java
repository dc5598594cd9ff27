package dev.millrace.lane;

import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** The batches that are fetched and have not run: their number and the heap of their events. */
final class FetchAhead {
  /** Limit on batches, at any depth. */
  private static final int MAX_BATCHES = 8;

  /** One batch is fetched while another runs, however large they are. */
  private static final int MIN_BATCHES = 2;

  /** The fraction (1/n) of the memory of all lanes at which no further batch is fetched. */
  private static final int SHARE = 8;

  private final long maxBytes;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition removed = lock.newCondition();
  private int batches; // @GuardedBy lock
  private long bytes; // @GuardedBy lock

  FetchAhead(LaneSettings settings) {
    this.maxBytes = settings.stagedBytes() / SHARE;
  }

  /** Waits for the place of one more batch, and takes it. */
  void acquire() throws InterruptedException {
    lock.lockInterruptibly();
    try {
      while (batches >= MAX_BATCHES || (batches >= MIN_BATCHES && bytes >= maxBytes)) {
        removed.await();
      }
      batches++;
    } finally {
      lock.unlock();
    }
  }

  /** Adds the events of a batch whose place was acquired. */
  void add(long fetchedBytes) {
    lock.lock();
    try {
      bytes += fetchedBytes;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Releases the place of a batch that has run, or of a step of the source that delivered no batch.
   */
  void release(long fetchedBytes) {
    lock.lock();
    try {
      batches--;
      bytes -= fetchedBytes;
      removed.signal();
    } finally {
      lock.unlock();
    }
  }

  long bytes() {
    lock.lock();
    try {
      return bytes;
    } finally {
      lock.unlock();
    }
  }
}
