package dev.millrace.pipeline;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A limit of heap for one use, shared by the lanes of a process: that of the pipeline for rows,
 * effect answers, changes in transit and fetched events, those of the sources for what they fetch.
 * A lane may use what the others leave free; an equal part is always its own, however much the
 * others hold. So the limit is exceeded while lanes give back what they held beyond their parts
 * before another one began, and by what each holds at least.
 */
public final class MemoryBudget {
  private final long bytes;
  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private final List<Share> shares = new ArrayList<>();

  public MemoryBudget(long bytes) {
    if (bytes < 0) {
      throw new IllegalArgumentException("budget must not be negative: bytes=" + bytes);
    }
    this.bytes = bytes;
  }

  public long bytes() {
    return bytes;
  }

  /** Adds a lane. */
  public Share register() {
    Share share = new Share();
    lock.lock();
    try {
      shares.add(share);
      return share;
    } finally {
      lock.unlock();
    }
  }

  /** The part of the budget that one lane holds. */
  public final class Share implements AutoCloseable {
    private volatile long usedBytes;

    private Share() {}

    /** Records the bytes that the lane holds and returns the bytes that it may hold. */
    public long updateUsage(long nowHeld) {
      lock.lock();
      try {
        usedBytes = nowHeld;
        long others = 0;
        for (Share share : shares) {
          others += share == this ? 0 : share.usedBytes;
        }
        return Math.max(bytes / Math.max(1, shares.size()), bytes - others);
      } finally {
        lock.unlock();
      }
    }

    @Override
    public void close() {
      lock.lock();
      try {
        shares.remove(this);
      } finally {
        lock.unlock();
      }
    }
  }

  @Override
  public String toString() {
    return Long.toString(bytes);
  }
}
