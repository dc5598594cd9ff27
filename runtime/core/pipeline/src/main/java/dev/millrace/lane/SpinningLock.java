package dev.millrace.lane;

import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A lock that is held for microseconds, and for which no thread parks. Handlers and effects may
 * keep every carrier of virtual threads; a virtual thread at the head of the queue of a lock would
 * then keep the lock from the execute thread for as long. The execute thread alone waits for
 * signals.
 */
final class SpinningLock {
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  void lock() {
    while (!lock.tryLock()) {
      Thread.onSpinWait();
    }
  }

  void unlock() {
    lock.unlock();
  }

  /** Wakes the execute thread. The caller holds the lock. */
  void signal() {
    changed.signal();
  }

  /**
   * Waits for a signal; returns the time that is left. The execute thread, which holds the lock.
   */
  @SuppressWarnings("WaitNotInLoop") // the caller loops
  long awaitNanos(long nanos) throws InterruptedException {
    return changed.awaitNanos(nanos);
  }
}
