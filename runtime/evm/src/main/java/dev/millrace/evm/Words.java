package dev.millrace.evm;

import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes;
import dev.millrace.loaders.Bytes32;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.math.BigInteger;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * Reads the words of a log. Each reader refuses what its type could not have written; the caller
 * knows where the log stands and says so.
 */
final class Words {
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);
  private static final VarHandle INTS =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);

  private Words() {}

  static Address address(Log log, int at) {
    byte[] words = log.words();
    if ((long) LONGS.get(words, at) != 0 || (int) INTS.get(words, at + 8) != 0) {
      throw refused("address has more than 20 bytes", at);
    }
    return Address.of(words, at + 12);
  }

  static boolean bool(Log log, int at) {
    long value = small(log.words(), at, 0, "bool");
    if (value != 0 && value != 1) {
      throw refused("bool is neither 0 nor 1", at);
    }
    return value == 1;
  }

  static Bytes32 word(Log log, int at) {
    return Bytes32.of(log.words(), at);
  }

  static Bytes fixed(Log log, int at, int length) {
    byte[] words = log.words();
    checkZero(words, at + length, at + Log.WORD, at);
    return Bytes.of(words, at, at + length);
  }

  static BigInteger unsigned(Log log, int at, int bits) {
    byte[] words = log.words();
    if (((long) LONGS.get(words, at)
            | (long) LONGS.get(words, at + 8)
            | (long) LONGS.get(words, at + 16))
        == 0) {
      long low = (long) LONGS.get(words, at + 24);
      if (low >= 0 && (bits >= Long.SIZE || low >>> bits == 0)) {
        return BigInteger.valueOf(low); // most amounts, and no array on the way
      }
    }
    BigInteger value = new BigInteger(1, words, at, Log.WORD);
    if (value.bitLength() > bits) {
      throw refused("uint%d is too large".formatted(bits), at);
    }
    return value;
  }

  static BigInteger signed(Log log, int at, int bits) {
    BigInteger value = new BigInteger(log.words(), at, Log.WORD);
    if (value.bitLength() > bits - 1) {
      throw refused("int%d is out of range".formatted(bits), at);
    }
    return value;
  }

  /** For {@code uint} of at most 56 bits. */
  static long unsignedLong(Log log, int at, int bits) {
    long value = small(log.words(), at, 0, "uint");
    if (value >>> bits != 0) {
      throw refused("uint%d is too large".formatted(bits), at);
    }
    return value;
  }

  /** For {@code int} of at most 64 bits. */
  static long signedLong(Log log, int at, int bits) {
    byte[] words = log.words();
    long value = (long) LONGS.get(words, at + 24);
    small(words, at, value >> 63, "int");
    int unused = Long.SIZE - bits;
    if (value << unused >> unused != value) {
      throw refused("int%d is out of range".formatted(bits), at);
    }
    return value;
  }

  static int unsignedInt(Log log, int at, int bits) {
    return (int) unsignedLong(log, at, bits);
  }

  static int signedInt(Log log, int at, int bits) {
    return (int) signedLong(log, at, bits);
  }

  static Bytes bytes(Log log, int at) {
    int from = tail(log, at);
    return Bytes.of(log.words(), from, from + tailLength(log, from));
  }

  /** Text as the chain holds it; what is no UTF-8 becomes U+FFFD, because anyone may write it. */
  static String text(Log log, int at) {
    int from = tail(log, at);
    return new String(log.words(), from, tailLength(log, from), StandardCharsets.UTF_8);
  }

  /** Where the bytes begin that the head at this place points to. */
  private static int tail(Log log, int at) {
    long offset = small(log.words(), at, 0, "offset");
    long from = offset + log.topics() * (long) Log.WORD + Log.WORD;
    if (offset < 0 || offset > log.dataLength() || from > log.length()) {
      throw refused("offset lies outside the data", at);
    }
    return (int) from;
  }

  private static int tailLength(Log log, int from) {
    int at = from - Log.WORD;
    long length = small(log.words(), at, 0, "length");
    if (length < 0 || length > log.length() - from) {
      throw refused("length reaches outside the data", at);
    }
    int end = from + (int) length;
    int padded = Math.min(log.length(), from + Math.ceilDiv((int) length, Log.WORD) * Log.WORD);
    checkZero(log.words(), end, padded, at);
    return (int) length;
  }

  /** The last eight bytes of a word whose other bytes repeat the sign. */
  private static long small(byte[] words, int at, long sign, String type) {
    if ((long) LONGS.get(words, at) != sign
        || (long) LONGS.get(words, at + 8) != sign
        || (long) LONGS.get(words, at + 16) != sign) {
      throw refused(type + " is out of range", at);
    }
    return (long) LONGS.get(words, at + 24);
  }

  private static void checkZero(byte[] words, int from, int to, int at) {
    for (int i = from; i < to; i++) {
      if (words[i] != 0) {
        throw refused("padding is not zero", at);
      }
    }
  }

  private static IllegalArgumentException refused(String rule, int at) {
    return new IllegalArgumentException(rule + ": word=" + at / Log.WORD);
  }
}
