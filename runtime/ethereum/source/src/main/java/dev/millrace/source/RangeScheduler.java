package dev.millrace.source;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.millrace.pipeline.MemoryBudget;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Ranges of blocks that are fetched concurrently and taken in order.
 *
 * <p>Every block belongs to exactly one range. If a node returns less than it was asked for, the
 * range ends there and the rest becomes a range of its own, which is asked for at once: the reader
 * that waits for the first range waits for nothing that could be put off. Further ranges begin only
 * while those that are ready and those under way fit into the share of the memory of all chains.
 *
 * <p>Any thread: the reader of the feed takes ranges, tasks of the pool deliver them, any thread
 * closes. The lock guards all state, that of each range in flight included.
 */
final class RangeScheduler {
  private static final int MAX_IN_FLIGHT = 48;
  private static final long FIRST_GUESS = 256 << 10;

  private final ExecutorService pool;
  private final Fetch fetch;
  private final MemoryBudget.Share memory;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  @GuardedBy("lock")
  private final TreeMap<Long, InFlightRange> inFlight = new TreeMap<>();

  @GuardedBy("lock")
  private LogQueryPlan plan;

  @GuardedBy("lock")
  private long frontier;

  @GuardedBy("lock")
  private long last;

  @GuardedBy("lock")
  private int underWay;

  @GuardedBy("lock")
  private long readyBytes;

  @GuardedBy("lock")
  private double typicalBytes = FIRST_GUESS;

  @GuardedBy("lock")
  private boolean closed;

  /** Fetches one range, or a first part of it. */
  interface Fetch {
    FetchedRange fetch(LogQueryPlan plan, long from, long to) throws InterruptedException;

    /** Returns the number of blocks to ask for at once now. */
    long span(LogQueryPlan plan, long from);
  }

  private static final class InFlightRange {
    private final long from;
    private final long to;
    private final LogQueryPlan plan;
    private @Nullable FetchedRange fetched;
    private @Nullable RuntimeException failed;

    InFlightRange(long from, long to, LogQueryPlan plan) {
      this.from = from;
      this.to = to;
      this.plan = plan;
    }

    boolean isReady() {
      return fetched != null || failed != null;
    }
  }

  /**
   * Creates an empty sequence before a block; nothing is fetched before {@link #reach} sets the
   * end.
   *
   * @param memory the share for ranges that are fetched and not yet taken; closed with this
   */
  RangeScheduler(
      ExecutorService pool, Fetch fetch, LogQueryPlan plan, long first, MemoryBudget.Share memory) {
    this.pool = pool;
    this.fetch = fetch;
    this.memory = memory;
    this.plan = plan;
    this.frontier = first;
    this.last = first - 1;
  }

  /** Continues from one block through another, once all ranges before have been taken. */
  void reach(long from, long to) {
    lock.lock();
    try {
      if (!inFlight.isEmpty() || from < frontier) {
        throw new IllegalStateException(
            "range is fetched already: from=%d frontier=%d".formatted(from, frontier));
      }
      frontier = from;
      last = to;
      launch();
    } finally {
      lock.unlock();
    }
  }

  /** Drops all ranges, fetched or under way; {@link #reach} begins anew at the same block. */
  void abandon(long next) {
    lock.lock();
    try {
      drop();
      frontier = next;
      last = next - 1;
    } finally {
      lock.unlock();
    }
  }

  /** Sets the plan of ranges that have not begun yet. */
  void follow(LogQueryPlan changed) {
    lock.lock();
    try {
      plan = changed;
    } finally {
      lock.unlock();
    }
  }

  /** True if the next range is ready. */
  boolean isReady() {
    lock.lock();
    try {
      Map.Entry<Long, InFlightRange> first = inFlight.firstEntry();
      return first != null && first.getValue().isReady();
    } finally {
      lock.unlock();
    }
  }

  /** True if everything up to the last block has been taken. */
  boolean isEmpty() {
    lock.lock();
    try {
      return inFlight.isEmpty() && frontier > last;
    } finally {
      lock.unlock();
    }
  }

  /** Takes the next range in order; waits until it is ready. */
  FetchedRange take() throws InterruptedException {
    lock.lockInterruptibly();
    try {
      while (true) {
        launch();
        Map.Entry<Long, InFlightRange> first = inFlight.firstEntry();
        if (first == null || closed) {
          throw new InterruptedException("nothing more is fetched: next=" + frontier);
        }
        InFlightRange flight = first.getValue();
        if (flight.failed != null) {
          throw flight.failed;
        }
        FetchedRange range = flight.fetched;
        if (range != null) {
          inFlight.remove(flight.from);
          readyBytes -= range.bytes();
          launch();
          return range;
        }
        changed.await();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Ends the waits and drops all ranges; no further range begins. */
  void close() {
    lock.lock();
    try {
      closed = true;
      drop();
      memory.close();
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private void drop() {
    inFlight.clear();
    readyBytes = 0;
    long _ = updateUsage();
  }

  @GuardedBy("lock")
  private void launch() {
    while (!closed && frontier <= last && hasRoom()) {
      long span = Math.max(1, fetch.span(plan, frontier));
      long to = Math.min(last, frontier + span - 1);
      launch(new InFlightRange(frontier, to, plan));
      frontier = to + 1;
    }
    long _ = updateUsage();
  }

  /** True if another range may begin. One always may, however much the other chains hold. */
  @GuardedBy("lock")
  private boolean hasRoom() {
    return inFlight.isEmpty()
        || (underWay < MAX_IN_FLIGHT && heldBytes() + typicalBytes <= updateUsage());
  }

  /** The bytes of ranges that are ready and, as far as can be known, of those under way. */
  @GuardedBy("lock")
  private double heldBytes() {
    return readyBytes + underWay * typicalBytes;
  }

  /** Records the bytes that are held and returns those that may be. */
  @GuardedBy("lock")
  private long updateUsage() {
    return memory.updateUsage((long) heldBytes());
  }

  @GuardedBy("lock")
  private void launch(InFlightRange flight) {
    inFlight.put(flight.from, flight);
    underWay++;
    pool.execute(() -> run(flight));
  }

  private void run(InFlightRange flight) {
    FetchedRange range = null;
    RuntimeException failed = null;
    try {
      range = fetch.fetch(flight.plan, flight.from, flight.to);
    } catch (InterruptedException _) {
      return; // the feed is being closed
    } catch (RuntimeException thrown) {
      failed = thrown;
    } catch (Error thrown) {
      failed = new IllegalStateException("range cannot be fetched: from=" + flight.from, thrown);
    }
    lock.lock();
    try {
      underWay--;
      if (inFlight.get(flight.from) != flight) {
        return; // dropped meanwhile
      }
      flight.fetched = range;
      flight.failed = failed;
      if (range != null) {
        readyBytes += range.bytes();
        typicalBytes += (range.bytes() - typicalBytes) / 8;
        if (range.lastBlock() < flight.to && !closed) {
          launch(new InFlightRange(range.lastBlock() + 1, flight.to, plan));
        }
      }
      long _ = updateUsage();
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }
}
