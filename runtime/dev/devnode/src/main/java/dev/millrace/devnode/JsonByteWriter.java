package dev.millrace.devnode;

import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes32;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Output buffer of a connection, used again for each of its answers. Confined to the thread of the
 * connection.
 *
 * <p>An answer that fits goes out as a whole, with its length. A longer one leaves in chunks while
 * it is being written, so that its size costs no memory; unless it is held, for changes before it
 * is sent.
 */
final class JsonByteWriter {
  private static final int CHUNK = 128 * 1024;

  /** Room before the body: for a status line with its headers, or for the size of a chunk. */
  private static final int FRONT = 512;

  /** Bytes that may be written without a check for room. */
  private static final int SLACK = 2048;

  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);
  private static final VarHandle ASCII =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);
  private static final byte[] LAST_CHUNK = ascii("0\r\n\r\n");
  private static final byte[] CHUNKED =
      ascii(
          "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n");

  private final OutputStream out;
  private byte[] buffer = new byte[FRONT + CHUNK + SLACK];
  private int at = FRONT;
  private boolean chunked;
  private boolean heldBack;

  JsonByteWriter(OutputStream out) {
    this.out = out;
  }

  static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  /** Begins an answer; a held answer stays in memory until the end. */
  void begin(boolean hold) {
    at = FRONT;
    chunked = false;
    heldBack = hold;
  }

  JsonByteWriter raw(byte[] bytes) throws IOException {
    return raw(bytes, 0, bytes.length);
  }

  JsonByteWriter raw(byte[] bytes, int from, int length) throws IOException {
    int begin = from;
    int left = length;
    while (left > SLACK) {
      raw(bytes, begin, SLACK);
      begin += SLACK;
      left -= SLACK;
    }
    System.arraycopy(bytes, begin, buffer, at, left);
    at += left;
    make();
    return this;
  }

  JsonByteWriter text(String text) throws IOException {
    return raw(text.getBytes(StandardCharsets.UTF_8));
  }

  /** Writes a number as Ethereum does: in quotes, as hex without leading zeros. */
  JsonByteWriter quantity(long value) throws IOException {
    buffer[at] = '"';
    buffer[at + 1] = '0';
    buffer[at + 2] = 'x';
    at = Hex.quantity(value, buffer, at + 3);
    buffer[at++] = '"';
    make();
    return this;
  }

  JsonByteWriter hash(Bytes32 hash) throws IOException {
    return data(hash.bytes(), 0, Bytes32.LENGTH);
  }

  JsonByteWriter address(Address address) throws IOException {
    return data(address.bytes(), 0, Address.LENGTH);
  }

  /** Writes bytes as hex in quotes. */
  JsonByteWriter data(byte[] bytes, int from, int length) throws IOException {
    buffer[at] = '"';
    buffer[at + 1] = '0';
    buffer[at + 2] = 'x';
    at += 3;
    for (int each = from; each < from + length; each++) {
      Hex.pair(bytes[each], buffer, at);
      at += 2;
      make();
    }
    buffer[at++] = '"';
    make();
    return this;
  }

  /**
   * Returns the buffer, for a piece shorter than a kilobyte that the caller writes at {@link #at}
   * before the next one.
   */
  byte[] buffer() {
    return buffer;
  }

  int at() {
    return at;
  }

  /** Sets the end of a piece that was written to the buffer. */
  void endAt(int end) throws IOException {
    at = end;
    make();
  }

  /** Makes room for the next piece. */
  private void make() throws IOException {
    if (at < buffer.length - SLACK) {
      return;
    }
    if (heldBack) {
      buffer = Arrays.copyOf(buffer, buffer.length * 2);
      return;
    }
    flush();
  }

  private void flush() throws IOException {
    if (!chunked) {
      out.write(CHUNKED);
      chunked = true;
    }
    if (at == FRONT) {
      return;
    }
    byte[] size = ascii(Integer.toHexString(at - FRONT) + "\r\n");
    int begin = FRONT - size.length;
    System.arraycopy(size, 0, buffer, begin, size.length);
    buffer[at] = '\r';
    buffer[at + 1] = '\n';
    out.write(buffer, begin, at + 2 - begin);
    at = FRONT;
  }

  /** Returns the bytes of a held answer. */
  byte[] heldBack() {
    return Arrays.copyOfRange(buffer, FRONT, at);
  }

  /** Sends the rest of an answer. */
  void end() throws IOException {
    if (chunked) {
      flush();
      out.write(LAST_CHUNK);
      return;
    }
    byte[] head =
        ascii(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
                + (at - FRONT)
                + "\r\n\r\n");
    int begin = FRONT - head.length;
    System.arraycopy(head, 0, buffer, begin, head.length);
    out.write(buffer, begin, at - begin);
    at = FRONT;
  }

  /** Hex digits by arithmetic and by table. */
  static final class Hex {
    private static final byte[] DIGITS = ascii("0123456789abcdef");
    private static final long LOW = 0x0F0F0F0F0F0F0F0FL;
    private static final long ONES = 0x0101010101010101L;

    private Hex() {}

    static void pair(byte value, byte[] target, int at) {
      target[at] = DIGITS[(value >> 4) & 15];
      target[at + 1] = DIGITS[value & 15];
    }

    /** Writes eight bytes as sixteen digits. */
    static void word(long value, byte[] target, int at) {
      ASCII.set(target, at, digits(value >>> 32));
      ASCII.set(target, at + 8, digits(value & 0xFFFF_FFFFL));
    }

    static void bytes(byte[] source, int from, int words, byte[] target, int at) {
      for (int each = 0; each < words; each++) {
        word((long) LONGS.get(source, from + 8 * each), target, at + 16 * each);
      }
    }

    /**
     * Spreads eight nibbles over eight bytes and shifts them to the digits, those above nine
     * further.
     */
    private static long digits(long nibbles) {
      long spread = (nibbles | (nibbles << 16)) & 0x0000FFFF0000FFFFL;
      spread = (spread | (spread << 8)) & 0x00FF00FF00FF00FFL;
      spread = (spread | (spread << 4)) & LOW;
      long letters = ((spread + 6 * ONES) >>> 4) & ONES;
      return spread + '0' * ONES + letters * ('a' - '0' - 10);
    }

    /** Writes a number without leading zeros and returns its end. */
    static int quantity(long value, byte[] target, int at) {
      int digits = Math.max(1, 16 - Long.numberOfLeadingZeros(value) / 4);
      for (int digit = digits - 1; digit >= 0; digit--) {
        target[at + digits - 1 - digit] = DIGITS[(int) (value >>> (4 * digit)) & 15];
      }
      return at + digits;
    }
  }
}
