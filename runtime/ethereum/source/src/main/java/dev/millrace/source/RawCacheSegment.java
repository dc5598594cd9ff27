package dev.millrace.source;

import dev.millrace.evm.LogFilter;
import dev.millrace.loaders.Bytes32;
import dev.millrace.rpc.LogColumns;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.UUID;
import java.util.zip.CRC32C;

/**
 * One file of raw logs: all logs of a filter in a range of blocks.
 *
 * <p>The file begins with a description of its contents, so that an index of many files reads no
 * logs, and ends with a checksum over everything. It is written aside and renamed, and never
 * changed.
 *
 * @param filter selects the logs of the segment
 * @param to the last block
 * @param witness the hash of the last block. It stands for all blocks of the range, also for those
 *     without logs: if the last block is the chain's, so are the blocks below it
 */
record RawCacheSegment(
    Path file, PackedLogFilter filter, long from, long to, Bytes32 witness, long bytes) {
  static final String SUFFIX = ".logs";
  private static final long MAGIC = 0x4d494c4c52415732L;
  private static final int MAX_HEAD = 1 << 20;
  private static final int SUM = 8;

  boolean covers(long block) {
    return from <= block && block <= to;
  }

  /** True if the segment holds any logs that a filter asks for. */
  boolean helps(LogFilter filter) {
    return !subtractFrom(filter).equals(List.of(filter));
  }

  /** Returns the parts of a filter that the logs of this segment do not answer. */
  List<LogFilter> subtractFrom(LogFilter asked) {
    return filter.subtractFrom(asked);
  }

  /** True if a filter asks for all logs of this segment. */
  boolean isWithin(LogFilter asked) {
    return filter.isWithin(asked);
  }

  RawCacheSegment withFilter(PackedLogFilter equal) {
    return new RawCacheSegment(file, equal, from, to, witness, bytes);
  }

  static RawCacheSegment write(
      Path directory, LogFilter filter, long from, long to, Bytes32 witness, LogColumns logs)
      throws IOException {
    byte[] head = head(filter, from, to, witness);
    ByteBuffer plain = ByteBuffer.allocate(logs.encodedBytes());
    logs.encode(plain);
    byte[] packed = ZeroByteCompression.pack(plain.array(), plain.position());
    ByteBuffer all =
        ByteBuffer.allocate(Long.BYTES + 3 * Integer.BYTES + head.length + packed.length + SUM);
    all.putLong(MAGIC).putInt(head.length).put(head);
    all.putInt(plain.position()).putInt(packed.length).put(packed);
    CRC32C sum = new CRC32C();
    sum.update(all.array(), 0, all.position());
    all.putLong(sum.getValue());
    Path aside = directory.resolve(UUID.randomUUID() + ".aside");
    String name = "%d-%d-%s-%x".formatted(from, to, UUID.nameUUIDFromBytes(head), sum.getValue());
    Path file = directory.resolve(name + SUFFIX);
    Files.write(aside, all.array());
    Files.move(aside, file, StandardCopyOption.ATOMIC_MOVE);
    return new RawCacheSegment(file, PackedLogFilter.of(filter), from, to, witness, all.position());
  }

  private static byte[] head(LogFilter filter, long from, long to, Bytes32 witness) {
    ByteBuffer head =
        ByteBuffer.allocate(2 * Long.BYTES + Bytes32.LENGTH + PackedLogFilter.bytes(filter));
    head.putLong(from).putLong(to).put(witness.bytes());
    PackedLogFilter.write(filter, head);
    return head.array();
  }

  /** Reads the description of a file, without its logs. */
  static RawCacheSegment open(Path file) throws IOException {
    try (var channel = Files.newByteChannel(file)) {
      ByteBuffer begin = ByteBuffer.allocate(Long.BYTES + Integer.BYTES);
      channel.read(begin);
      begin.flip();
      if (begin.remaining() < begin.capacity() || begin.getLong() != MAGIC) {
        throw new IOException("file holds no logs: file=" + file.getFileName());
      }
      int length = begin.getInt();
      if (length < 0 || length > MAX_HEAD) {
        throw new IOException("file has an impossible head: file=" + file.getFileName());
      }
      ByteBuffer head = ByteBuffer.allocate(length);
      channel.read(head);
      return read(file, head.flip(), channel.size());
    } catch (BufferUnderflowException | IllegalArgumentException broken) {
      throw new IOException("file is cut off: file=" + file.getFileName(), broken);
    }
  }

  private static RawCacheSegment read(Path file, ByteBuffer head, long bytes) {
    long from = head.getLong();
    long to = head.getLong();
    byte[] word = new byte[Bytes32.LENGTH];
    head.get(word);
    Bytes32 witness = Bytes32.of(word);
    return new RawCacheSegment(file, PackedLogFilter.read(head), from, to, witness, bytes);
  }

  /** Reads the logs and verifies their checksum. */
  LogColumns logs() throws IOException {
    byte[] all = Files.readAllBytes(file);
    CRC32C sum = new CRC32C();
    sum.update(all, 0, Math.max(0, all.length - SUM));
    if (all.length < SUM || ByteBuffer.wrap(all).getLong(all.length - SUM) != sum.getValue()) {
      throw new IOException("file does not match its checksum: file=" + file.getFileName());
    }
    try {
      ByteBuffer from = ByteBuffer.wrap(all);
      from.getLong();
      from.position(from.getInt() + from.position());
      int length = from.getInt();
      int packed = from.getInt();
      int at = from.position();
      return LogColumns.decode(
          ByteBuffer.wrap(ZeroByteCompression.unpack(all, at, at + packed, length)));
    } catch (RuntimeException broken) {
      throw new IOException("file is of another form: file=" + file.getFileName(), broken);
    }
  }
}
