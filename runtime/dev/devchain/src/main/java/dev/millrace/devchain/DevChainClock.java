package dev.millrace.devchain;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Drives a chain: a block now and then, and sometimes a reorg. Two lives with one seed do the same
 * things in the same order.
 */
public final class DevChainClock implements AutoCloseable {
  private static final int KEPT_TIPS = 8;

  private final DevChain chain;
  private final ChainBehavior habits;
  private final Consumer<ChainEvent> listener;
  private final DevChainRandom random = new DevChainRandom();
  private final List<DevChainHead> left = new ArrayList<>();
  private final CountDownLatch closed = new CountDownLatch(1);
  private long steps;

  /**
   * Rates of a chain's changes.
   *
   * @param blockTime the time between two blocks
   * @param reorgs the probability of a reorg, per block
   * @param depth the most blocks that a reorg replaces; most replace few
   */
  public record ChainBehavior(Duration blockTime, double reorgs, int depth, long seed) {
    public ChainBehavior {
      if (blockTime.isNegative() || reorgs < 0 || reorgs > 1 || depth < 1) {
        throw new IllegalArgumentException(
            "habits are impossible: blockTime=%s reorgs=%s depth=%d"
                .formatted(blockTime, reorgs, depth));
      }
    }
  }

  /** A change of the chain. */
  public sealed interface ChainEvent {
    /** One more block. */
    record Grown(long head) implements ChainEvent {}

    /**
     * A reorg.
     *
     * @param known true if the chain went back to an earlier branch
     */
    record Forked(long shared, long replaced, long head, boolean known) implements ChainEvent {}
  }

  private DevChainClock(DevChain chain, ChainBehavior habits, Consumer<ChainEvent> listener) {
    this.chain = chain;
    this.habits = habits;
    this.listener = listener;
  }

  /** Creates a life that the caller drives by {@link #step}. */
  public static DevChainClock of(
      DevChain chain, ChainBehavior habits, Consumer<ChainEvent> listener) {
    return new DevChainClock(chain, habits, listener);
  }

  /** Starts a life that runs until it is closed. */
  public static DevChainClock start(
      DevChain chain, ChainBehavior habits, Consumer<ChainEvent> listener) {
    DevChainClock life = new DevChainClock(chain, habits, listener);
    Thread.ofVirtual().name("devchain-life").start(life::live);
    return life;
  }

  private void live() {
    try {
      while (!closed.await(habits.blockTime().toNanos(), TimeUnit.NANOSECONDS)) {
        step();
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  /** Makes the next change. */
  public void step() {
    random.at(habits.seed(), 70, steps++);
    DevChainHead before = chain.tip();
    long max = Math.min(habits.depth(), before.head() - chain.finalized());
    boolean forks = (random.next() >>> 11) * 0x1p-53 < habits.reorgs();
    if (!forks || max < 1) {
      chain.advance(1);
      listener.accept(new ChainEvent.Grown(chain.head()));
      return;
    }
    boolean known = (random.next() & 3) == 0 && goBack(before);
    if (!known) {
      long depth = depth(max);
      chain.fork(depth, Math.max(1, depth - 1 + random.below(3)));
    }
    left.add(before);
    if (left.size() > KEPT_TIPS) {
      left.removeFirst();
    }
    long shared = before.shared(chain.tip());
    listener.accept(new ChainEvent.Forked(shared, before.head() - shared, chain.head(), known));
  }

  /**
   * Draws a depth. Each is half as likely as half of it: most reorgs are short, some are as deep as
   * can be.
   */
  private long depth(long max) {
    long depth = 1;
    while (depth < max && (random.next() & 1) == 0) {
      depth *= 2;
    }
    return Math.min(max, depth / 2 + 1 + random.below((int) Math.max(1, depth / 2)));
  }

  private boolean goBack(DevChainHead now) {
    for (DevChainHead earlier : left.reversed()) {
      long shared = now.shared(earlier);
      boolean other = shared < now.head() && shared < earlier.head();
      if (other && now.head() - shared <= habits.depth() && shared >= chain.finalized()) {
        left.remove(earlier);
        chain.backTo(new DevChainHead(earlier.branch(), Math.max(earlier.head(), now.head())));
        return true;
      }
    }
    return false;
  }

  @Override
  public void close() {
    closed.countDown();
  }
}
