package dev.millrace.postgres.client;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * A buffer of bytes for PostgreSQL, in network order. Reused for all rows, so encoding a row leaves
 * no garbage. Confined to the commit thread.
 */
public final class NetworkOrderBuffer {
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);
  private static final VarHandle INTS =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
  private static final VarHandle SHORTS =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.BIG_ENDIAN);

  private static final int DEFAULT_CAPACITY = 256 << 10;
  private static final int KEPT = 8 << 20;

  /** PostgreSQL accepts no value of a gigabyte or more. */
  private static final int MAX_CAPACITY = (1 << 30) - 1024;

  private byte[] bytes;
  private int length;

  public NetworkOrderBuffer() {
    this(DEFAULT_CAPACITY);
  }

  NetworkOrderBuffer(int expected) {
    bytes = new byte[expected];
  }

  byte[] bytes() {
    return bytes;
  }

  int length() {
    return length;
  }

  /** Empties the buffer, and shrinks it if a huge row has made it grow. */
  void clear() {
    length = 0;
    if (bytes.length > KEPT) {
      bytes = new byte[DEFAULT_CAPACITY];
    }
  }

  /** Reserves bytes and returns the index of the first; the caller fills them in. */
  int reserve(int count) {
    int at = length;
    if (count > bytes.length - at) {
      grow(count);
    }
    length = at + count;
    return at;
  }

  private void grow(int count) {
    long needed = (long) length + count;
    if (needed > MAX_CAPACITY) {
      throw new MillraceException(
          Remedy.FIX_HANDLER, "row is larger than PostgreSQL takes: bytes=" + needed);
    }
    bytes = Arrays.copyOf(bytes, (int) Math.min(MAX_CAPACITY, Math.max(needed, bytes.length * 2L)));
  }

  void putByte(int value) {
    int at = reserve(1); // first, as it may replace the array
    bytes[at] = (byte) value;
  }

  void putShort(int value) {
    int at = reserve(2);
    SHORTS.set(bytes, at, (short) value);
  }

  void putInt(int value) {
    int at = reserve(4);
    INTS.set(bytes, at, value);
  }

  void putLong(long value) {
    int at = reserve(8);
    LONGS.set(bytes, at, value);
  }

  /** Writes a field of eight bytes, preceded by its length. */
  void putLongField(long value) {
    int at = reserve(12);
    INTS.set(bytes, at, 8);
    LONGS.set(bytes, at + 4, value);
  }

  void putIntField(int value) {
    int at = reserve(8);
    INTS.set(bytes, at, 4);
    INTS.set(bytes, at + 4, value);
  }

  /** Begins a field whose length is known only at its end. */
  int beginField() {
    return reserve(4);
  }

  void endField(int began) {
    INTS.set(bytes, began, length - began - 4);
  }

  void putText(String text) {
    int units = text.length();
    int at = reserve(units);
    for (int i = 0; i < units; i++) {
      char unit = text.charAt(i);
      if (unit >= 0x80) {
        length = at;
        putBytes(text.getBytes(StandardCharsets.UTF_8));
        return;
      }
      bytes[at + i] = (byte) unit;
    }
  }

  void putBytes(byte[] source) {
    int at = reserve(source.length);
    System.arraycopy(source, 0, bytes, at, source.length);
  }

  static long longAt(byte[] bytes, int at) {
    return (long) LONGS.get(bytes, at);
  }

  static int intAt(byte[] bytes, int at) {
    return (int) INTS.get(bytes, at);
  }

  static int shortAt(byte[] bytes, int at) {
    return (short) SHORTS.get(bytes, at);
  }
}
