package dev.millrace.devchain;

import static java.nio.charset.StandardCharsets.US_ASCII;

import com.joemelsha.crypto.hash.Keccak;
import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes32;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

/**
 * The activity of the dev chain's exchange: a factory creates pools, and each pool emits its
 * reserves and its swaps. Half of the pools see their first swap in the transaction that creates
 * them.
 *
 * <p>On a fork a pool may be created some blocks later, at another address, or not at all; its
 * swaps follow it. Reserves are drawn, not added up, since no state is kept.
 */
public final class DevChainPools {
  public static final Bytes32 CREATED = topic("PoolCreated(address,address,address)");
  public static final Bytes32 SYNC = topic("Sync(uint112,uint112)");
  public static final Bytes32 SWAP = topic("Swap(address,uint256,uint256,uint256,uint256,address)");
  public static final List<Bytes32> TOPICS = List.of(CREATED, SYNC, SWAP);

  /** The kinds of these transactions. */
  static final int CREATION_KIND = 2;

  static final int SWAP_KIND = 3;

  /** Limit of the blocks by which a fork creates a pool later than the trunk. */
  static final int LATEST = 2;

  private static final int WORD = 32;
  private static final int TOKENS = 24;
  private static final int MAX_BLOCKS_OF_CREATION = 1_000;
  private static final int BUSY = 8;

  private final DevChainSettings settings;
  private final DevChainHashes hashes;
  private final DevChainVaults vaults;
  private final DevChainRandom random = new DevChainRandom();
  private final DevChainRandom place = new DevChainRandom();
  private final int perBlock;

  private final byte[] created = new byte[4 * WORD];
  private final byte[] sync = new byte[3 * WORD];
  private final byte[] swap = new byte[7 * WORD];

  DevChainPools(DevChainSettings settings) {
    this.settings = settings;
    this.hashes = new DevChainHashes(settings.seed());
    this.vaults = new DevChainVaults(settings);
    this.perBlock = Math.max(1, Math.ceilDiv(settings.pools().count(), MAX_BLOCKS_OF_CREATION));
    CREATED.write(created, 0);
    SYNC.write(sync, 0);
    SWAP.write(swap, 0);
  }

  private static Bytes32 topic(String signature) {
    return Bytes32.of(new Keccak(256).digest(signature.getBytes(US_ASCII)));
  }

  void generate(DevChainBranch branch, long number, LogCursor cursor, Consumer<LogCursor> logs) {
    if (settings.pools().count() == 0) {
      return;
    }
    int fork = branch.fork(number);
    for (long planned = Math.max(1, number - LATEST); planned <= number; planned++) {
      for (int pool = before(planned); pool < before(planned + 1); pool++) {
        if (planned + delay(branch, pool) == number) {
          create(branch, pool, cursor, logs);
        }
      }
    }
    int pools = before(number - LATEST);
    for (int each = 0; each < settings.pools().swaps() && pools > 0; each++) {
      random.at(settings.seed(), 42, (number << 16) | each);
      boolean other = fork != 0 && (random.next() & 7) == 0;
      if (other) {
        random.at(settings.seed(), DevChainHashes.kind(fork, 43), (number << 16) | each);
      }
      int pool = random.below((random.next() & 1) == 0 ? pools : Math.min(BUSY, pools));
      if (delay(branch, pool) < 0) {
        continue;
      }
      int variant = other || variant(branch, pool) != 0 ? fork : 0;
      hashes.transaction(SWAP_KIND, number, each, variant, cursor.transactionHash);
      trade(address(branch, pool), cursor, logs);
      if (vaults.areThere()) {
        shares(branch, pool, cursor, logs);
      }
      cursor.transaction++;
    }
  }

  /** Returns the number of pools planned for the blocks below one. */
  private int before(long block) {
    return (int) Math.min(settings.pools().count(), Math.max(0, block - 1) * perBlock);
  }

  private long planned(int pool) {
    return 1L + pool / perBlock;
  }

