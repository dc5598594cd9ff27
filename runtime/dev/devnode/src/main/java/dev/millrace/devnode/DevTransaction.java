package dev.millrace.devnode;

import dev.millrace.devchain.BlockLogGenerator;
import dev.millrace.devchain.DevChainBranch;
import dev.millrace.devchain.DevChainRandom;
import dev.millrace.devchain.DevChainSettings;
import dev.millrace.devchain.DevChainTransfers;
import dev.millrace.devchain.LogCursor;
import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes;
import dev.millrace.loaders.Bytes32;
import java.util.ArrayList;
import java.util.List;

/**
 * A transaction of a dev chain. Its contents follow from its hash and the first log it wrote.
 *
 * @param input a selector and the words of that log
 */
record DevTransaction(Bytes32 hash, int index, Address to, Bytes input) {
  private static final int SELECTOR = 4;
  private static final int SENDERS = 64;
  private static final long WEI = 1_000_000_000L;

  /** Returns the transactions of a block. */
  static List<DevTransaction> list(
      BlockLogGenerator generator, DevChainBranch branch, long number) {
    List<DevTransaction> found = new ArrayList<>();
    generator.generate(
        branch,
        number,
        BlockLogGenerator.ALL,
        log -> {
          if (log.transaction == found.size()) {
            found.add(of(log));
          }
        });
    return found;
  }

  private static DevTransaction of(LogCursor log) {
    byte[] input = new byte[SELECTOR + log.length];
    System.arraycopy(log.words, 0, input, 0, SELECTOR);
    System.arraycopy(log.words, 0, input, SELECTOR, log.length);
    return new DevTransaction(
        Bytes32.of(log.transactionHash), log.transaction, log.contract, Bytes.of(input));
  }

  private long draw(int place) {
    return DevChainRandom.read(hash.bytes(), place);
  }

  Address from(DevChainSettings settings) {
    int senders = Math.min(SENDERS, settings.accounts());
    return DevChainTransfers.address(settings.seed(), Math.floorMod(draw(8), senders));
  }

  long nonce() {
    return draw(16) & 0xFFFF;
  }

  /** Returns the value in wei; one transaction in eight has some. */
  long value() {
    return (draw(0) & 7) == 0 ? ((draw(0) >>> 24) * WEI / 1_000) & Long.MAX_VALUE : 0;
  }

  long gas() {
    return 21_000 + 16L * input.length();
  }
}
