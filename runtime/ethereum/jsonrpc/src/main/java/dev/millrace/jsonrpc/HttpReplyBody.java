package dev.millrace.jsonrpc;

import java.io.IOException;
import java.io.InputStream;

/** The body of one reply: of a known length, in chunks, or until the connection ends. */
final class HttpReplyBody extends InputStream {
  private static final int DRAINED = 64 << 10;

  private final HttpConnectionInput in;
  private final boolean chunked;
  private final long length;

  /** Bytes left of the body or of the chunk; negative if unknown. */
  private long left;

  private boolean begun;
  private boolean ended;

  private HttpReplyBody(HttpConnectionInput in, boolean chunked, long length) {
    this.in = in;
    this.chunked = chunked;
    this.length = length;
    left = chunked ? 0 : length;
    ended = length == 0;
  }

  static HttpReplyBody ofLength(HttpConnectionInput in, long length) {
    return new HttpReplyBody(in, false, length);
  }

  static HttpReplyBody chunked(HttpConnectionInput in) {
    return new HttpReplyBody(in, true, -1);
  }

  static HttpReplyBody untilClosed(HttpConnectionInput in) {
    return new HttpReplyBody(in, false, -1);
  }

  /** The length, if it was announced; else negative. */
  long length() {
    return length;
  }

  /** True if the whole body has been read, and the next reply may follow. */
  boolean isAtEnd() {
    return ended && (chunked || length >= 0);
  }

  @Override
  public int read(byte[] target, int offset, int count) throws IOException {
    if (!ended && chunked && left == 0) {
      nextChunk();
    }
    if (ended) {
      return -1;
    }
    int read = in.read(target, offset, left < 0 ? count : (int) Math.min(count, left));
    if (read < 0) {
      return end();
    }
    if (left >= 0) {
      left -= read;
      ended = left == 0 && !chunked;
    }
    return read;
  }

  private int end() throws IOException {
    if (left >= 0) {
      throw RpcCallException.of(
          RpcCallException.Kind.TORN, "reply ends too early: missing=" + left);
    }
    ended = true;
    return -1;
  }

  private void nextChunk() throws IOException {
    if (begun) {
      in.line(2);
    }
    begun = true;
    String size = in.line(1024);
    int extension = size.indexOf(';');
    try {
      left = Long.parseLong((extension < 0 ? size : size.substring(0, extension)).strip(), 16);
    } catch (NumberFormatException _) {
      throw RpcCallException.of(RpcCallException.Kind.NONSENSE, "chunk has no length");
    }
    if (left < 0) {
      throw RpcCallException.of(RpcCallException.Kind.NONSENSE, "chunk has a negative length");
    }
    if (left == 0) {
      while (!in.headLine().isEmpty()) {
        // Trailers carry nothing that matters here; they count towards the limit of the head.
      }
      ended = true;
    }
  }

  /** Reads a short rest of the body, so that the connection can be kept. */
  void drain() throws IOException {
    byte[] rest = new byte[1024];
    int drained = 0;
    while (!ended && drained < DRAINED) {
      drained += Math.max(0, read(rest, 0, rest.length));
    }
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }
}
