package dev.millrace.devchain;

import dev.millrace.devchain.BlockLogGenerator.ForkOutcome;
import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes32;
import java.util.Arrays;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The activity of the dev chain's token: {@code Transfer} logs among accounts of which a few take
 * much of the traffic.
 *
 * <p>New accounts appear with a mint that is large against every later transfer, so that balances
 * stay positive on the trunk although they are not tracked. A block's logs follow from its number
 * and its fork alone.
 */
public final class DevChainTransfers {
  /** Accounts that exist from the first log on. */
  static final int HOT = 16;

  /** Length of a period of blocks, in which one has no transfer and another twice as many. */
  static final int PERIOD = 8;

  public static final Bytes32 TOPIC =
      Bytes32.of("0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef");

  /** The kind of these transactions. */
  static final int KIND = 0;

  private static final int TOPICS = 3;
  private static final int WORD = 32;
  private static final int FROM = WORD;
  private static final int TO = 2 * WORD;
  private static final int VALUE = 3 * WORD;
  private static final int LENGTH = 4 * WORD;

  // 2^20 tokens of 18 decimals, give or take; a transfer is at most 4 · 2^64, about 74 tokens.
  private static final long MINTED_HIGH = 60_000;

  /** Logs per transaction, except that the last transaction of a block may have fewer. */
  private static final int LOGS_PER_TRANSACTION = 3;

  private final DevChainSettings settings;
  private final DevChainRandom random = new DevChainRandom();
  private final DevChainRandom account = new DevChainRandom();
  private final DevChainRandom fates = new DevChainRandom();
  private final DevChainHashes hashes;
  private final byte[] words = new byte[LENGTH];

  DevChainTransfers(DevChainSettings settings) {
    this.settings = settings;
    this.hashes = new DevChainHashes(settings.seed());
    TOPIC.write(words, 0);
  }

  /** Returns the number of transfers in a block. */
  int count(long block) {
    int place = (int) (block % PERIOD);
    int empty = emptyPlace(block / PERIOD);
    if (place == empty) {
      return 0;
    }
    return place == (empty + 1) % PERIOD ? 2 * settings.logs() : settings.logs();
  }

  /** Returns the number of transfers in all blocks below one. */
  long before(long block) {
    long periods = block / PERIOD;
    long total = periods * PERIOD * settings.logs();
    for (long each = periods * PERIOD; each < block; each++) {
      total += count(each);
    }
    return total;
  }

  private int emptyPlace(long period) {
    account.at(settings.seed(), 3, period);
    return (int) (account.next() & (PERIOD - 1));
  }

  /** Emits the transfers of a block; only counts them if {@code logs} is null. */
  void generate(
      DevChainBranch branch, long number, LogCursor cursor, @Nullable Consumer<LogCursor> logs) {
    int fork = branch.fork(number);
    long origin = fork == 0 ? number : origin(branch, number);
    int count = count(origin);
    if (logs == null && fork == 0) {
      cursor.skip(count, Math.ceilDiv(count, LOGS_PER_TRANSACTION));
      return;
    }
    if (count == 0) {
      return;
    }
    long place = before(origin);
    random.at(settings.seed(), 1, origin);
    fates.at(settings.seed(), DevChainHashes.kind(fork, 6), origin);
    for (int first = 0; first < count; first += LOGS_PER_TRANSACTION) {
      ForkOutcome fate = fork == 0 ? ForkOutcome.SAME : ForkOutcome.draw(fates);
      int logsHere = Math.min(LOGS_PER_TRANSACTION, count - first);
      if (fate != ForkOutcome.MISSING && logs != null) {
        int variant = fate == ForkOutcome.SAME ? 0 : fork;
        hashes.transaction(
            KIND, origin, first / LOGS_PER_TRANSACTION, variant, cursor.transactionHash);
        cursor.set(DevChain.TOKEN, TOPICS, words, LENGTH);
        for (int each = 0; each < logsHere; each++) {
          transfer(place + first + each);
          if (fate == ForkOutcome.OTHER) {
            value(fates.next() & 3, fates.next());
          }
          cursor.emit(logs);
        }
        cursor.transaction++;
      } else {
        for (int each = 0; each < logsHere; each++) {
          transfer(place + first + each); // the draws of the transfers behind it stay the same
        }
        if (fate == ForkOutcome.OTHER) {
          fates.skip(2 * logsHere);
        }
        if (fate != ForkOutcome.MISSING) {
          cursor.skip(logsHere, 1);
        }
      }
    }
  }

  /**
   * Returns the trunk block whose transfers a block contains: its own or its neighbour's.
   *
   * <p>The fork of the first block of a pair decides for both. The second block may belong to a
   * fork that begins later, which must neither change the first block nor repeat a transaction.
   */
  private long origin(DevChainBranch branch, long number) {
    int fork = branch.fork(number & ~1L);
    if (fork == 0) {
      return number;
    }
    account.at(settings.seed(), DevChainHashes.kind(fork, 7), number >> 1);
    return (account.next() & 1) == 0 ? number : number ^ 1;
  }

  private void transfer(long place) {
    // One log in four introduces an account until all are there.
    long known = HOT + Math.max(0, place - HOT) / 4;
    boolean grows = known < settings.accounts() && place % 4 == 3;
    int choice = random.below(64);
    if (place < HOT || grows) {
      account(FROM, -1);
      account(TO, place < HOT ? place : known);
      value(MINTED_HIGH, random.next());
      return;
    }
    int accounts = (int) Math.min(known, settings.accounts());
    account(FROM, choice == 0 ? -1 : chosen(accounts));
    account(TO, choice == 1 ? -1 : chosen(accounts));
    value(random.next() & 3, random.next());
  }

  /**
   * Draws an account. Three in eight draws fall on the hot accounts, each half as often as the one
   * before it.
   */
  private int chosen(int accounts) {
    long draw = random.next();
    if ((draw & 7) < 3) {
      return Math.min(Long.numberOfTrailingZeros(draw >>> 3), HOT - 1);
    }
    return (int) (((draw >>> 32) * accounts) >>> 32);
  }

  private void account(int at, long index) {
    if (index < 0) {
      Arrays.fill(
          words, at, at + WORD, (byte) 0); // mints come from the zero address, burns go there
    } else {
      address(account, settings.seed(), index, words, at);
    }
  }

  /** Writes the word of an account. */
  static void address(DevChainRandom random, long seed, long index, byte[] words, int at) {
    random.at(seed, 2, index);
    // Twenty bytes by three overlapping words; the twelve before them are zero and stay so.
    DevChainRandom.write(words, at + 12, random.next());
    DevChainRandom.write(words, at + 24, random.next());
    DevChainRandom.write(words, at + 20, random.next());
  }

  public static Address address(long seed, long index) {
    byte[] word = new byte[WORD];
    address(new DevChainRandom(), seed, index, word, 0);
    return Address.of(word, WORD - Address.LENGTH);
  }

  private void value(long high, long low) {
    DevChainRandom.write(words, VALUE + 16, high);
    DevChainRandom.write(words, VALUE + 24, low);
  }
}
