package dev.millrace.rpc;

import java.util.Arrays;

/** Bytes that grow at their end. Confined to one thread. */
final class ByteRun {
  byte[] bytes;
  int length;

  ByteRun(int room) {
    bytes = new byte[room];
  }

  /** Makes room for more bytes; whoever fills it moves {@link #length}. */
  void ensure(int more) {
    if (bytes.length - length < more) {
      bytes = Arrays.copyOf(bytes, Math.max(Math.addExact(length, more), bytes.length * 2));
    }
  }

  void add(byte[] from, int at, int count) {
    ensure(count);
    System.arraycopy(from, at, bytes, length, count);
    length += count;
  }

  byte[] copy() {
    return Arrays.copyOf(bytes, length);
  }
}
