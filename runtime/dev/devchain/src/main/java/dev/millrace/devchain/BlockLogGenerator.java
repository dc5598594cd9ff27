package dev.millrace.devchain;

import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Contents of the blocks of a dev chain: transfers first, then names, then pools. Confined to one
 * thread.
 *
 * <p>A fork repeats much of the trunk. Two neighbouring blocks may have exchanged their transfers,
 * some transactions are missing, some differ and have another hash.
 */
public final class BlockLogGenerator {
  public static final int TRANSFERS = 1;
  public static final int NAMES = 2;
  public static final int POOLS = 4;
  public static final int ALL = TRANSFERS | NAMES | POOLS;

  private final DevChainTransfers transfers;
  private final DevChainNames names;
  private final DevChainPools pools;
  private final LogCursor cursor = new LogCursor();

  BlockLogGenerator(DevChainSettings settings) {
    transfers = new DevChainTransfers(settings);
    names = new DevChainNames(settings);
    pools = new DevChainPools(settings);
  }

  /**
   * Emits the logs of a block in order.
   *
   * @param kinds the kinds of wanted logs; the others are only counted
   */
  public void generate(DevChainBranch branch, long number, int kinds, Consumer<LogCursor> logs) {
    cursor.begin();
    transfers.generate(branch, number, cursor, wanted(kinds, TRANSFERS, logs));
    if ((kinds & (NAMES | POOLS)) != 0) {
      names.generate(branch, number, cursor, wanted(kinds, NAMES, logs));
    }
    if ((kinds & POOLS) != 0) {
      pools.generate(branch, number, cursor, logs);
    }
  }

  private static @Nullable Consumer<LogCursor> wanted(
      int kinds, int kind, Consumer<LogCursor> logs) {
    return (kinds & kind) == 0 ? null : logs;
  }

  /** Returns the number of transfers on the trunk from one block through another. */
  long transfers(long from, long to) {
    return to < from ? 0 : transfers.before(to + 1) - transfers.before(from);
  }

  /** Fate of a transaction of the trunk on a fork. */
  enum ForkOutcome {
    SAME,
    OTHER,
    MISSING;

    static ForkOutcome draw(DevChainRandom random) {
      int draw = (int) random.next() & 15;
      return draw == 0 ? MISSING : draw == 1 ? OTHER : SAME;
    }
  }
}
