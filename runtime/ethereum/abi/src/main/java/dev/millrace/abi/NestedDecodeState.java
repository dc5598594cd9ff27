package dev.millrace.abi;

/**
 * The words of one log while nested values are read from them.
 *
 * <p>Offsets may point to one place many times, so that a short log could encode a huge value. No
 * compiler writes such logs; here all bytes read count against a budget in proportion to the log.
 */
final class NestedDecodeState {
  /** Allows contracts to share a tail here and there, still in proportion to the log. */
  private static final int TIMES = 4;

  private final byte[] words;
  private final int length;
  private long left;

  NestedDecodeState(byte[] words, int length) {
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
