package dev.millrace.chdb;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * ClickHouse's own compressed blocks ({@code compress=1}), which some clients ask for unless told
 * otherwise. Each says that it is not compressed: nothing is won by compressing for this machine.
 */
final class BlockOutput extends FilterOutputStream {
  static final int CHECKSUM = 16;
  static final int HEAD = 9;
  static final byte STORED = 2;
  private static final int LONGEST = 1 << 18;

  private final byte[] block = new byte[CHECKSUM + HEAD + LONGEST];
  private int count;

  BlockOutput(OutputStream out) {
    super(out);
  }

  @Override
  public void write(int value) throws IOException {
    write(new byte[] {(byte) value});
  }

  @Override
  public void write(byte[] bytes, int offset, int length) throws IOException {
    for (int done = 0; done < length; ) {
      int part = Math.min(LONGEST - count, length - done);
      System.arraycopy(bytes, offset + done, block, CHECKSUM + HEAD + count, part);
      count += part;
      done += part;
      if (count == LONGEST) {
        writeBlock();
      }
    }
  }

  private void writeBlock() throws IOException {
    if (count == 0) {
      return;
    }
    ByteBuffer head = ByteBuffer.wrap(block).order(ByteOrder.LITTLE_ENDIAN);
    head.put(CHECKSUM, STORED).putInt(CHECKSUM + 1, HEAD + count).putInt(CHECKSUM + 5, count);
    CityHash.Hash hash = CityHash.hash(block, CHECKSUM, HEAD + count);
    head.putLong(0, hash.low()).putLong(8, hash.high());
    out.write(block, 0, CHECKSUM + HEAD + count);
    count = 0;
  }

  @Override
  public void flush() throws IOException {
    writeBlock();
    out.flush();
  }
}
