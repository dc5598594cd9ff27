package dev.millrace.devchain;

import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What happens in the blocks of a dev chain: transfers first, then names, then pools. Used by one
 * thread.
 *
 * <p>A fork tells much of what the trunk tells. Two neighbouring blocks may have exchanged their
 * transfers, some transactions are missing, some say something else and go by another hash.
 */
final class BlockStory {
  static final int TRANSFERS = 1;
  static final int NAMES = 2;
  static final int POOLS = 4;
  static final int ALL = TRANSFERS | NAMES | POOLS;

  private final DevChainTransfers transfers;
  private final DevChainNames names;
  private final DevChainPools pools;
  private final Told told = new Told();

  BlockStory(DevChainSettings settings) {
    transfers = new DevChainTransfers(settings);
    names = new DevChainNames(settings);
    pools = new DevChainPools(settings);
  }

  /**
   * Tells the logs of a block in order.
   *
   * @param kinds whose logs are wanted; the others are only counted
   */
  void tell(Branch branch, long number, int kinds, Consumer<Told> logs) {
    told.begin();
    transfers.tell(branch, number, told, wanted(kinds, TRANSFERS, logs));
    if ((kinds & (NAMES | POOLS)) != 0) {
      names.tell(branch, number, told, wanted(kinds, NAMES, logs));
    }
    if ((kinds & POOLS) != 0) {
      pools.tell(branch, number, told, logs);
    }
  }

  private static @Nullable Consumer<Told> wanted(int kinds, int kind, Consumer<Told> logs) {
    return (kinds & kind) == 0 ? null : logs;
  }

  /** How many transfers there are on the trunk from one block up to and with another. */
  long transfers(long from, long to) {
    return to < from ? 0 : transfers.before(to + 1) - transfers.before(from);
  }

  /** What becomes of a transaction of the trunk on a fork. */
  enum Fate {
    SAME,
    OTHER,
    MISSING;

    static Fate draw(DevChainRandom random) {
      int draw = (int) random.next() & 15;
      return draw == 0 ? MISSING : draw == 1 ? OTHER : SAME;
    }
  }
}
