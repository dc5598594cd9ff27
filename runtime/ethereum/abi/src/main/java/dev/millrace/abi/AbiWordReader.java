package dev.millrace.abi;

import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes;
import dev.millrace.loaders.Bytes32;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.math.BigInteger;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * Reads the words of a log: its topics, then its data. Each reader refuses words that its type
 * could not have encoded; the caller knows the position of the log and reports it.
 *
 * <p>The caller makes sure that a word lies inside the log. Data behind the heads is found by an
 * offset that counts from {@code frame}, where the heads of its array, tuple or data begin.
 */
final class AbiWordReader {
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);
  private static final VarHandle INTS =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);

  private AbiWordReader() {}

  static Address address(byte[] words, int at) {
    if ((long) LONGS.get(words, at) != 0 || (int) INTS.get(words, at + 8) != 0) {
      throw refused("address has more than 20 bytes", at);
    }
    return Address.of(words, at + 12);
  }

  static boolean bool(byte[] words, int at) {
    long value = small(words, at, 0, "bool");
    if (value != 0 && value != 1) {
      throw refused("bool is neither 0 nor 1", at);
    }
    return value == 1;
  }

  static Bytes32 word(byte[] words, int at) {
    return Bytes32.of(words, at);
  }

  static Bytes fixed(byte[] words, int at, int length) {
    checkZero(words, at + length, at + AbiType.WORD, at);
    return Bytes.of(words, at, at + length);
  }

  static BigInteger unsigned(byte[] words, int at, int bits) {
    if (((long) LONGS.get(words, at)
            | (long) LONGS.get(words, at + 8)
            | (long) LONGS.get(words, at + 16))
        == 0) {
      long low = (long) LONGS.get(words, at + 24);
      if (low >= 0 && (bits >= Long.SIZE || low >>> bits == 0)) {
        return BigInteger.valueOf(low); // fits most amounts, and saves an array
      }
    }
    BigInteger value = new BigInteger(1, words, at, AbiType.WORD);
    if (value.bitLength() > bits) {
      throw refused("uint%d is too large".formatted(bits), at);
    }
    return value;
  }

  static BigInteger signed(byte[] words, int at, int bits) {
    BigInteger value = new BigInteger(words, at, AbiType.WORD);
    if (value.bitLength() > bits - 1) {
      throw refused("int%d is out of range".formatted(bits), at);
    }
    return value;
  }

  /** Reads a {@code uint} of at most 56 bits. */
  static long unsignedLong(byte[] words, int at, int bits) {
    long value = small(words, at, 0, "uint");
    if (value >>> bits != 0) {
      throw refused("uint%d is too large".formatted(bits), at);
    }
    return value;
  }

  /** Reads an {@code int} of at most 64 bits. */
  static long signedLong(byte[] words, int at, int bits) {
    long value = (long) LONGS.get(words, at + 24);
    small(words, at, value >> 63, "int");
    int unused = Long.SIZE - bits;
    if (value << unused >> unused != value) {
      throw refused("int%d is out of range".formatted(bits), at);
    }
    return value;
  }

  static int unsignedInt(byte[] words, int at, int bits) {
    return (int) unsignedLong(words, at, bits);
  }

  static int signedInt(byte[] words, int at, int bits) {
    return (int) signedLong(words, at, bits);
  }

  static Bytes bytes(byte[] words, int length, int frame, int at) {
    int from = tail(words, length, frame, at, AbiType.WORD) + AbiType.WORD;
    return Bytes.of(words, from, from + tailLength(words, length, from));
  }

  /** Reads text; invalid UTF-8 becomes U+FFFD, because anyone may write it. */
  static String text(byte[] words, int length, int frame, int at) {
    int from = tail(words, length, frame, at, AbiType.WORD) + AbiType.WORD;
    return new String(words, from, tailLength(words, length, from), StandardCharsets.UTF_8);
  }

  /** Resolves the offset in the head at {@code at}; at least {@code least} bytes follow it. */
  static int tail(byte[] words, int length, int frame, int at, int least) {
    long offset = small(words, at, 0, "offset");
    if (offset < 0 || offset > (long) length - frame - least) {
      throw refused("offset lies outside the data", at);
    }
    return frame + (int) offset;
  }

  /** Returns the number of bytes from {@code from} on, as the word before states it. */
  static int tailLength(byte[] words, int length, int from) {
    int at = from - AbiType.WORD;
    int bytes = count(words, at, length - from);
    int end = from + bytes;
    int padded = Math.min(length, from + Math.ceilDiv(bytes, AbiType.WORD) * AbiType.WORD);
    checkZero(words, end, padded, at);
    return bytes;
  }

  /** Reads a length or a count that must not exceed the space available. */
  static int count(byte[] words, int at, int max) {
    long count = small(words, at, 0, "length");
    if (count < 0 || count > max) {
      throw refused("length reaches outside the data", at);
    }
    return (int) count;
  }

  /** Returns the last eight bytes of a word whose other bytes repeat the sign. */
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

  private static UndecodableException refused(String rule, int at) {
    return new UndecodableException(rule + ": word=" + at / AbiType.WORD);
  }
}
