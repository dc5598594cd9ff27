package dev.millrace.jobs;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** Wakes the one thread that claims runs. A ring is kept until the thread waits. */
final class WakeUpBell {
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition rung = lock.newCondition();

  @GuardedBy("lock")
  private boolean ringing;

  void ring() {
    lock.lock();
    try {
      ringing = true;
      rung.signal();
    } finally {
      lock.unlock();
    }
  }

  /** Waits for a ring; false after the time. */
  boolean await(Duration time) throws InterruptedException {
    long left = time.toNanos();
    lock.lockInterruptibly();
    try {
      while (!ringing && left > 0) {
        left = rung.awaitNanos(left);
      }
      boolean wasRung = ringing;
      ringing = false;
      return wasRung;
    } finally {
      lock.unlock();
    }
  }
}
