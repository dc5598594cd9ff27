package dev.millrace.loaders;

import java.nio.charset.StandardCharsets;

/**
 * How long a value of an indexed column may be. PostgreSQL takes no more than 2,704 bytes into an
 * entry of an index, and says so only when the index is built.
 */
final class KeyLength {
  private static final int MOST = 2_000;
  private static final int MOST_BYTES_PER_CHAR = 3;

  private KeyLength() {}

  /**
   * Refuses what no index takes.
   *
   * @throws IllegalArgumentException if the value is too long
   */
  static void check(Object value) {
    int length =
        switch (value) {
          case String text ->
              text.length() <= MOST / MOST_BYTES_PER_CHAR
                  ? 0
                  : text.getBytes(StandardCharsets.UTF_8).length;
          case Bytes bytes -> bytes.length();
          default -> 0;
        };
    if (length > MOST) {
      throw new IllegalArgumentException(
          "value is too long for an index: bytes=%d most=%d".formatted(length, MOST));
    }
  }
}
