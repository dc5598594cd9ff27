package dev.millrace.chdb;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The body of a request. Its end is where its length or its last chunk says; a connection that ends
 * before is an error, never an end.
 */
final class Body extends InputStream {
  private static final byte[] CONTINUE = "HTTP/1.1 100 Continue\r\n\r\n".getBytes(ISO_8859_1);

  private final InputStream in;
  private final boolean chunked;

  /** Where the client waits for a word before it sends the body. */
  private final @Nullable OutputStream awaited;

  /** Of the chunk, or of the whole body. */
  private long left;

  private boolean begun;
  private boolean ended;

  private Body(InputStream in, boolean chunked, long left, @Nullable OutputStream awaited) {
    this.in = in;
    this.chunked = chunked;
    this.left = left;
    this.awaited = awaited;
    this.ended = !chunked && left == 0;
  }

  static Body of(Map<String, String> headers, InputStream in, OutputStream out) throws IOException {
    boolean awaits = headers.getOrDefault("expect", "").equalsIgnoreCase("100-continue");
    OutputStream awaited = awaits ? out : null;
    String encoding = headers.getOrDefault("transfer-encoding", "");
    if (encoding.equalsIgnoreCase("chunked")) {
      return new Body(in, true, 0, awaited);
    }
    if (!encoding.isEmpty()) {
      throw new IOException("body must come plain or chunked: encoding=" + encoding);
    }
    try {
      long length = Long.parseLong(headers.getOrDefault("content-length", "0"));
      if (length < 0) {
        throw new IOException("length of a body must not be negative: length=" + length);
      }
      return new Body(in, false, length, awaited);
    } catch (NumberFormatException e) {
      throw new IOException("length of a body must be a number", e);
    }
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] bytes, int offset, int length) throws IOException {
    if (length == 0) {
      return 0;
    }
    if (!ended && !begun) {
      begun = true;
      if (awaited != null) {
        awaited.write(CONTINUE);
        awaited.flush();
      }
    }
    if (!ended && chunked && left == 0) {
      beginChunk();
    }
    if (ended) {
      return -1;
    }
    int count = in.read(bytes, offset, (int) Math.min(length, left));
    if (count < 0) {
      throw new EOFException("body must end where its length says");
    }
    left -= count;
    if (left == 0) {
      if (chunked) {
        line();
      } else {
        ended = true;
      }
    }
    return count;
  }

  private void beginChunk() throws IOException {
    String size = line();
    int semicolon = size.indexOf(';');
    try {
      left = Long.parseLong((semicolon < 0 ? size : size.substring(0, semicolon)).strip(), 16);
    } catch (NumberFormatException e) {
      throw new IOException("chunk must begin with its size", e);
    }
    if (left < 0) {
      throw new IOException("chunk must not be of a negative size: size=" + left);
    }
    if (left == 0) {
      while (!line().isEmpty()) {
        // Trailers say nothing that is needed here.
      }
      ended = true;
    }
  }

  private String line() throws IOException {
    byte[] line = new byte[256];
    int count = 0;
    while (true) {
      int next = in.read();
      if (next < 0) {
        throw new EOFException("body must end with a chunk of no size");
      }
      if (next == '\n') {
        return new String(line, 0, count, ISO_8859_1).strip();
      }
      if (count == line.length) {
        throw new IOException("line between chunks must be shorter: limit=" + line.length);
      }
      line[count++] = (byte) next;
    }
  }

  /** Whether the next request may follow on the connection; reads the rest of this one. */
  boolean drain() {
    try {
      if (awaited != null && !begun && !ended) {
        // It waits to be asked for a body that nobody wants any more.
        return false;
      }
      transferTo(OutputStream.nullOutputStream());
      return true;
    } catch (IOException e) {
      return false;
    }
  }
}
