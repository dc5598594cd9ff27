package dev.millrace.loaders;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** Twenty bytes that name an account or a contract. */
public final class Address implements Comparable<Address> {
  public static final int LENGTH = 20;
  public static final Address ZERO = new Address(0, 0, 0);

  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);
  private static final VarHandle INTS =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);

  // Three words instead of an array: one object, no indirection, and equality without a loop.
  private final long high;
  private final long middle;
  private final int low;

  private Address(long high, long middle, int low) {
    this.high = high;
    this.middle = middle;
    this.low = low;
  }

  /** Reads {@code 0x} and forty hex digits; upper and lower case mean the same. */
  public static Address of(String text) {
    return of(Hex.bytes(text, LENGTH), 0);
  }

  public static Address of(byte[] bytes) {
    if (bytes.length != LENGTH) {
      throw new IllegalArgumentException("address must have 20 bytes: bytes=" + bytes.length);
    }
    return of(bytes, 0);
  }

  public static Address of(byte[] bytes, int offset) {
    return new Address(
        (long) LONGS.get(bytes, offset),
        (long) LONGS.get(bytes, offset + 8),
        (int) INTS.get(bytes, offset + 16));
  }

  public byte[] bytes() {
    byte[] bytes = new byte[LENGTH];
    write(bytes, 0);
    return bytes;
  }

  public void write(byte[] target, int offset) {
    LONGS.set(target, offset, high);
    LONGS.set(target, offset + 8, middle);
    INTS.set(target, offset + 16, low);
  }

  @Override
  public int compareTo(Address other) {
    int byHigh = Long.compareUnsigned(high, other.high);
    if (byHigh != 0) {
      return byHigh;
    }
    int byMiddle = Long.compareUnsigned(middle, other.middle);
    return byMiddle != 0 ? byMiddle : Integer.compareUnsigned(low, other.low);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Address that
        && high == that.high
        && middle == that.middle
        && low == that.low;
  }

  @Override
  public int hashCode() {
    // Real addresses are hashes already, but those of tests and precompiles differ in their last
    // bits only.
    long mixed = (high ^ Long.rotateLeft(middle, 23) ^ low) * 0x9E3779B97F4A7C15L;
    return (int) (mixed >>> 32);
  }

  @Override
  public String toString() {
    return Hex.text(bytes());
  }
}
