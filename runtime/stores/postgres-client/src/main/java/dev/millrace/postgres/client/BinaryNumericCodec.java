package dev.millrace.postgres.client;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Arrays;

/**
 * PostgreSQL's {@code numeric} on the wire: count, weight, sign and scale, then digits to base
 * 10000, the most significant first, the decimal point on a boundary of digits.
 */
final class BinaryNumericCodec {
  private static final int BASE = 10_000;
  private static final int DIGITS = 4;
  private static final long TWO_DIGITS = 100_000_000L;
  private static final int NEGATIVE = 0x4000;
  private static final int[] TENS = {1, 10, 100, 1_000};
  private static final long UNSIGNED = 0xFFFF_FFFFL;
  private static final BigInteger CHUNK = BigInteger.valueOf(10_000_000_000_000_000L);

  /** Room for 76 decimal digits times 1000, and some. */
  private final short[] digits = new short[40];

  private final int[] limbs = new int[12];

  void put(NetworkOrderBuffer out, BigInteger value) {
    put(out, value, 0);
  }

  /** Writes {@code unscaled · 10^-scale}. */
  void put(NetworkOrderBuffer out, BigInteger unscaled, int scale) {
    int padding = (DIGITS - scale % DIGITS) % DIGITS;
    int first =
        unscaled.bitLength() <= 52
            ? splitSmall(Math.abs(unscaled.longValue()) * TENS[padding])
            : splitLarge(unscaled, TENS[padding]);
    int fraction = (scale + padding) / DIGITS;
    int weight = digits.length - first - fraction - 1;
    int end = digits.length;
    while (end > first && digits[end - 1] == 0) {
      end--;
    }
    int count = end - first;
    int at = out.reserve(4 + 8 + 2 * count);
    byte[] bytes = out.bytes();
    writeInt(bytes, at, 8 + 2 * count);
    writeShort(bytes, at + 4, count);
    writeShort(bytes, at + 6, count == 0 ? 0 : weight);
    writeShort(bytes, at + 8, unscaled.signum() < 0 ? NEGATIVE : 0);
    writeShort(bytes, at + 10, scale);
    for (int i = 0; i < count; i++) {
      writeShort(bytes, at + 12 + 2 * i, digits[first + i]);
    }
  }

  /** Returns the index in {@link #digits} at which the value begins. */
  private int splitSmall(long value) {
    int first = digits.length;
    for (long rest = value; rest != 0; rest /= BASE) {
      digits[--first] = (short) (rest % BASE);
    }
    return first;
  }

  private int splitLarge(BigInteger value, int factor) {
    int used = multiply(magnitude(value), factor);
    int first = digits.length;
    int top = limbs.length - used;
    while (top < limbs.length) {
      long rest = 0;
      for (int i = top; i < limbs.length; i++) {
        long part = (rest << 32) | (limbs[i] & UNSIGNED);
        limbs[i] = (int) (part / TWO_DIGITS);
        rest = part % TWO_DIGITS;
      }
      digits[--first] = (short) (rest % BASE);
      digits[--first] = (short) (rest / BASE);
      while (top < limbs.length && limbs[top] == 0) {
        top++;
      }
    }
    while (digits[first] == 0) {
      first++;
    }
    return first;
  }

  /** Writes the absolute value to the end of {@link #limbs}; returns the number of limbs used. */
  private int magnitude(BigInteger value) {
    byte[] bytes = value.abs().toByteArray();
    Arrays.fill(limbs, 0);
    for (int i = 0; i < bytes.length; i++) {
      int fromEnd = bytes.length - 1 - i;
      limbs[limbs.length - 1 - fromEnd / 4] |= (bytes[i] & 0xFF) << (8 * (fromEnd % 4));
    }
    return (bytes.length + 3) / 4;
  }

  private int multiply(int used, int factor) {
    long carry = 0;
    for (int i = limbs.length - 1; i >= limbs.length - used; i--) {
      long product = (limbs[i] & UNSIGNED) * factor + carry;
      limbs[i] = (int) product;
      carry = product >>> 32;
    }
    if (carry == 0) {
      return used;
    }
    limbs[limbs.length - used - 1] = (int) carry;
    return used + 1;
  }

  /** Reads {@code value · 10^scale}, which must be whole. */
  static BigInteger unscaled(byte[] bytes, int at, int scale) {
    int count = NetworkOrderBuffer.shortAt(bytes, at);
    int weight = NetworkOrderBuffer.shortAt(bytes, at + 2);
    boolean negative = NetworkOrderBuffer.shortAt(bytes, at + 4) == NEGATIVE;
    BigInteger value = BigInteger.ZERO;
    int i = 0;
    while (i < count) {
      long chunk = 0;
      int taken = 0;
      while (taken < 4 && i < count) {
        chunk = chunk * BASE + NetworkOrderBuffer.shortAt(bytes, at + 8 + 2 * i);
        taken++;
        i++;
      }
      value =
          value.signum() == 0
              ? BigInteger.valueOf(chunk)
              : value
                  .multiply(taken == 4 ? CHUNK : BigInteger.TEN.pow(DIGITS * taken))
                  .add(BigInteger.valueOf(chunk));
    }
    int shift = DIGITS * (weight - count + 1) + scale;
    BigInteger shifted =
        shift >= 0
            ? value.multiply(BigInteger.TEN.pow(shift))
            : value.divide(BigInteger.TEN.pow(-shift));
    return negative ? shifted.negate() : shifted;
  }

  static BigDecimal decimal(byte[] bytes, int at, int scale) {
    return new BigDecimal(unscaled(bytes, at, scale), scale);
  }

  private static void writeInt(byte[] bytes, int at, int value) {
    writeShort(bytes, at, value >>> 16);
    writeShort(bytes, at + 2, value);
  }

  private static void writeShort(byte[] bytes, int at, int value) {
    bytes[at] = (byte) (value >>> 8);
    bytes[at + 1] = (byte) value;
  }
}
