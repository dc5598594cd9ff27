package dev.millrace.rpc;

import dev.millrace.evm.Log;
import dev.millrace.jsonrpc.GrowableBytes;
import dev.millrace.loaders.Address;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Builds {@link LogColumns}. The parts of a log may come in any order; {@link #end} closes it. Logs
 * may come in any order too, and a duplicate is dropped; two logs that claim one index of a block
 * are both kept, for the reader to refuse. Confined to one thread; may be used again after {@link
 * #finish}.
 */
public final class LogColumnsBuilder {
  static final int WORD = 32;

  /** Five numbers and a count of topics. */
  private static final int BYTES_PER_ROW = 5 * Integer.BYTES + 1;

  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);
  private static final VarHandle INTS =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);

  // The log that is being written.
  long number;
  long time;
  int transactionIndex;
  int logIndex;
  final byte[] blockHash = new byte[WORD];
  final byte[] transactionHash = new byte[WORD];
  final byte[] address = new byte[Address.LENGTH];
  int topics;
  final GrowableBytes words = new GrowableBytes(1 << 16);

  private int size;
  private int begin;
  private boolean inOrder = true;
  private int[] blockRows = new int[1024];
  private int[] transactionRows = new int[1024];
  private int[] addressRows = new int[1024];
  private int[] logIndexes = new int[1024];
  private byte[] topicCounts = new byte[1024];
  private int[] ends = new int[1024];

  private int blocks;
  private long[] numbers = new long[64];
  private long[] times = new long[64];
  private final GrowableBytes blockHashes = new GrowableBytes(64 * WORD);
  private int transactions;
  private int[] transactionIndexes = new int[256];
  private final GrowableBytes transactionHashes = new GrowableBytes(256 * WORD);
  private int addresses;
  private final GrowableBytes addressBytes = new GrowableBytes(64 * Address.LENGTH);

  /** Rows of addresses by hash, plus one; the room is a power of two. */
  private int[] addressTable = new int[128];

  /** Begins a log and resets its optional parts. */
  void begin() {
    begin = words.length;
    time = LogColumns.NO_TIME;
    topics = 0;
  }

  /** Returns the offset of the current log's words. */
  int beginOfWords() {
    return begin;
  }

  /** Returns the number of logs. */
  public int size() {
    return size;
  }

  /** Returns the bytes that the arrays take, as far as they grow with logs and their data. */
  long room() {
    return words.bytes.length + (long) ends.length * BYTES_PER_ROW;
  }

  /** Adds a copy of a log. */
  public LogColumnsBuilder add(Log log) {
    begin();
    number = log.block().number();
    time =
        log.block().timestamp() == null
            ? LogColumns.NO_TIME
            : log.block().timestamp().getEpochSecond();
    log.block().hash().write(blockHash, 0);
    log.transaction().hash().write(transactionHash, 0);
    transactionIndex = log.transaction().index();
    log.contract().write(address, 0);
    logIndex = log.logIndex();
    topics = log.topics();
    words.ensure(topics * WORD);
    for (int i = 0; i < topics; i++) {
      log.topic(i).write(words.bytes, words.length);
      words.length += WORD;
    }
    byte[] data = log.data().bytes();
    words.add(data, 0, data.length);
    end();
    return this;
  }

  /** Adds a copy of a log of other columns. */
  void add(LogColumns from, int log) {
    begin();
    number = from.blockNumber(log);
    time = from.blockTime(log);
    from.blockHash(log).write(blockHash, 0);
    from.transactionHash(log).write(transactionHash, 0);
    transactionIndex = from.transaction(log).index();
    from.contract(log).write(address, 0);
    logIndex = from.logIndex(log);
    topics = from.topics(log);
    int length = from.length(log);
    words.ensure(length);
    from.copyWords(log, words.bytes, words.length);
    words.length += length;
    end();
  }

  /** Ends the current log, whose words are its topics followed by its data. */
  void end() {
    if (size == ends.length) {
      growRows();
    }
    int block = blockRow();
    if (size > 0) {
      int last = blockRows[size - 1];
      inOrder &= numbers[last] < number || (last == block && logIndexes[size - 1] < logIndex);
    }
    blockRows[size] = block;
    transactionRows[size] = transactionRow();
    addressRows[size] = addressRow();
    logIndexes[size] = logIndex;
    topicCounts[size] = (byte) topics;
    ends[size] = words.length;
    size++;
  }

  private int blockRow() {
    int last = blocks - 1;
    if (last >= 0
        && numbers[last] == number
        && Arrays.equals(blockHashes.bytes, last * WORD, blocks * WORD, blockHash, 0, WORD)) {
      if (times[last] == LogColumns.NO_TIME) {
        times[last] = time;
      }
      return last;
    }
    if (blocks == numbers.length) {
      numbers = Arrays.copyOf(numbers, blocks * 2);
      times = Arrays.copyOf(times, blocks * 2);
    }
    numbers[blocks] = number;
    times[blocks] = time;
    blockHashes.add(blockHash, 0, WORD);
    return blocks++;
  }

  private int transactionRow() {
    int last = transactions - 1;
    if (last >= 0
        && transactionIndexes[last] == transactionIndex
        && Arrays.equals(
            transactionHashes.bytes, last * WORD, transactions * WORD, transactionHash, 0, WORD)) {
      return last;
    }
    if (transactions == transactionIndexes.length) {
      transactionIndexes = Arrays.copyOf(transactionIndexes, transactions * 2);
    }
    transactionIndexes[transactions] = transactionIndex;
    transactionHashes.add(transactionHash, 0, WORD);
    return transactions++;
  }

  private int addressRow() {
    int mask = addressTable.length - 1;
    int slot = addressHash(address, 0) & mask;
    while (addressTable[slot] != 0) {
      int row = addressTable[slot] - 1;
      int at = row * Address.LENGTH;
      if (Arrays.equals(addressBytes.bytes, at, at + Address.LENGTH, address, 0, Address.LENGTH)) {
        return row;
      }
      slot = (slot + 1) & mask;
    }
    addressTable[slot] = addresses + 1;
    addressBytes.add(address, 0, Address.LENGTH);
    if (++addresses * 2 > addressTable.length) {
      growAddresses();
    }
    return addresses - 1;
  }

  private void growAddresses() {
    addressTable = new int[addressTable.length * 2];
    int mask = addressTable.length - 1;
    for (int row = 0; row < addresses; row++) {
      int slot = addressHash(addressBytes.bytes, row * Address.LENGTH) & mask;
      while (addressTable[slot] != 0) {
        slot = (slot + 1) & mask;
      }
      addressTable[slot] = row + 1;
    }
  }

  private static int addressHash(byte[] bytes, int at) {
    long mixed =
        ((long) LONGS.get(bytes, at)
                ^ Long.rotateLeft((long) LONGS.get(bytes, at + 8), 23)
                ^ (int) INTS.get(bytes, at + 16))
            * 0x9E3779B97F4A7C15L;
    return (int) (mixed >>> 40);
  }

  private void growRows() {
    int room = size * 2;
    blockRows = Arrays.copyOf(blockRows, room);
    transactionRows = Arrays.copyOf(transactionRows, room);
    addressRows = Arrays.copyOf(addressRows, room);
    logIndexes = Arrays.copyOf(logIndexes, room);
    topicCounts = Arrays.copyOf(topicCounts, room);
    ends = Arrays.copyOf(ends, room);
  }

  /** Returns the logs in order and empties the writer. */
  public LogColumns finish() {
    LogColumns written = columns();
    boolean ordered = inOrder;
    clear();
    return ordered ? written : sorted(written);
  }

  private LogColumns columns() {
    Address[] named = new Address[addresses];
    for (int row = 0; row < addresses; row++) {
      named[row] = Address.of(addressBytes.bytes, row * Address.LENGTH);
    }
    return new LogColumns(
        new LogColumns.Blocks(
            Arrays.copyOf(numbers, blocks), Arrays.copyOf(times, blocks), blockHashes.copy()),
        new LogColumns.Transactions(
            Arrays.copyOf(transactionIndexes, transactions), transactionHashes.copy()),
        named,
        new LogColumns.Rows(
            Arrays.copyOf(blockRows, size),
            Arrays.copyOf(transactionRows, size),
            Arrays.copyOf(addressRows, size),
            Arrays.copyOf(logIndexes, size),
            Arrays.copyOf(topicCounts, size),
            Arrays.copyOf(ends, size)),
        words.copy());
  }

  /** Drops the logs and keeps the memory. */
  void clear() {
    size = 0;
    begin = 0;
    inOrder = true;
    words.length = 0;
    blocks = 0;
    blockHashes.length = 0;
    transactions = 0;
    transactionHashes.length = 0;
    addresses = 0;
    addressBytes.length = 0;
    Arrays.fill(addressTable, 0);
  }

  private LogColumns sorted(LogColumns logs) {
    Integer[] order = new Integer[logs.size()];
    Arrays.setAll(order, i -> i);
    Arrays.sort(
        order,
        (a, b) -> {
          int byBlock = Long.compare(logs.blockNumber(a), logs.blockNumber(b));
          return byBlock != 0 ? byBlock : Integer.compare(logs.logIndex(a), logs.logIndex(b));
        });
    int last = -1;
    for (int log : order) {
      if (last < 0 || !isSame(logs, last, log)) {
        add(logs, log);
      }
      last = log;
    }
    LogColumns sorted = columns();
    clear();
    return sorted;
  }

  private static boolean isSame(LogColumns logs, int log, int other) {
    return logs.blockNumber(log) == logs.blockNumber(other)
        && logs.logIndex(log) == logs.logIndex(other)
        && logs.blockHash(log).equals(logs.blockHash(other))
        && logs.sameContent(log, other);
  }
}
