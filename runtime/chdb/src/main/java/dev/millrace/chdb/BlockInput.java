package dev.millrace.chdb;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Reads ClickHouse's own compressed blocks ({@code decompress=1}): those of LZ4 and stored ones.
 */
final class BlockInput extends FilterInputStream {
  private static final byte LZ4 = (byte) 0x82;
  private static final byte ZSTD = (byte) 0x90;
  private static final int LONGEST = 64 << 20;

  private byte[] block = new byte[0];
  private int at;

  BlockInput(InputStream in) {
    super(in);
  }

  @Override
  public int read() throws IOException {
    return prepare() ? block[at++] & 0xff : -1;
  }

  @Override
  public int read(byte[] bytes, int offset, int length) throws IOException {
    if (length == 0 || !prepare()) {
      return length == 0 ? 0 : -1;
    }
    int count = Math.min(length, block.length - at);
    System.arraycopy(block, at, bytes, offset, count);
    at += count;
    return count;
  }

  private boolean prepare() throws IOException {
    while (at == block.length) {
      byte[] head = in.readNBytes(BlockOutput.CHECKSUM + BlockOutput.HEAD);
      if (head.length == 0) {
        return false;
      }
      readBlock(head);
    }
    return true;
  }

  private void readBlock(byte[] head) throws IOException {
    if (head.length < BlockOutput.CHECKSUM + BlockOutput.HEAD) {
      throw broken("head is cut short");
    }
    ByteBuffer numbers = ByteBuffer.wrap(head).order(ByteOrder.LITTLE_ENDIAN);
    byte method = head[BlockOutput.CHECKSUM];
    int stored = numbers.getInt(BlockOutput.CHECKSUM + 1);
    int size = numbers.getInt(BlockOutput.CHECKSUM + 5);
    if (stored < BlockOutput.HEAD || stored > LONGEST || size < 0 || size > LONGEST) {
      throw broken("sizes must lie below " + LONGEST + ": compressed=" + stored + " plain=" + size);
    }
    byte[] hashed = new byte[stored];
    System.arraycopy(head, BlockOutput.CHECKSUM, hashed, 0, BlockOutput.HEAD);
    int read = in.readNBytes(hashed, BlockOutput.HEAD, stored - BlockOutput.HEAD);
    CityHash.Hash hash = CityHash.hash(hashed, 0, stored);
    if (read < stored - BlockOutput.HEAD
        || hash.low() != numbers.getLong(0)
        || hash.high() != numbers.getLong(8)) {
      throw broken("checksum does not match");
    }
    block =
        switch (method) {
          case BlockOutput.STORED -> java.util.Arrays.copyOfRange(hashed, BlockOutput.HEAD, stored);
          case LZ4 -> plain(hashed, BlockOutput.HEAD, size);
          case ZSTD ->
              throw ChdbException.of(
                  ErrorCode.NOT_IMPLEMENTED,
                  "Blocks of a request must be of LZ4 or plain, the embedded engine does not take ZSTD");
          default -> throw broken("blocks must be of LZ4 or plain: method=" + (method & 0xff));
        };
    at = 0;
  }

  /** LZ4's block format: literals, then a piece of what is already there, and so on. */
  static byte[] plain(byte[] from, int start, int size) {
    byte[] to = new byte[size];
    int in = start;
    int out = 0;
    try {
      while (in < from.length) {
        int token = from[in++] & 0xff;
        int literals = token >> 4;
        if (literals == 15) {
          int more;
          do {
            more = from[in++] & 0xff;
            literals += more;
          } while (more == 255);
        }
        System.arraycopy(from, in, to, out, literals);
        in += literals;
        out += literals;
        if (in == from.length) {
          break;
        }
        int distance = (from[in] & 0xff) | ((from[in + 1] & 0xff) << 8);
        in += 2;
        int match = (token & 15) + 4;
        if ((token & 15) == 15) {
          int more;
          do {
            more = from[in++] & 0xff;
            match += more;
          } while (more == 255);
        }
        for (int end = out + match; out < end; out++) {
          to[out] = to[out - distance];
        }
      }
    } catch (IndexOutOfBoundsException e) {
      throw broken("a block of LZ4 is damaged");
    }
    if (out != size) {
      throw broken("a block of LZ4 has another size: expected=" + size + " found=" + out);
    }
    return to;
  }

  private static ChdbException broken(String what) {
    return ChdbException.of(ErrorCode.CANNOT_DECOMPRESS, "Cannot decompress the request: " + what);
  }
}
