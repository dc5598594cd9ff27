package dev.millrace.source;

import dev.millrace.evm.LogFilter;
import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes32;
import dev.millrace.rpc.LogColumns;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.zip.CRC32C;

/**
 * One file of raw logs: all logs of a filter in a range of blocks.
 *
 * <p>The file begins with a description of its contents, so that an index of many files reads no
 * logs, and ends with a checksum over everything. It is written aside and renamed, and never
 * changed.
 *
 * @param addresses the contracts of the filter; empty: any
 * @param topics the first topics of the filter; empty: any
 * @param to the last block
 * @param witness the hash of the last block. It stands for all blocks of the range, also for those
 *     without logs: if the last block is the chain's, so are the blocks below it
 */
record RawCacheSegment(
    Path file,
    Set<Address> addresses,
    Set<Bytes32> topics,
    long from,
    long to,
    Bytes32 witness,
    long bytes) {
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
  List<LogFilter> subtractFrom(LogFilter filter) {
    if ((filter.addresses().isEmpty() && !addresses.isEmpty())
        || (filter.topics().isEmpty() && !topics.isEmpty())) {
      return List.of(filter);
    }
    List<Address> mine = new ArrayList<>();
    List<Address> others = new ArrayList<>();
    for (Address address : filter.addresses()) {
      boolean has = addresses.isEmpty() || addresses.contains(address);
      (has ? mine : others).add(address);
    }
    List<Bytes32> missing =
        topics.isEmpty()
            ? List.of()
            : filter.topics().stream().filter(topic -> !topics.contains(topic)).toList();
    boolean some =
        (filter.addresses().isEmpty() || !mine.isEmpty())
            && (filter.topics().isEmpty() || missing.size() < filter.topics().size());
    if (!some) {
      return List.of(filter);
    }
    List<LogFilter> left = new ArrayList<>();
    if (!others.isEmpty()) {
      left.add(new LogFilter(others, filter.topics()));
    }
    if (!missing.isEmpty()) {
      left.add(new LogFilter(mine, missing));
    }
    return left;
  }

  /** True if a filter asks for all logs of this segment. */
  boolean isWithin(LogFilter filter) {
    return (filter.addresses().isEmpty()
            || (!addresses.isEmpty() && Set.copyOf(filter.addresses()).containsAll(addresses)))
        && (filter.topics().isEmpty()
            || (!topics.isEmpty() && Set.copyOf(filter.topics()).containsAll(topics)));
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
    return new RawCacheSegment(
        file,
        Set.copyOf(filter.addresses()),
        Set.copyOf(filter.topics()),
        from,
        to,
        witness,
        all.position());
  }

  private static byte[] head(LogFilter filter, long from, long to, Bytes32 witness) {
    ByteBuffer head =
        ByteBuffer.allocate(
            2 * Long.BYTES
                + 2 * Integer.BYTES
                + Bytes32.LENGTH
                + filter.addresses().size() * Address.LENGTH
                + filter.topics().size() * Bytes32.LENGTH);
    head.putLong(from).putLong(to).put(witness.bytes());
    head.putInt(filter.addresses().size()).putInt(filter.topics().size());
    filter.addresses().forEach(address -> head.put(address.bytes()));
    filter.topics().forEach(topic -> head.put(topic.bytes()));
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
    int addressCount = head.getInt();
    int topicCount = head.getInt();
    Set<Address> addresses = new HashSet<>();
    byte[] name = new byte[Address.LENGTH];
    for (int i = 0; i < addressCount; i++) {
      head.get(name);
      addresses.add(Address.of(name));
    }
    Set<Bytes32> topics = new HashSet<>();
    for (int i = 0; i < topicCount; i++) {
      head.get(word);
      topics.add(Bytes32.of(word));
    }
    return new RawCacheSegment(file, addresses, topics, from, to, witness, bytes);
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
