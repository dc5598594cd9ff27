package dev.millrace.jsonrpc;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** Converts hex digits to bytes, eight digits at a time within one {@code long}. */
final class HexDigitDecoder {
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);
  private static final VarHandle INTS =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);

  private static final long ONES = 0x0101010101010101L;
  private static final long LOW = 0x0F0F0F0F0F0F0F0FL;

  private HexDigitDecoder() {}

  /** Decodes groups of eight digits to four bytes each; false if a digit is invalid. */
  static boolean decode(byte[] from, int at, byte[] target, int offset, int fours) {
    long wrong = 0;
    for (int i = 0; i < fours; i++) {
      long digits = (long) LONGS.get(from, at + (i << 3));
      long values = values(digits);
      wrong |= difference(digits, values);
      INTS.set(target, offset + (i << 2), packed(values));
    }
    return wrong == 0;
  }

  /** Decodes groups of eight digits up to the first invalid one; returns their number. */
  static int decodeWhile(byte[] from, int at, byte[] target, int offset, int fours) {
    for (int i = 0; i < fours; i++) {
      long digits = (long) LONGS.get(from, at + (i << 3));
      long values = values(digits);
      if (difference(digits, values) != 0) {
        return i;
      }
      INTS.set(target, offset + (i << 2), packed(values));
    }
    return fours;
  }

  /** The value of one digit; negative if it is not a hex digit. */
  static int value(int digit) {
    if (digit >= '0' && digit <= '9') {
      return digit - '0';
    }
    int lower = digit | 0x20;
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
  }

  /** The value of each byte: its low four bits, plus nine for a letter. */
  private static long values(long digits) {
    return (digits & LOW) + ((digits >>> 6) & ONES) * 9;
  }

  /** Zero if writing the values again gives the digits, in either case. */
  private static long difference(long digits, long values) {
    long letters = ((values + ONES * 6) >>> 4) & ONES;
    long written = values + ONES * 0x30 + letters * 0x27;
    return (written ^ (digits | (ONES * 0x20))) | (values & ~LOW);
  }

  private static int packed(long values) {
    long pairs = (values | (values >>> 4)) & 0x00FF00FF00FF00FFL;
    long fours = (pairs | (pairs >>> 8)) & 0x0000FFFF0000FFFFL;
    return (int) (fours | (fours >>> 16));
  }
}
