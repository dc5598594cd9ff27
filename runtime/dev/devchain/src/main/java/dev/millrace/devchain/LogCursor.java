package dev.millrace.devchain;

import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes32;
import java.util.function.Consumer;

/**
 * One log while it is emitted. The same object is used for the next log, so a consumer copies the
 * parts to keep. It also counts the logs and transactions of the block.
 */
public final class LogCursor {
  public final byte[] transactionHash = new byte[Bytes32.LENGTH];
  public Address contract = Address.ZERO;
  public byte[] words = {};
  public int topics;
  public int length;
  public int logIndex;
  public int transaction;

  /** Begins a block. */
  void begin() {
    logIndex = 0;
    transaction = 0;
  }

  /** Skips logs and transactions that are not wanted. */
  void skip(int logs, int transactions) {
    logIndex += logs;
    transaction += transactions;
  }

  /** Sets the emitter and the words of the next logs. */
  void set(Address emitter, int topicCount, byte[] topicsAndData, int bytes) {
    contract = emitter;
    topics = topicCount;
    words = topicsAndData;
    length = bytes;
  }

  void emit(Consumer<LogCursor> listener) {
    listener.accept(this);
    logIndex++;
  }
}
