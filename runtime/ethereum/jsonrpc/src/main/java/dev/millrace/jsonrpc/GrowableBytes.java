package dev.millrace.jsonrpc;

import java.util.Arrays;

/**
 * A growing run of bytes; the first {@link #length} of {@link #bytes} count. Confined to one
 * thread.
 */
public final class GrowableBytes {
  public byte[] bytes;
  public int length;

  public GrowableBytes(int room) {
    bytes = new byte[room];
  }

  /** Makes room for more bytes; the caller that writes them advances {@link #length}. */
  public void ensure(int more) {
    if (bytes.length - length < more) {
      bytes = Arrays.copyOf(bytes, Math.max(Math.addExact(length, more), bytes.length * 2));
    }
  }

  public void add(byte[] from, int at, int count) {
    ensure(count);
    System.arraycopy(from, at, bytes, length, count);
    length += count;
  }

  public byte[] copy() {
    return Arrays.copyOf(bytes, length);
  }
}
