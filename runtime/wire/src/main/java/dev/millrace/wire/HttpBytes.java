package dev.millrace.wire;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;

/**
 * The bytes of a connection: lines of heads through a small buffer, bodies past it. Used by one
 * thread at a time.
 */
final class HttpBytes {
  private final InputStream in;
  private final byte[] buffer = new byte[4096];
  private int at;
  private int end;

  HttpBytes(InputStream in) {
    this.in = in;
  }

  /** Waits for a byte; false if the connection has ended. */
  boolean hasMore() throws IOException {
    if (at < end) {
      return true;
    }
    at = 0;
    end = Math.max(0, in.read(buffer, 0, buffer.length));
    return end > 0;
  }

  /** The next line, without its end. */
  String line(int most) throws IOException {
    ByteRun line = new ByteRun(64);
    while (hasMore()) {
      byte b = buffer[at++];
      if (b == '\n') {
        int length = line.length;
        boolean carriage = length > 0 && line.bytes[length - 1] == '\r';
        return new String(
            line.bytes, 0, carriage ? length - 1 : length, StandardCharsets.ISO_8859_1);
      }
      line.ensure(1);
      line.bytes[line.length++] = b;
      if (line.length > most) {
        throw Trouble.of(Trouble.Kind.NONSENSE, "head of the reply is too long: limit=" + most);
      }
    }
    throw Trouble.of(Trouble.Kind.TORN, "reply ends within its head");
  }

  int read(byte[] target, int offset, int count) throws IOException {
    if (at == end) {
      return in.read(target, offset, count);
    }
    int taken = Math.min(count, end - at);
    System.arraycopy(buffer, at, target, offset, taken);
    at += taken;
    return taken;
  }
}
