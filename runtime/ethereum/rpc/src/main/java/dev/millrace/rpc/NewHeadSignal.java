package dev.millrace.rpc;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Waits for news of blocks: a notification where an endpoint sends them, or the end of the polling
 * interval. The interval is the same with notifications, for a subscription may fail silently.
 */
final class NewHeadSignal {
  private final List<Endpoint> endpoints;
  private final Duration poll;
  private final CallRuntime runtime;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  // Guarded by the lock.
  private boolean isFollowing;
  private boolean hasNews;
  private boolean closed;

  NewHeadSignal(List<Endpoint> endpoints, Duration poll, CallRuntime runtime) {
    this.endpoints = endpoints;
    this.poll = poll;
    this.runtime = runtime;
  }

  void await(Duration max) throws InterruptedException {
    follow();
    lock.lockInterruptibly();
    try {
      long left = Math.min(poll.toNanos(), max.toNanos());
      while (left > 0 && !hasNews) {
        if (closed) {
          throw new InterruptedException("endpoints are closed");
        }
        left = runtime.await(changed, left);
      }
      hasNews = false;
    } finally {
      lock.unlock();
    }
  }

  private void follow() {
    lock.lock();
    try {
      if (isFollowing || closed) {
        return;
      }
      isFollowing = true;
    } finally {
      lock.unlock();
    }
    endpoints.forEach(endpoint -> endpoint.transport.subscribeNewHeads(this::signal));
  }

  /** Wakes the waiting threads. Any block is news: a lower one may be of another branch. */
  private void signal(long number) {
    lock.lock();
    try {
      hasNews = true;
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
