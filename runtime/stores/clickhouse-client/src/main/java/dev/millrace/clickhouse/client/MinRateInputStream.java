package dev.millrace.clickhouse.client;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.SocketTimeoutException;
import java.time.Duration;

/**
 * Ends a response that trickles: each read is short enough for the socket timeout, but all of them
 * together would take for ever. Confined to one thread.
 */
final class MinRateInputStream extends FilterInputStream {
  /** The fewest bytes of a response in each timeout, until it is over. */
  private static final int MIN_BYTES = 1 << 10;

  private final long windowNanos;
  private long windowStart = System.nanoTime();
  private long windowBytes;

  MinRateInputStream(InputStream in, Duration window) {
    super(in);
    this.windowNanos = window.toNanos();
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 1 ? -1 : one[0] & 0xFF;
  }

  @Override
  public int read(byte[] target, int offset, int length) throws IOException {
    int read = super.read(target, offset, length);
    windowBytes += Math.max(0, read);
    long now = System.nanoTime();
    if (read >= 0 && now - windowStart > windowNanos) {
      if (windowBytes < MIN_BYTES) {
        throw new SocketTimeoutException("answer drips: bytes=" + windowBytes);
      }
      windowStart = now;
      windowBytes = 0;
    }
    return read;
  }
}
