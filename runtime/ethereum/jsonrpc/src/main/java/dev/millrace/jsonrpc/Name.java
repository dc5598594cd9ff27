package dev.millrace.jsonrpc;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** The name of a member to look for, of at most 16 bytes, so that two words are compared. */
public final class Name {
  static final int LONGEST = 16;

  final int length;
  final long first;
  final long second;

  public Name(String text) {
    byte[] bytes = Arrays.copyOf(text.getBytes(StandardCharsets.US_ASCII), LONGEST);
    length = text.length();
    if (length > LONGEST) {
      throw new IllegalArgumentException("name is too long: name=" + text);
    }
    first = (long) ByteWindow.LONGS.get(bytes, 0);
    second = (long) ByteWindow.LONGS.get(bytes, 8);
  }
}
