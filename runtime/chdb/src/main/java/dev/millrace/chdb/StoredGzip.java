package dev.millrace.chdb;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.zip.CRC32;

/**
 * A gzip stream that compresses nothing: an envelope with an end, so that whoever reads it can tell
 * a body that ended from one that broke off. Without its end the engine refuses the whole of it.
 */
final class StoredGzip extends FilterOutputStream {
  private static final byte[] HEAD = {0x1f, (byte) 0x8b, 8, 0, 0, 0, 0, 0, 0, (byte) 0xff};
  private static final int LONGEST = 65535;

  private final CRC32 checksum = new CRC32();
  private long size;

  StoredGzip(OutputStream out) throws IOException {
    super(out);
    out.write(HEAD);
  }

  @Override
  public void write(int value) throws IOException {
    write(new byte[] {(byte) value});
  }

  @Override
  public void write(byte[] bytes, int offset, int length) throws IOException {
    for (int done = 0; done < length; ) {
      int count = Math.min(LONGEST, length - done);
      stored(0, count);
      out.write(bytes, offset + done, count);
      done += count;
    }
    checksum.update(bytes, offset, length);
    size += length;
  }

  private void stored(int last, int count) throws IOException {
    out.write(
        new byte[] {
          (byte) last, (byte) count, (byte) (count >> 8), (byte) ~count, (byte) (~count >> 8)
        });
  }

  /** Says that this was all. */
  void end() throws IOException {
    stored(1, 0);
    number(checksum.getValue());
    number(size);
    out.flush();
  }

  private void number(long value) throws IOException {
    out.write(
        new byte[] {(byte) value, (byte) (value >> 8), (byte) (value >> 16), (byte) (value >> 24)});
  }
}
