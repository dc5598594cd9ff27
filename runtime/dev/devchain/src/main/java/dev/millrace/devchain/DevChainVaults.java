package dev.millrace.devchain;

import static java.nio.charset.StandardCharsets.US_ASCII;

import com.joemelsha.crypto.hash.Keccak;
import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes32;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

/**
 * The vaults of the dev chain's pools: contracts of a second generation. A pool announces its vault
 * in the transaction that creates the pool, and both emit transfers of shares then and after each
 * swap.
 *
 * <p>The contract of a log is hard to find out, on purpose. Pools and vaults emit before the logs
 * that announce them, two pools announce one vault, and some pools are announced as a vault by
 * another pool just before their factory announces them.
 */
public final class DevChainVaults {
  static final Bytes32 OPENED =
      Bytes32.of(new Keccak(256).digest("VaultOpened(address)".getBytes(US_ASCII)));

  /** Topics of pools and vaults, if there are vaults. */
  public static final List<Bytes32> TOPICS = List.of(OPENED, DevChainTransfers.TOPIC);

  private static final int WORD = 32;

  private final DevChainSettings settings;
  private final DevChainRandom account = new DevChainRandom();
  private final byte[] opened = new byte[2 * WORD];
  private final byte[] transfer = new byte[4 * WORD];

  DevChainVaults(DevChainSettings settings) {
    this.settings = settings;
    OPENED.write(opened, 0);
    DevChainTransfers.TOPIC.write(transfer, 0);
  }

  boolean areThere() {
    return settings.pools().vaults();
  }

  /** Returns the pool whose vault a pool announces. */
  static int sharedWith(int pool) {
    return (pool & 7) == 3 ? pool - 1 : pool;
  }

  /** True if the pool before a pool announces it as a vault. */
  static boolean isAnnouncedBefore(int pool) {
    return (pool & 7) == 5;
  }

  /** Returns the address of the vault of a pool. */
  static Address vault(Address pool) {
    byte[] bytes = new byte[Address.LENGTH];
    pool.write(bytes, 0);
    for (int at = 0; at < bytes.length; at++) {
      bytes[at] = (byte) ~bytes[at];
    }
    return Address.of(bytes);
  }

  void open(Address pool, Address vault, LogCursor cursor, Consumer<LogCursor> logs) {
    vault.write(opened, 2 * WORD - Address.LENGTH);
    cursor.set(pool, 1, opened, opened.length);
    cursor.emit(logs);
  }

  void transfer(
      Address emitter, DevChainRandom random, LogCursor cursor, Consumer<LogCursor> logs) {
    Arrays.fill(transfer, WORD, transfer.length, (byte) 0);
    int accounts = Math.min(64, settings.accounts());
    DevChainTransfers.address(account, settings.seed(), random.below(accounts), transfer, WORD);
    DevChainTransfers.address(account, settings.seed(), random.below(accounts), transfer, 2 * WORD);
    DevChainRandom.write(transfer, 4 * WORD - Long.BYTES, random.next() >>> 1);
    cursor.set(emitter, 3, transfer, transfer.length);
    cursor.emit(logs);
  }
}
