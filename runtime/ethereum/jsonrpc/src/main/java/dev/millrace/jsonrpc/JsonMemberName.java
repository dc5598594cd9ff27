package dev.millrace.jsonrpc;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** The name of a member to look for, of at most 16 bytes, so that two words are compared. */
public final class JsonMemberName {
  static final int MAX_LENGTH = 16;

  final int length;
  final long first;
  final long second;

  public JsonMemberName(String text) {
    byte[] bytes = Arrays.copyOf(text.getBytes(StandardCharsets.US_ASCII), MAX_LENGTH);
    length = text.length();
    if (length > MAX_LENGTH) {
      throw new IllegalArgumentException("name is too long: name=" + text);
    }
    first = (long) StreamByteWindow.LONGS.get(bytes, 0);
    second = (long) StreamByteWindow.LONGS.get(bytes, 8);
  }
}
