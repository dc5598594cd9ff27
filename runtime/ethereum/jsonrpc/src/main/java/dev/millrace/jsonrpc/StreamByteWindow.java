package dev.millrace.jsonrpc;

import java.io.IOException;
import java.io.InputStream;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * A forward-moving window on a stream of bytes. It is as long as the longest piece that has to be
 * seen at once.
 */
public abstract sealed class StreamByteWindow permits JsonStreamReader {
  static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  static final long QUOTES = 0x2222222222222222L;
  static final long BACKSLASHES = 0x5C5C5C5C5C5C5C5CL;
  private static final long ONES = 0x0101010101010101L;
  private static final long HIGHS = 0x8080808080808080L;

  /** Words are loaded whole, so there is always room for two of them behind the last byte. */
  private static final int SLACK = 16;

  /**
   * Bytes of a stream that are not counted: those that the buffer holds, which is there anyway. So
   * a small reply waits for nothing.
   */
  static final int FREE = 1 << 16;

  byte[] buffer;
  int at;
  int end;
  private InputStream in = InputStream.nullInputStream();
  private long total;
  private long most;
  private ByteMeter meter = ByteMeter.NONE;

  /** Counts the bytes of a stream beyond {@link #FREE} as they arrive; the reader may wait. */
  interface ByteMeter {
    ByteMeter NONE = _ -> {};

    void add(int bytes) throws IOException;
  }

  StreamByteWindow(int room) {
    buffer = new byte[room + SLACK];
  }

  final void begin(InputStream stream, long limit, ByteMeter count) {
    in = stream;
    meter = count;
    at = 0;
    end = 0;
    total = 0;
    most = limit;
  }

  /** Number of bytes of the stream read so far. */
  public final long bytesRead() {
    return total;
  }

  /** Returns the next byte that is not white space, without consuming it. */
  public final int peek() throws IOException {
    if (at < end && buffer[at] > ' ') {
      return buffer[at];
    }
    return peekFurther();
  }

  private int peekFurther() throws IOException {
    while (true) {
      while (at < end) {
        byte b = buffer[at];
        if (b != ' ' && b != '\n' && b != '\r' && b != '\t') {
          return b;
        }
        at++;
      }
      if (!fill()) {
        throw RpcCallException.of(RpcCallException.Kind.TORN, "reply ends too early");
      }
    }
  }

  /** True if nothing but white space is left. */
  public final boolean isAtEnd() throws IOException {
    while (at < end || fill()) {
      if (buffer[at] > ' ') {
        return false;
      }
      at++;
    }
    return true;
  }

  final void skipString() throws IOException {
    at++;
    while (true) {
      while (end - at >= 8) {
        long word = (long) LONGS.get(buffer, at);
        long special = zeroBytes(word ^ QUOTES) | zeroBytes(word ^ BACKSLASHES);
        if (special != 0) {
          at += Long.numberOfTrailingZeros(special) >>> 3;
          break;
        }
        at += 8;
      }
      if (!available(2) && !available(1)) {
        throw RpcCallException.of(RpcCallException.Kind.TORN, "reply ends within a string");
      }
      byte b = buffer[at++];
      if (b == '"') {
        return;
      }
      if (b == '\\') {
        if (!available(1)) {
          throw RpcCallException.of(RpcCallException.Kind.TORN, "reply ends within a string");
        }
        at++;
      }
    }
  }

  /** Skips a value that is neither string nor bracket: a number, true, false or null. */
  final void skipWord() throws IOException {
    if (!isOfWord(buffer[at])) {
      throw nonsense("expected a value");
    }
    skipRest();
  }

  final void skipRest() throws IOException {
    while ((at < end || fill()) && isOfWord(buffer[at])) {
      at++;
    }
  }

  private static boolean isOfWord(byte b) {
    return (b >= '0' && b <= '9')
        || (b >= 'a' && b <= 'z')
        || b == '.'
        || b == '-'
        || b == '+'
        || b == 'E';
  }

  /** Sets the high bit of the lowest zero byte of a word, and maybe of bytes above it. */
  static long zeroBytes(long word) {
    return (word - ONES) & ~word & HIGHS;
  }

  final RpcCallException nonsense(String rule) {
    String here =
        new String(buffer, at, Math.min(40, end - at), StandardCharsets.ISO_8859_1)
            .replaceAll("\\s+", " ");
    return RpcCallException.of(
        RpcCallException.Kind.NONSENSE, "%s: found=%s".formatted(rule, here));
  }

  /** Returns the beginning of the stream, as text on one line. */
  final String beginning(int max) throws IOException {
    available(Math.min(max, buffer.length - SLACK));
    return new String(buffer, at, Math.min(max, end - at), StandardCharsets.UTF_8)
        .replaceAll("\\s+", " ")
        .strip();
  }

  /** True if that many bytes are in the buffer; fills it if necessary. */
  final boolean available(int bytes) throws IOException {
    while (end - at < bytes) {
      if (!fill()) {
        return false;
      }
    }
    return true;
  }

  /** Reads more bytes behind the unread ones; false at the end of the stream. */
  final boolean fill() throws IOException {
    int left = end - at;
    if (at > 0) {
      System.arraycopy(buffer, at, buffer, 0, left);
      at = 0;
      end = left;
    }
    if (end == buffer.length - SLACK) {
      buffer = Arrays.copyOf(buffer, (buffer.length - SLACK) * 2 + SLACK);
    }
    int read = in.read(buffer, end, buffer.length - SLACK - end);
    if (read <= 0) {
      return false;
    }
    end += read;
    total += read;
    if (total > most) {
      throw RpcCallException.of(
          RpcCallException.Kind.TOO_LARGE, "reply is larger than we read: limit=" + most);
    }
    if (total > FREE) {
      meter.add((int) Math.min(read, total - FREE));
    }
    return true;
  }
}
