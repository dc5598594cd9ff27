package dev.millrace.rpc;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Waits for news of blocks: a notification where an endpoint sends them, the end of the polling
 * interval where none does. With notifications the head is still polled, five times as rarely, for
 * a subscription may fail silently.
 */
final class Heads {
  private static final int RARER = 5;

  private final List<Endpoint> endpoints;
  private final Duration poll;
  private final CallRuntime runtime;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition told = lock.newCondition();

  // Guarded by the lock.
  private boolean isFollowing;
  private boolean hasNews;
  private boolean sendsNews;
  private boolean closed;

  Heads(List<Endpoint> endpoints, Duration poll, CallRuntime runtime) {
    this.endpoints = endpoints;
    this.poll = poll;
    this.runtime = runtime;
  }

  void await(long above, Duration most) throws InterruptedException {
    follow();
    lock.lockInterruptibly();
    try {
      long pause = poll.toNanos() * (sendsNews && above < Long.MAX_VALUE ? RARER : 1);
      long left = Math.min(pause, most.toNanos());
      while (left > 0 && !hasNews) {
        if (closed) {
          throw new InterruptedException("endpoints are closed");
        }
        left = runtime.await(told, left);
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
    endpoints.forEach(endpoint -> endpoint.transport.follow(this::tell));
  }

  /** Wakes the waiting threads. Any block is news: a lower one may be of another branch. */
  private void tell(long number) {
    lock.lock();
    try {
      sendsNews = true;
      hasNews = true;
      told.signalAll();
    } finally {
      lock.unlock();
    }
  }

  void close() {
    lock.lock();
    try {
      closed = true;
      told.signalAll();
    } finally {
      lock.unlock();
    }
  }
}