  /** Returns the delay of a pool's creation on a branch, in blocks; −1 for never. */
  private long delay(DevChainBranch branch, int pool) {
    int fork = branch.fork(planned(pool));
    if (fork == 0) {
      return 0;
    }
    place.at(settings.seed(), DevChainHashes.kind(fork, 40), pool);
    int draw = (int) (place.next() >>> 60);
    return draw < 2 ? -1 : draw % (LATEST + 1);
  }

  /**
   * Returns the fork that a pool's address is drawn from: on a fork, half of the addresses differ.
   */
  private int variant(DevChainBranch branch, int pool) {
    int fork = branch.fork(planned(pool));
    if (fork == 0) {
      return 0;
    }
    place.at(settings.seed(), DevChainHashes.kind(fork, 41), pool);
    return (place.next() & 1) == 0 ? 0 : fork;
  }

  Address address(DevChainBranch branch, int pool) {
    place.at(settings.seed(), DevChainHashes.kind(variant(branch, pool), 44), pool);
    return Address.of(place.word().bytes(), WORD - Address.LENGTH);
  }

  private void create(DevChainBranch branch, int pool, LogCursor cursor, Consumer<LogCursor> logs) {
    long planned = planned(pool);
    int index = pool - before(planned);
    hashes.transaction(CREATION_KIND, planned, index, branch.fork(planned), cursor.transactionHash);
    random.at(settings.seed(), 45, pool);
    int first = random.below(TOKENS);
    int second = (first + 1 + random.below(TOKENS - 1)) % TOKENS;
    token(first, created, WORD);
    token(second, created, 2 * WORD);
    Address address = address(branch, pool);
    address.write(created, 4 * WORD - Address.LENGTH);
    if (vaults.areThere()) {
      if ((pool & 3) == 1) {
        trade(address, cursor, logs); // before the log that announces the pool
      }
      if (DevChainVaults.isAnnouncedBefore(pool)) {
        vaults.open(address(branch, pool - 1), address, cursor, logs);
      }
      shares(branch, pool, cursor, logs);
    }
    cursor.set(DevChain.FACTORY, 3, created, created.length);
    cursor.emit(logs);
    if ((random.next() & 1) == 0) {
      trade(address, cursor, logs);
    }
    if (vaults.areThere()) {
      vaults.open(address, vault(branch, pool), cursor, logs);
      shares(branch, pool, cursor, logs);
    }
    cursor.transaction++;
  }

  private Address vault(DevChainBranch branch, int pool) {
    return DevChainVaults.vault(address(branch, DevChainVaults.sharedWith(pool)));
  }

  private void shares(DevChainBranch branch, int pool, LogCursor cursor, Consumer<LogCursor> logs) {
    vaults.transfer(address(branch, pool), random, cursor, logs);
    vaults.transfer(vault(branch, pool), random, cursor, logs);
  }

  private void token(int index, byte[] target, int at) {
    place.at(settings.seed(), 46, index);
    System.arraycopy(place.word().bytes(), 12, target, at + 12, Address.LENGTH);
  }

  /** Emits the logs of one swap: the reserves first, as exchanges of this kind do. */
  private void trade(Address pool, LogCursor cursor, Consumer<LogCursor> logs) {
    DevChainRandom.write(sync, 2 * WORD - 16, 1_000 + (random.next() & 1023));
    DevChainRandom.write(sync, 2 * WORD - 8, random.next());
    DevChainRandom.write(sync, 3 * WORD - 16, 1_000 + (random.next() & 1023));
    DevChainRandom.write(sync, 3 * WORD - 8, random.next());
    cursor.set(pool, 1, sync, sync.length);
    cursor.emit(logs);

    Arrays.fill(swap, 3 * WORD, swap.length, (byte) 0);
    int accounts = Math.min(64, settings.accounts());
    DevChainTransfers.address(place, settings.seed(), random.below(accounts), swap, WORD);
    DevChainTransfers.address(place, settings.seed(), random.below(accounts), swap, 2 * WORD);
    int way = (int) random.next() & 1; // token 0 for token 1, or the other way
    DevChainRandom.write(swap, (4 + way) * WORD - 8, random.next() >>> 1);
    DevChainRandom.write(swap, (7 - way) * WORD - 8, random.next() >>> 1);
    cursor.set(pool, 3, swap, swap.length);
    cursor.emit(logs);
  }
}
