package dev.millrace.rpc;

import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.LongConsumer;

/**
 * Waits for heads, which endpoints with subscriptions report, and pauses, which no head shortens.
 *
 * <p>A subscription may fail silently, so each wait for a head has a limit. A head ends the waits
 * of all that follow, and a follower that was busy when it came does not wait for the next one. Any
 * thread.
 */
final class NewHeadSignal {
  private final Consumer<LongConsumer> subscription;
  private final CallRuntime runtime;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  // Guarded by the lock.
  private boolean isSubscribed;
  private long heads;
  private boolean closed;

  /**
   * @param subscription passes a listener to the endpoints; called once, before the first wait
   */
  NewHeadSignal(Consumer<LongConsumer> subscription, CallRuntime runtime) {
    this.subscription = subscription;
    this.runtime = runtime;
  }

  /** Position of one caller in the sequence of heads. */
  final class Follower {
    private long seen; // guarded by the lock

    private Follower(long seen) {
      this.seen = seen;
    }

    /**
     * Waits for a head that comes, or came, after those that the last wait has seen, or after this
     * follower began. Any block counts: a lower one may be of another branch.
     *
     * @param max the longest wait
     */
    void await(Duration max) throws InterruptedException {
      subscribe();
      lock.lockInterruptibly();
      try {
        long left = max.toNanos();
        while (left > 0 && seen == heads) {
          left = awaitChange(left);
        }
        seen = heads;
      } finally {
        lock.unlock();
      }
    }
  }

  /** Follows heads from now on. */
  Follower follow() {
    lock.lock();
    try {
      return new Follower(heads);
    } finally {
      lock.unlock();
    }
  }

  /** Waits for a time, however many heads come; {@link #close} ends the wait. */
  void pause(Duration length) throws InterruptedException {
    lock.lockInterruptibly();
    try {
      long left = length.toNanos();
      while (left > 0) {
        left = awaitChange(left);
      }
    } finally {
      lock.unlock();
    }
  }

  // The callers loop, and hold the lock.
  private long awaitChange(long nanos) throws InterruptedException {
    if (closed) {
      throw new InterruptedException("endpoints are closed");
    }
    return runtime.await(changed, nanos);
  }

  private void subscribe() {
    lock.lock();
    try {
      if (isSubscribed || closed) {
        return;
      }
      isSubscribed = true;
    } finally {
      lock.unlock();
    }
    subscription.accept(_ -> signal());
  }

  private void signal() {
    lock.lock();
    try {
      heads++;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  void close() {
    lock.lock();
    try {
      closed = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }
}
