package dev.millrace.devchain;

import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes32;
import java.util.function.Consumer;

/**
 * One log while it is told. The same object is used for the next log, so whoever hears it takes
 * what is worth keeping. It also counts logs and transactions of the block on the way.
 */
final class Told {
  final byte[] transactionHash = new byte[Bytes32.LENGTH];
  Address contract = Address.ZERO;
  byte[] words = {};
  int topics;
  int length;
  int logIndex;
  int transaction;

  /** Before the first log of a block. */
  void begin() {
    logIndex = 0;
    transaction = 0;
  }

  /** Logs and transactions that nobody wants to hear. */
  void pass(int logs, int transactions) {
    logIndex += logs;
    transaction += transactions;
  }

  /** What the next logs say and who emits them. */
  void say(Address emitter, int topicCount, byte[] topicsAndData, int bytes) {
    contract = emitter;
    topics = topicCount;
    words = topicsAndData;
    length = bytes;
  }

  void tell(Consumer<Told> listener) {
    listener.accept(this);
    logIndex++;
  }
}
