package dev.millrace.lane;

import dev.millrace.pipeline.MemoryBudget;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** The batches in transit: their number, their size, and the time spent waiting for them. */
final class Transit {
  /** Causes for execute to wait although there is work. */
  enum Stall {
    /** The depth allows no further batch in transit. */
    DEPTH("commits"),
    /** Memory holds as much as it may. */
    BYTES("room in memory");

    /** The cause as shown to people. */
    final String words;

    Stall(String words) {
      this.words = words;
    }
  }

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final LongSupplier nanos;
  private final MemoryBudget.Share share;
  private final Map<Stall, Long> stalledNanos = new EnumMap<>(Stall.class); // @GuardedBy lock
  private int batches; // @GuardedBy lock
  private long bytes; // @GuardedBy lock
  private boolean abandoned; // @GuardedBy lock
  private @Nullable Stall open; // @GuardedBy lock

  Transit(LongSupplier nanos, MemoryBudget.Share share) {
    this.nanos = nanos;
    this.share = share;
  }

  void add(long batchBytes) {
    lock.lock();
    try {
      batches++;
      bytes += batchBytes;
    } finally {
      lock.unlock();
    }
  }

  void remove(int durableBatches, long durableBytes) {
    lock.lock();
    try {
      batches -= durableBatches;
      bytes -= durableBytes;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  int batches() {
    lock.lock();
    try {
      return batches;
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

  /** Bytes that the lane may hold if it holds this much: in memory, in transit and fetched. */
  long allow(long held) {
    return share.updateUsage(held);
  }

  /** Returns the lane's share of the budget to the other lanes. */
  void releaseBudget() {
    share.close();
  }

  /**
   * Waits until fewer batches than {@code seen} are in transit; false if the lane was abandoned.
   *
   * @throws InterruptedException if the thread was interrupted and the lane was not abandoned: a
   *     batch that finds no room is never left out
   */
  boolean awaitFewer(int seen, Stall cause) throws InterruptedException {
    long begun = nanos.getAsLong();
    lock.lock();
    try {
      open = cause;
      while (batches >= seen && !abandoned) {
        // A bounded wait lets the status show how long it has taken so far.
        changed.awaitNanos(TimeUnit.MILLISECONDS.toNanos(100));
        long now = nanos.getAsLong();
        stalledNanos.merge(cause, now - begun, Long::sum);
        begun = now;
      }
      return !abandoned;
    } catch (InterruptedException interrupted) {
      if (abandoned) {
        return false;
      }
      throw interrupted;
    } finally {
      open = null;
      lock.unlock();
    }
  }

  void abandon() {
    lock.lock();
    try {
      abandoned = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Describes what execute waits for here; empty if it does not wait. */
  String waitingFor() {
    lock.lock();
    try {
      return open == null ? "" : open.words;
    } finally {
      lock.unlock();
    }
  }

  Map<Stall, Long> stalls() {
    lock.lock();
    try {
      return Map.copyOf(stalledNanos);
    } finally {
      lock.unlock();
    }
  }
}
