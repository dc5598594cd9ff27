package dev.millrace.rpc;

import dev.millrace.evm.Log;
import dev.millrace.evm.TransactionRef;
import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes32;
import dev.millrace.loaders.EventId;
import dev.millrace.pipeline.SourceBlock;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Immutable sequence of logs of a chain in a few flat arrays: no object per log, no text. Blocks,
 * transactions and addresses stand in tables of their own that the logs point into.
 */
@SuppressWarnings("ArrayRecordComponent") // columns are arrays, and are never compared
public final class LogColumns {
  /** Time of a log whose node returns none. */
  public static final long NO_TIME = -1;

  /** Greatest index of a log: the id of an event has no room for more. */
  static final int MAX_LOG_INDEX = (1 << EventId.LOG_INDEX_BITS) - 1;

  public static final LogColumns EMPTY = new LogColumnsBuilder().finish();

  private static final int HASH = Bytes32.LENGTH;
  private static final int FORMAT = 1;

  private final int size;
  private final Blocks blocks;
  private final Transactions transactions;
  private final Address[] addresses;
  private final Rows rows;
  private final byte[] words;

  record Blocks(long[] numbers, long[] times, byte[] hashes) {}

  record Transactions(int[] indexes, byte[] hashes) {}

  /** References of each log into the tables, and the end of its words. */
  record Rows(
      int[] blocks,
      int[] transactions,
      int[] addresses,
      int[] logIndexes,
      byte[] topics,
      int[] ends) {}

  LogColumns(
      Blocks blocks, Transactions transactions, Address[] addresses, Rows rows, byte[] words) {
    this.size = rows.ends.length;
    this.blocks = blocks;
    this.transactions = transactions;
    this.addresses = addresses;
    this.rows = rows;
    this.words = words;
  }

  public int size() {
    return size;
  }

  public boolean isEmpty() {
    return size == 0;
  }

  public long blockNumber(int log) {
    return blocks.numbers[rows.blocks[log]];
  }

  public Bytes32 blockHash(int log) {
    return Bytes32.of(blocks.hashes, rows.blocks[log] * HASH);
  }

  /** Returns the time of the log's block in seconds; {@link #NO_TIME} if the node returned none. */
  public long blockTime(int log) {
    return blocks.times[rows.blocks[log]];
  }

  public int logIndex(int log) {
    return rows.logIndexes[log];
  }

  public Bytes32 transactionHash(int log) {
    return Bytes32.of(transactions.hashes, rows.transactions[log] * HASH);
  }

  public TransactionRef transaction(int log) {
    return new TransactionRef(transactionHash(log), transactions.indexes[rows.transactions[log]]);
  }

  public Address contract(int log) {
    return addresses[rows.addresses[log]];
  }

  public int topics(int log) {
    return rows.topics[log];
  }

  public Bytes32 topic(int log, int topic) {
    if (topic < 0 || topic >= rows.topics[log]) {
      throw new IndexOutOfBoundsException(
          "log has fewer topics: index=%d topics=%d".formatted(topic, rows.topics[log]));
    }
    return Bytes32.of(words, begin(log) + topic * HASH);
  }

  /** Returns the size of a log's topics and data in bytes. */
  public int length(int log) {
    return rows.ends[log] - begin(log);
  }

  /** Copies the topics and the data of a log, one behind the other. */
  void copyWords(int log, byte[] target, int at) {
    System.arraycopy(words, begin(log), target, at, length(log));
  }

  private int begin(int log) {
    return log == 0 ? 0 : rows.ends[log - 1];
  }

  /** True if two logs say the same, but for the place and the time of their blocks. */
  boolean sameContent(int log, int other) {
    return contract(log).equals(contract(other))
        && rows.topics[log] == rows.topics[other]
        && transactionHash(log).equals(transactionHash(other))
        && Arrays.equals(words, begin(log), rows.ends[log], words, begin(other), rows.ends[other]);
  }

  /** Returns the first log that has the index of another log of its block; -1 if none has. */
  public int firstClash() {
    for (int log = 1; log < size; log++) {
      if (rows.logIndexes[log] == rows.logIndexes[log - 1]
          && blockNumber(log) == blockNumber(log - 1)) {
        return log;
      }
    }
    return -1;
  }

  /** True if two logs belong to the same block, by its hash. */
  boolean sameBlock(int log, int other) {
    return rows.blocks[log] == rows.blocks[other];
  }

  /** True if a log is the first of its block. */
  public boolean startsBlock(int log) {
    return log == 0 || !sameBlock(log, log - 1);
  }

  /** Returns the number of blocks with logs; a block may be counted twice. */
  public int blocks() {
    return blocks.numbers.length;
  }

  /** Returns a cursor before the first log. */
  public Cursor cursor() {
    return new Cursor(this);
  }

  /** Estimates the memory used, in bytes. */
  public long bytes() {
    return words.length
        + size * 21L
        + blocks.numbers.length * 48L
        + transactions.indexes.length * 36L
        + addresses.length * 40L;
  }

  /**
   * Merges the logs of several pages, in order. A log in more than one of them is kept once; two
   * logs of one index of a block are both kept, and are a {@linkplain #firstClash clash}.
   */
  public static LogColumns merged(List<LogColumns> pages) {
    List<LogColumns> full = pages.stream().filter(page -> !page.isEmpty()).toList();
    if (full.size() < 2) {
      return full.isEmpty() ? EMPTY : full.getFirst();
    }
    LogColumnsBuilder writer = new LogColumnsBuilder();
    for (LogColumns page : full) {
      for (int i = 0; i < page.size; i++) {
        writer.add(page, i);
      }
    }
    return writer.finish();
  }

