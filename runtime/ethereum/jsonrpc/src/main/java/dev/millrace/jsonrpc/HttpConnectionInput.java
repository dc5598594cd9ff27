package dev.millrace.jsonrpc;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;

/**
 * The bytes of a connection: heads are read line by line through a small buffer, bodies bypass it.
 * Used by one thread at a time.
 */
final class HttpConnectionInput {
  private final DeadlineSocket socket;
  private final InputStream in;
  private final byte[] buffer = new byte[4096];
  private int at;
  private int end;
  private int headLeft;

  private boolean isTimed;

  /** Bytes received of the current reply. */
  private long received;

  private final long max;

  /**
   * @param max the most bytes of one reply, packed and with its head: what unpacks them may drop
   *     some before they are counted
   */
  HttpConnectionInput(DeadlineSocket socket, long max) throws IOException {
    this.socket = socket;
    this.max = max;
    in = socket.in();
  }

  /**
   * Starts the deadline of a reply. A node that sends a byte now and then is never silent, so a
   * reply has a deadline besides: some patience, and the time that its bytes take on a slow line.
   */
  void beginReply(long nanos) {
    received = 0;
    isTimed = true;
    socket.begin(nanos);
  }

  /** Ends the deadline; later reads have none. */
  void endReply() {
    isTimed = false;
    socket.end();
  }

  private int receive(byte[] target, int offset, int count) throws IOException {
    try {
      int read = in.read(target, offset, count);
      if (isTimed && read > 0) {
        received += read;
        socket.received(read);
        if (received > max) {
          throw RpcCallException.of(
              RpcCallException.Kind.TOO_LARGE, "reply is larger than we read: limit=" + max);
        }
      }
      return read;
    } catch (IOException failed) {
      throw isTimed && socket.isLate()
          ? RpcCallException.of(
              RpcCallException.Kind.TIMEOUT, "reply takes too long: bytes=" + received)
          : failed;
    }
  }

  /** True if all received bytes have been taken. */
  boolean isEmpty() {
    return at == end;
  }

  /** Waits for a byte; false if the connection has ended. */
  boolean hasMore() throws IOException {
    if (at < end) {
      return true;
    }
    at = 0;
    end = Math.max(0, receive(buffer, 0, buffer.length));
    return end > 0;
  }

  /** Begins the head of a reply, of at most {@code most} bytes: endless lines would fill memory. */
  void beginHead(int max) {
    headLeft = max;
  }

  /** Reads the next line of the head, without its line end. */
  String headLine() throws IOException {
    String line = line(headLeft);
    headLeft -= line.length() + 2;
    if (headLeft < 0) {
      throw RpcCallException.of(RpcCallException.Kind.NONSENSE, "head of the reply is too long");
    }
    return line;
  }

  /** Reads the next line, without its line end. */
  String line(int max) throws IOException {
    GrowableBytes line = new GrowableBytes(64);
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
      if (line.length > max) {
        throw RpcCallException.of(RpcCallException.Kind.NONSENSE, "head of the reply is too long");
      }
    }
    throw RpcCallException.of(RpcCallException.Kind.TORN, "reply ends within its head");
  }

  int read(byte[] target, int offset, int count) throws IOException {
    if (at == end) {
      return receive(target, offset, count);
    }
    int taken = Math.min(count, end - at);
    System.arraycopy(buffer, at, target, offset, taken);
    at += taken;
    return taken;
  }
}
