package dev.millrace.evm;

import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes;
import dev.millrace.loaders.Bytes32;
import dev.millrace.pipeline.SourceBlock;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * A log as a node delivers it, not yet decoded.
 *
 * <p>Topics and data lie in one array, topics first: decoding reads words at offsets known
 * beforehand. The array belongs to the code that created the log and may be reused once the log is
 * routed.
 */
public final class Log {
  static final int WORD = 32;

  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

  private final SourceBlock block;
  private final int logIndex;
  private final TransactionRef transaction;
  private final Address contract;
  private final int topics;
  private final byte[] words;
  private final int length;

  /**
   * @param words {@code topics} words, then the data
   * @param length number of bytes of {@code words} in use
   */
  public Log(
      SourceBlock block,
      int logIndex,
      TransactionRef transaction,
      Address contract,
      int topics,
      byte[] words,
      int length) {
    if (topics < 0 || topics > 4 || length < topics * WORD || length > words.length) {
      throw new IllegalArgumentException(
          "log has no room for its topics: topics=%d length=%d bytes=%d"
              .formatted(topics, length, words.length));
    }
    this.block = block;
    this.logIndex = logIndex;
    this.transaction = transaction;
    this.contract = contract;
    this.topics = topics;
    this.words = words;
    this.length = length;
  }

  public SourceBlock block() {
    return block;
  }

  public int logIndex() {
    return logIndex;
  }

  public TransactionRef transaction() {
    return transaction;
  }

  /** The contract that emitted the log. */
  public Address contract() {
    return contract;
  }

  /** The number of topics. */
  public int topics() {
    return topics;
  }

  public Bytes32 topic(int index) {
    if (index < 0 || index >= topics) {
      throw new IndexOutOfBoundsException(
          "log has fewer topics: index=%d topics=%d".formatted(index, topics));
    }
    return Bytes32.of(words, index * WORD);
  }

  public Bytes data() {
    return Bytes.of(words, topics * WORD, length);
  }

  /** True if the first topic, which must exist, consists of these four parts. */
  boolean beginsWith(long[] parts) {
    return part(words, 0) == parts[0]
        && part(words, 1) == parts[1]
        && part(words, 2) == parts[2]
        && part(words, 3) == parts[3];
  }

  static long part(byte[] words, int index) {
    return (long) LONGS.get(words, index * Long.BYTES);
  }

  byte[] words() {
    return words;
  }

  int length() {
    return length;
  }

  @Override
  public String toString() {
    return "block=%d logIndex=%d contract=%s".formatted(block.number(), logIndex, contract);
  }
}
