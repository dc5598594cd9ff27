package dev.millrace.abi;

/**
 * The words of one log while something nested is read from them.
 *
 * <p>Offsets may point at one place many times, so that a short log could spell out a huge value.
 * No compiler writes such logs; here all that is read counts against what there is.
 */
final class LogReading {
  /** Room for contracts that share a tail here and there, and still in proportion to the log. */
  private static final int TIMES = 4;

  private final byte[] words;
  private final int length;
  private long left;

  LogReading(byte[] words, int length) {
    this.words = words;
    this.length = length;
    this.left = (long) TIMES * length;
  }

  byte[] words() {
    return words;
  }

  int length() {
    return length;
  }

  void spend(int bytes) {
    left -= bytes;
    if (left < 0) {
      throw new UndecodableException("data is read over and over: bytes=" + length);
    }
  }
}
