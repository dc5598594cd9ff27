package dev.millrace.rpc;

import com.joemelsha.crypto.hash.Keccak;
import dev.millrace.evm.LogFilter;
import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes32;
import java.util.Arrays;

/**
 * Bloom filter over the logs of a block: 2048 bits, three of them set by each address and each
 * topic. A missing bit proves an absence; set bits prove nothing.
 *
 * <p>A bloom without any bit proves nothing either: nodes of some chains return zeros for every
 * block where others leave the bloom out.
 */
public final class LogsBloom {
  public static final int LENGTH = 256;
  public static final LogsBloom EMPTY = new LogsBloom(new byte[LENGTH], false);

  /** The bloom of a block that came without one. */
  public static final LogsBloom MISSING = new LogsBloom(new byte[LENGTH], true);

  private final byte[] bits;
  private final boolean missing;

  private LogsBloom(byte[] bits, boolean missing) {
    this.bits = bits;
    this.missing = missing;
  }

  public static LogsBloom of(byte[] bits) {
    if (bits.length != LENGTH) {
      throw new IllegalArgumentException("bloom must have 256 bytes: bytes=" + bits.length);
    }
    return new LogsBloom(bits.clone(), false);
  }

  public byte[] bytes() {
    return bits.clone();
  }

  public boolean isMissing() {
    return missing;
  }

  /** True if no bit is set: the block has no logs, or the chain has no blooms. */
  public boolean isEmpty() {
    return Arrays.equals(bits, EMPTY.bits);
  }

  public boolean mayContain(Address address) {
    return hasBitsOf(address.bytes());
  }

  public boolean mayContain(Bytes32 topic) {
    return hasBitsOf(topic.bytes());
  }

  /** True if the filter is so full that more than one address in twenty matches by chance. */
  public boolean allowsMuch() {
    return Math.pow(bitsSet() / (8.0 * LENGTH), 3) > 0.05;
  }

  /** True if the block is proven to hold no log of the filter. */
  public boolean denies(LogFilter filter) {
    return !isEmpty() && !mayMatch(filter);
  }

  /**
   * True if the bits are set that a log of the filter would set. False is no proof of absence: see
   * {@link #denies}.
   */
  public boolean mayMatch(LogFilter filter) {
    return !isEmpty()
        && (filter.addresses().isEmpty() || filter.addresses().stream().anyMatch(this::mayContain))
        && (filter.topics().isEmpty() || filter.topics().stream().anyMatch(this::mayContain));
  }

  private boolean hasBitsOf(byte[] value) {
    byte[] hash = new Keccak(256).digest(value);
    for (int i = 0; i < 6; i += 2) {
      int bit = ((hash[i] & 7) << 8) | (hash[i + 1] & 0xff);
      if (((bits[LENGTH - 1 - bit / 8] >> (bit % 8)) & 1) == 0) {
        return false;
      }
    }
    return true;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof LogsBloom that
        && missing == that.missing
        && Arrays.equals(bits, that.bits);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(bits);
  }

  @Override
  public String toString() {
    return missing ? "missing" : isEmpty() ? "empty" : "bits=" + bitsSet();
  }

  private int bitsSet() {
    int count = 0;
    for (byte b : bits) {
      count += Integer.bitCount(b & 0xff);
    }
    return count;
  }
}
