package dev.millrace.source;

import com.google.errorprone.annotations.concurrent.GuardedBy;
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
 * while those that are ready and those under way fit into the room for bytes.
 */
final class Ranges {
  /** Limit of bytes fetched and not yet taken: some two batches of a busy chain and their heads. */
  static final long ROOM = 64L << 20;

  private static final int MOST_UNDER_WAY = 48;
  private static final long FIRST_GUESS = 256 << 10;

  private final ExecutorService pool;
  private final Fetch fetch;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  @GuardedBy("lock")
  private final TreeMap<Long, Flight> flights = new TreeMap<>();

  @GuardedBy("lock")
  private Plan plan;

  @GuardedBy("lock")
  private long frontier;

  @GuardedBy("lock")
  private long last;

  @GuardedBy("lock")
  private int underWay;

  @GuardedBy("lock")
  private long readyBytes;

  @GuardedBy("lock")
  private double usualBytes = FIRST_GUESS;

  @GuardedBy("lock")
  private boolean closed;

  /** Fetches one range, or a first part of it. */
  interface Fetch {
    Stretch fetch(Plan plan, long from, long to) throws InterruptedException;

    /** Returns the number of blocks to ask for at once now. */
    long span(Plan plan, long from);
  }

  private static final class Flight {
    private final long from;
    private final long to;
    private final Plan plan;
    private @Nullable Stretch stretch;
    private @Nullable RuntimeException failed;

    Flight(long from, long to, Plan plan) {
      this.from = from;
      this.to = to;
      this.plan = plan;
    }

    boolean isReady() {
      return stretch != null || failed != null;
    }
  }

  /**
   * Creates an empty sequence before a block; nothing is fetched before {@link #reach} sets the
   * end.
   */
  Ranges(ExecutorService pool, Fetch fetch, Plan plan, long first) {
    this.pool = pool;
    this.fetch = fetch;
    this.plan = plan;
    this.frontier = first;
    this.last = first - 1;
  }

  /** Continues from one block through another, once all ranges before have been taken. */
  void reach(long from, long to) {
    lock.lock();
    try {
      if (!flights.isEmpty() || from < frontier) {
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
      flights.clear();
      readyBytes = 0;
      frontier = next;
      last = next - 1;
    } finally {
      lock.unlock();
    }
  }

  /** Sets the plan of ranges that have not begun yet. */
  void follow(Plan changed) {
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
      Map.Entry<Long, Flight> first = flights.firstEntry();
      return first != null && first.getValue().isReady();
    } finally {
      lock.unlock();
    }
  }

  /** True if everything up to the last block has been taken. */
  boolean isEmpty() {
    lock.lock();
    try {
      return flights.isEmpty() && frontier > last;
    } finally {
      lock.unlock();
    }
  }

  /** Takes the next range in order; waits until it is ready. */
  Stretch take() throws InterruptedException {
    lock.lockInterruptibly();
    try {
      while (true) {
        launch();
        Map.Entry<Long, Flight> first = flights.firstEntry();
        if (first == null || closed) {
          throw new InterruptedException("nothing more is fetched: next=" + frontier);
        }
        Flight flight = first.getValue();
        if (flight.failed != null) {
          throw flight.failed;
        }
        Stretch stretch = flight.stretch;
        if (stretch != null) {
          flights.remove(flight.from);
          readyBytes -= stretch.bytes();
          launch();
          return stretch;
        }
        changed.await();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Ends the waits; no further range begins. */
  void close() {
    lock.lock();
    try {
      closed = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private void launch() {
    while (!closed && frontier <= last && hasRoom()) {
      long span = Math.max(1, fetch.span(plan, frontier));
      long to = Math.min(last, frontier + span - 1);
      launch(new Flight(frontier, to, plan));
      frontier = to + 1;
    }
  }

  @GuardedBy("lock")
  private boolean hasRoom() {
    return flights.isEmpty()
        || (underWay < MOST_UNDER_WAY && readyBytes + (underWay + 1) * usualBytes <= ROOM);
  }

  @GuardedBy("lock")
  private void launch(Flight flight) {
    flights.put(flight.from, flight);
    underWay++;
    pool.execute(() -> run(flight));
  }

  private void run(Flight flight) {
    Stretch stretch = null;
    RuntimeException failed = null;
    try {
      stretch = fetch.fetch(flight.plan, flight.from, flight.to);
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
      if (flights.get(flight.from) != flight) {
        return; // dropped meanwhile
      }
      flight.stretch = stretch;
      flight.failed = failed;
      if (stretch != null) {
        readyBytes += stretch.bytes();
        usualBytes += (stretch.bytes() - usualBytes) / 8;
        if (stretch.reached() < flight.to && !closed) {
          launch(new Flight(stretch.reached() + 1, flight.to, plan));
        }
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }
}
