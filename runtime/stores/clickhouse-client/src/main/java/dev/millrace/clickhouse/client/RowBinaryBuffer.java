package dev.millrace.clickhouse.client;

import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes;
import dev.millrace.loaders.Bytes32;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.math.BigInteger;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Rows to be sent to ClickHouse, in its little-endian format. Reused for all chunks, so encoding a
 * row leaves no garbage. Confined to one thread.
 */
public final class RowBinaryBuffer {
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle INTS =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

  private static final int DEFAULT_CAPACITY = 256 << 10;
  private static final int KEPT = 40 << 20;
  private static final int MAX_CAPACITY = Integer.MAX_VALUE - 1024;
  static final int WIDE = 32;

  private final int maxCapacity;
  private byte[] bytes = new byte[DEFAULT_CAPACITY];
  private int length;

  public RowBinaryBuffer() {
    this(MAX_CAPACITY);
  }

  RowBinaryBuffer(int greatest) {
    this.maxCapacity = greatest;
  }

  public byte[] bytes() {
    return bytes;
  }

  public int length() {
    return length;
  }

  /** Empties the buffer and frees the memory that one huge row has made it take. */
  public void clear() {
    length = 0;
    if (bytes.length > KEPT) {
      bytes = new byte[DEFAULT_CAPACITY];
    }
  }

  private int reserve(int count) {
    int at = length;
    if (count > bytes.length - at) {
      grow(count);
    }
    length = at + count;
    return at;
  }

  private void grow(int count) {
    long needed = (long) length + count;
    if (needed > maxCapacity) {
      // Not FIX_HANDLER, which says that nothing of the group was sent: the group would be sent
      // again in other chunks, under other tokens.
      throw new MillraceException(
          Remedy.FIX_SETUP,
          "row is larger than an insert can be, keep its entity in PostgreSQL only: bytes="
              + needed);
    }
    bytes = Arrays.copyOf(bytes, (int) Math.min(maxCapacity, Math.max(needed, bytes.length * 2L)));
  }

  public void putByte(int value) {
    int at = reserve(1); // first, because it may replace the array
    bytes[at] = (byte) value;
  }

  public void putInt(int value) {
    int at = reserve(4);
    INTS.set(bytes, at, value);
  }

  public void putLong(long value) {
    int at = reserve(8);
    LONGS.set(bytes, at, value);
  }

  /** Writes 256 bits, the lowest first; the sign fills the rest. */
  public void putWide(BigInteger value) {
    int at = reserve(WIDE);
    if (value.bitLength() < Long.SIZE) {
      long low = value.longValue();
      LONGS.set(bytes, at, low);
      long sign = low >> 63;
      LONGS.set(bytes, at + 8, sign);
      LONGS.set(bytes, at + 16, sign);
      LONGS.set(bytes, at + 24, sign);
      return;
    }
    byte[] big = value.toByteArray(); // big-endian, with one byte more than 32 for 2^255 and above
    int count = Math.min(big.length, WIDE);
    for (int i = 0; i < count; i++) {
      bytes[at + i] = big[big.length - 1 - i];
    }
    Arrays.fill(bytes, at + count, at + WIDE, (byte) (value.signum() < 0 ? -1 : 0));
  }

  void putSize(int size) {
    int rest = size;
    while (rest >= 0x80) {
      putByte((rest & 0x7F) | 0x80);
      rest >>>= 7;
    }
    putByte(rest);
  }

  public void putText(String text) {
    int units = text.length();
    int before = length;
    putSize(units);
    int at = reserve(units);
    for (int i = 0; i < units; i++) {
      char unit = text.charAt(i);
      if (unit >= 0x80) {
        length = before;
        byte[] encoded = text.getBytes(StandardCharsets.UTF_8);
        putSize(encoded.length);
        putAll(encoded);
        return;
      }
      bytes[at + i] = (byte) unit;
    }
  }

  public void putBytes(Bytes value) {
    putSize(value.length());
    int at = reserve(value.length());
    value.write(bytes, at);
  }

  public void putAddress(Address value) {
    int at = reserve(Address.LENGTH);
    value.write(bytes, at);
  }

  public void putWord(Bytes32 value) {
    int at = reserve(Bytes32.LENGTH);
    value.write(bytes, at);
  }

  public void putAll(byte[] source) {
    int at = reserve(source.length);
    System.arraycopy(source, 0, bytes, at, source.length);
  }
}
