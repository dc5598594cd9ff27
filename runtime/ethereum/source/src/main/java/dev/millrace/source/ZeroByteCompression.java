package dev.millrace.source;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Compression that leaves out zero bytes. Eight bytes become a tag of the bytes that are not zero,
 * followed by these; a run of zero words becomes two bytes. Words of the chain and small numbers
 * are mostly zeros, so this halves them at the speed of a copy; a general compressor saves more and
 * costs more than decoding.
 */
final class ZeroByteCompression {
  private static final int WORD = 8;
  private static final int MAX_RUN = 255;
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private ZeroByteCompression() {}

  /** Packs the first bytes of an array, padded with zeros to a whole word. */
  static byte[] pack(byte[] plain, int length) {
    byte[] packed = new byte[length + length / WORD + 2 * WORD];
    int to = 0;
    int at = 0;
    while (at < length) {
      long word = word(plain, at, length);
      at += WORD;
      if (word == 0) {
        int run = 0;
        while (run < MAX_RUN && at < length && word(plain, at, length) == 0) {
          run++;
          at += WORD;
        }
        packed[to++] = 0;
        packed[to++] = (byte) run;
      } else {
        int tagAt = to++;
        int tag = 0;
        for (int i = 0; i < WORD; i++) {
          byte each = (byte) (word >>> (i * WORD));
          packed[to] = each;
          int set = each == 0 ? 0 : 1;
          to += set;
          tag |= set << i;
        }
        packed[tagAt] = (byte) tag;
      }
    }
    return Arrays.copyOf(packed, to);
  }

  /**
   * Reverses {@link #pack}.
   *
   * @throws IndexOutOfBoundsException if the bytes do not unpack to this length
   */
  static byte[] unpack(byte[] packed, int from, int end, int length) {
    byte[] plain = new byte[Math.ceilDiv(length, WORD) * WORD];
    int at = from;
    int to = 0;
    while (at < end) {
      int tag = packed[at++] & 0xff;
      if (tag == 0) {
        to += WORD * (1 + (packed[at++] & 0xff));
      } else {
        for (int i = 0; i < WORD; i++) {
          if ((tag >>> i & 1) != 0) {
            plain[to + i] = packed[at++];
          }
        }
        to += WORD;
      }
    }
    if (to != plain.length) {
      throw new IndexOutOfBoundsException(
          "packed bytes have another length: expected=%d length=%d".formatted(plain.length, to));
    }
    return plain;
  }

  private static long word(byte[] plain, int at, int length) {
    if (at + WORD <= length) {
      return (long) LONGS.get(plain, at);
    }
    long word = 0;
    for (int i = 0; at + i < length; i++) {
      word |= (plain[at + i] & 0xffL) << (i * WORD);
    }
    return word;
  }
}