  /** Returns the number of bytes that {@link #encode} writes. */
  public int encodedBytes() {
    return Integer.BYTES * 6
        + blocks.numbers.length * (2 * Long.BYTES + HASH)
        + transactions.indexes.length * (Integer.BYTES + HASH)
        + addresses.length * Address.LENGTH
        + size * (5 * Integer.BYTES + 1)
        + words.length;
  }

  /** Writes the logs column by column, so that they compress well. */
  public void encode(ByteBuffer target) {
    target.putInt(FORMAT).putInt(size).putInt(blocks.numbers.length);
    target.putInt(transactions.indexes.length).putInt(addresses.length).putInt(words.length);
    put(target, blocks.numbers);
    put(target, blocks.times);
    target.put(blocks.hashes);
    put(target, transactions.indexes);
    target.put(transactions.hashes);
    for (Address address : addresses) {
      target.put(address.bytes());
    }
    put(target, rows.blocks);
    put(target, rows.transactions);
    put(target, rows.addresses);
    put(target, rows.logIndexes);
    target.put(rows.topics);
    put(target, rows.ends);
    target.put(words);
  }

  /** Reads the output of {@link #encode}. The caller verifies that the bytes are unchanged. */
  public static LogColumns decode(ByteBuffer from) {
    int format = from.getInt();
    if (format != FORMAT) {
      throw new IllegalArgumentException("logs are of another format: format=" + format);
    }
    int size = from.getInt();
    int blockCount = from.getInt();
    int transactionCount = from.getInt();
    Address[] addresses = new Address[from.getInt()];
    byte[] words = new byte[from.getInt()];
    Blocks blocks =
        new Blocks(
            longs(from, blockCount), longs(from, blockCount), bytes(from, blockCount * HASH));
    Transactions transactions =
        new Transactions(ints(from, transactionCount), bytes(from, transactionCount * HASH));
    byte[] packed = bytes(from, addresses.length * Address.LENGTH);
    for (int i = 0; i < addresses.length; i++) {
      addresses[i] = Address.of(packed, i * Address.LENGTH);
    }
    Rows rows =
        new Rows(
            ints(from, size),
            ints(from, size),
            ints(from, size),
            ints(from, size),
            bytes(from, size),
            ints(from, size));
    from.get(words);
    LogColumns logs = new LogColumns(blocks, transactions, addresses, rows, words);
    // Earlier versions have written logs that no event can stand for.
    if (logs.firstClash() >= 0
        || Arrays.stream(rows.logIndexes).anyMatch(index -> index < 0 || index > MAX_LOG_INDEX)) {
      throw new IllegalArgumentException("logs have impossible indexes: logs=" + size);
    }
    return logs;
  }

  private static void put(ByteBuffer target, long[] values) {
    target.asLongBuffer().put(values);
    target.position(target.position() + values.length * Long.BYTES);
  }

  private static void put(ByteBuffer target, int[] values) {
    target.asIntBuffer().put(values);
    target.position(target.position() + values.length * Integer.BYTES);
  }

  private static long[] longs(ByteBuffer from, int count) {
    long[] values = new long[count];
    from.asLongBuffer().get(values);
    from.position(from.position() + count * Long.BYTES);
    return values;
  }

  private static int[] ints(ByteBuffer from, int count) {
    int[] values = new int[count];
    from.asIntBuffer().get(values);
    from.position(from.position() + count * Integer.BYTES);
    return values;
  }

  private static byte[] bytes(ByteBuffer from, int count) {
    byte[] values = new byte[count];
    from.get(values);
    return values;
  }

  /**
   * Iterates over logs. The bytes of a {@link Log} that it made are overwritten by the next move.
   * Confined to one thread.
   */
  public static final class Cursor {
    private final LogColumns logs;
    private int at = -1;
    private byte[] scratch = new byte[512];
    private int transactionRow = -1;
    private @Nullable TransactionRef transaction;

    private Cursor(LogColumns logs) {
      this.logs = logs;
    }

    /** Moves to the next log; false behind the last. */
    public boolean next() {
      return at < logs.size && ++at < logs.size;
    }

    /** Returns the index of the current log. */
    public int index() {
      return at;
    }

    /** True if the current log is the first of its block. */
    public boolean startsBlock() {
      return logs.startsBlock(at);
    }

    public long blockNumber() {
      return logs.blockNumber(at);
    }

    /** Returns the hash of the block; its parent is not known from logs. */
    public Bytes32 blockHash() {
      return logs.blockHash(at);
    }

    /**
     * Returns the current log, valid until the next move.
     *
     * @param block the block of the log
     */
    public Log log(SourceBlock block) {
      int length = logs.length(at);
      if (length > scratch.length) {
        scratch = new byte[Math.max(length, scratch.length * 2)];
      }
      logs.copyWords(at, scratch, 0);
      int row = logs.rows.transactions[at];
      TransactionRef written = transaction;
      if (written == null || row != transactionRow) {
        written = logs.transaction(at);
        transaction = written;
        transactionRow = row;
      }
      return new Log(
          block, logs.logIndex(at), written, logs.contract(at), logs.topics(at), scratch, length);
    }
  }
}
