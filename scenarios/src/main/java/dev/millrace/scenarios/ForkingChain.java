package dev.millrace.scenarios;

import dev.millrace.devchain.DevChain;
import dev.millrace.devchain.DevChainHead;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;

/** A dev chain that grows, forks and goes back to earlier branches. Confined to one thread. */
final class ForkingChain {
  private static final int MAX_DEPTH = 40;
  private static final int KEPT_TIPS = 6;

  private final DevChain chain;
  private final Random random;
  private final List<DevChainHead> left = new ArrayList<>();
  private int forked;
  private int returned;

  ForkingChain(DevChain chain, Random random) {
    this.chain = chain;
    this.random = random;
  }

  int forked() {
    return forked;
  }

  int returned() {
    return returned;
  }

  /** Grows a little and forks; one fork in three is followed at once by another, up to a limit. */
  void move(int limit) {
    chain.advance(random.nextInt(4));
    do {
      DevChainHead before = chain.tip();
      long max = Math.min(MAX_DEPTH, before.head() - chain.finalized());
      if (random.nextInt(4) != 0 || !goBack(before, max)) {
        long depth = max <= 0 ? 0 : 1 + random.nextLong(max);
        chain.fork(depth, Math.max(1, depth - 2 + random.nextInt(5)));
      }
      left.addFirst(before);
      if (left.size() > KEPT_TIPS) {
        left.removeLast();
      }
      forked++;
      LockSupport.parkNanos(random.nextInt(60) * 1_000_000L);
    } while (random.nextInt(3) == 0 && forked < limit);
  }

  /** Goes back to an earlier branch, if one is near enough. */
  private boolean goBack(DevChainHead now, long max) {
    for (DevChainHead earlier : left) {
      long shared = now.shared(earlier);
      if (shared < now.head() && shared < earlier.head() && now.head() - shared <= max) {
        chain.backTo(new DevChainHead(earlier.branch(), Math.max(earlier.head(), now.head() - 2)));
        returned++;
        return true;
      }
    }
    return false;
  }
}
