package dev.millrace.jsonrpc;

import java.io.InterruptedIOException;
import java.util.Comparator;
import java.util.TreeSet;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Budget of reply bytes in flight, shared by all holders of the instance. Bytes are charged as they
 * arrive, so that a node that keeps silent holds none, and a reply of any size is bounded without
 * an estimate of it.
 *
 * <p>A reply without room waits, the oldest first: it holds most already and frees it soonest. One
 * reply of each {@link Share} goes on without room, for replies that all wait for each other would
 * never end, and no chain may wait for the node of another. So the bytes in flight are at most the
 * budget and one reply of each share. The first bytes of a reply count nothing, {@link
 * StreamByteWindow#FREE}, so that a small one never waits behind a large one.
 */
public final class InFlightByteBudget {
  private final long limit;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  // All of these are guarded by the lock.
  private final TreeSet<Charge> waiting =
      new TreeSet<>(Comparator.comparingLong(charge -> charge.number));
  private long used;
  private long charges;

  public InFlightByteBudget(long bytes) {
    limit = bytes;
  }

  /** Returns a new share of the budget. */
  public Share share() {
    return new Share();
  }

  /** Returns the bytes in flight. */
  public long used() {
    lock.lock();
    try {
      return used;
    } finally {
      lock.unlock();
    }
  }

  /** The replies of one chain, or those of them that come from one endpoint. */
  public final class Share {
    /** The share of the whole chain: this one, unless it is that of an endpoint. */
    private final Share chain;

    /** The reply of the chain that goes on without room; guarded by the lock. */
    private @Nullable Charge overdrawn;

    private Share() {
      chain = this;
    }

    private Share(Share chain) {
      this.chain = chain;
    }

    /** Returns a share for the replies of one endpoint, which count as those of the chain. */
    public Share ofEndpoint() {
      return new Share(chain);
    }

    /** Begins a reply, of no bytes so far. */
    Charge begin() {
      lock.lock();
      try {
        return new Charge(this, charges++);
      } finally {
        lock.unlock();
      }
    }

    /** Returns the number of replies that wait for room. */
    public long waiting() {
      lock.lock();
      try {
        return waiting.stream().filter(charge -> charge.isOf(this)).count();
      } finally {
        lock.unlock();
      }
    }
  }

  /** The bytes of one reply. Confined to one thread at a time. */
  final class Charge implements AutoCloseable {
    private final Share share;
    private final long number;
    private long bytes;

    private Charge(Share share, long number) {
      this.share = share;
      this.number = number;
    }

    /** Adds bytes if there is room for them now. */
    boolean tryAdd(long more) {
      lock.lock();
      try {
        return isAdded(more);
      } finally {
        lock.unlock();
      }
    }

    /** Adds bytes, and waits for room if there is none. */
    void add(long more) throws InterruptedIOException {
      lock.lock();
      try {
        waiting.add(this);
        while (!isAdded(more)) {
          changed.await();
        }
      } catch (InterruptedException _) {
        Thread.currentThread().interrupt();
        throw new InterruptedIOException("interrupted while waiting for room for a reply");
      } finally {
        waiting.remove(this);
        changed.signalAll();
        lock.unlock();
      }
    }

    private boolean isAdded(long more) {
      boolean fits = used <= limit - more && isFirst(waiting.isEmpty() ? this : waiting.first());
      Share chain = share.chain;
      if (!fits && chain.overdrawn == null && isFirst(firstOfChain())) {
        chain.overdrawn = this;
      }
      if (!fits && chain.overdrawn != this) {
        return false;
      }
      used += more;
      bytes += more;
      return true;
    }

    private boolean isFirst(Charge other) {
      return number <= other.number;
    }

    private Charge firstOfChain() {
      return waiting.stream().filter(charge -> charge.isOf(share.chain)).findFirst().orElse(this);
    }

    private boolean isOf(Share other) {
      return share == other || share.chain == other;
    }

    /** Gives the bytes back. */
    @Override
    public void close() {
      lock.lock();
      try {
        used -= bytes;
        bytes = 0;
        if (share.chain.overdrawn == this) {
          share.chain.overdrawn = null;
        }
        changed.signalAll();
      } finally {
        lock.unlock();
      }
    }
  }
}
