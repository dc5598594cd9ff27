package dev.millrace.devnode;

import com.joemelsha.crypto.hash.Keccak;
import dev.millrace.devchain.LogCursor;
import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes32;
import java.util.Arrays;

/** The 2048-bit bloom of a header's logs. Confined to one thread. */
final class DevLogsBloom {
  static final int BYTES = 256;

  private final Keccak keccak = new Keccak(256);
  private final byte[] bits = new byte[BYTES];
  private final byte[] word = new byte[Bytes32.LENGTH];
  private Address last = Address.ZERO;

  void clear() {
    Arrays.fill(bits, (byte) 0);
    last = Address.ZERO;
  }

  void add(LogCursor log) {
    if (!log.contract.equals(last)) {
      last = log.contract;
      last.write(word, 0);
      add(word, 0, Address.LENGTH);
    }
    for (int topic = 0; topic < log.topics; topic++) {
      add(log.words, topic * Bytes32.LENGTH, Bytes32.LENGTH);
    }
  }

  /** Sets three bits, each named by the low eleven bits of two bytes of the hash. */
  private void add(byte[] source, int from, int length) {
    keccak.update(source, from, length);
    byte[] hash = keccak.digest();
    for (int pair = 0; pair < 6; pair += 2) {
      int bit = ((hash[pair] << 8) | (hash[pair + 1] & 0xFF)) & 2047;
      bits[BYTES - 1 - bit / 8] |= (byte) (1 << (bit % 8));
    }
  }

  byte[] bits() {
    return bits;
  }
}
