package dev.millrace.clickhouse.client;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.math.BigInteger;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Decodes rows as ClickHouse sends them. Confined to one thread. */
public final class RowBinaryInput {
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private final InputStream in;
  private final byte[] buffer = new byte[1 << 16];
  private int at;
  private int end;

  public RowBinaryInput(InputStream in) {
    this.in = in;
  }

  /** True if another row follows. */
  public boolean hasNext() throws IOException {
    if (at < end) {
      return true;
    }
    at = 0;
    end = Math.max(0, in.read(buffer, 0, buffer.length));
    return end > 0;
  }

  public int readByte() throws IOException {
    if (!hasNext()) {
      throw new EOFException("rows end in the middle");
    }
    return buffer[at++] & 0xFF;
  }

  public boolean readFlag() throws IOException {
    return readByte() != 0;
  }

  public int readInt() throws IOException {
    int value = 0;
    for (int shift = 0; shift < Integer.SIZE; shift += Byte.SIZE) {
      value |= readByte() << shift;
    }
    return value;
  }

  public long readLong() throws IOException {
    if (end - at >= Long.BYTES) {
      long value = (long) LONGS.get(buffer, at);
      at += Long.BYTES;
      return value;
    }
    long value = 0;
    for (int shift = 0; shift < Long.SIZE; shift += Byte.SIZE) {
      value |= (long) readByte() << shift;
    }
    return value;
  }

  public int readSize() throws IOException {
    long size = 0;
    for (int shift = 0; shift < Long.SIZE; shift += 7) {
      int part = readByte();
      size |= (long) (part & 0x7F) << shift;
      if (part < 0x80) {
        return Math.toIntExact(size);
      }
    }
    throw new MillraceException(Remedy.REPORT_BUG, "rows cannot be read: size is too long");
  }

  public byte[] readBytes(int count) throws IOException {
    byte[] bytes = new byte[count];
    int done = 0;
    while (done < count) {
      if (!hasNext()) {
        throw new EOFException("rows end in the middle");
      }
      int part = Math.min(count - done, end - at);
      System.arraycopy(buffer, at, bytes, done, part);
      at += part;
      done += part;
    }
    return bytes;
  }

  public String readText() throws IOException {
    return new String(readBytes(readSize()), StandardCharsets.UTF_8);
  }

  /** Reads 256 bits, the lowest byte first. */
  public BigInteger readWide(boolean unsigned) throws IOException {
    byte[] bytes = readBytes(RowBinaryBuffer.WIDE);
    for (int i = 0, j = bytes.length - 1; i < j; i++, j--) {
      byte swapped = bytes[i];
      bytes[i] = bytes[j];
      bytes[j] = swapped;
    }
    return unsigned ? new BigInteger(1, bytes) : new BigInteger(bytes);
  }
}
