package dev.millrace.benchmarks;

import java.util.concurrent.locks.LockSupport;

/** A way for a stage to spend a given time. Both ways end at a deadline of the wall clock. */
enum TimedStagePause {
  /** Like a handler that computes: the thread is busy until the deadline. */
  BURN {
    @Override
    void until(long deadline) {
      while (System.nanoTime() - deadline < 0) {
        Thread.onSpinWait();
      }
    }
  },
  /** Like a commit that waits for a disk: the thread parks until the deadline. */
  PARK {
    @Override
    void until(long deadline) {
      long left = deadline - System.nanoTime();
      while (left > 0 && !Thread.currentThread().isInterrupted()) {
        LockSupport.parkNanos(left);
        left = deadline - System.nanoTime();
      }
    }
  };

  abstract void until(long deadline);

  void take(long nanos) {
    if (nanos > 0) {
      until(System.nanoTime() + nanos);
    }
  }
}
