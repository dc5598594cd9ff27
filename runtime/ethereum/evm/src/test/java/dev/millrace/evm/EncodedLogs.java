package dev.millrace.evm;

import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes32;
import dev.millrace.pipeline.SourceBlock;
import java.io.ByteArrayOutputStream;
import java.time.Instant;

/** Builds logs by hand. */
final class EncodedLogs {
  static final Address TOKEN = Address.of("0x00000000000000000000000000000000000000aa");
  static final Address ALICE = Address.of("0x1111111111111111111111111111111111111111");
  static final Address BOB = Address.of("0x2222222222222222222222222222222222222222");
  static final SourceBlock BLOCK =
      new SourceBlock(7, Bytes32.ZERO, Bytes32.ZERO, Instant.ofEpochSecond(1_700_000_000));
  static final TransactionRef TRANSACTION = new TransactionRef(Bytes32.ZERO, 3);

  private EncodedLogs() {}

  static Log log(Address contract, byte[][] topics, byte[] data) {
    return log(5, contract, topics, data);
  }

  static Log log(int logIndex, Address contract, byte[][] topics, byte[] data) {
    ByteArrayOutputStream words = new ByteArrayOutputStream();
    for (byte[] topic : topics) {
      words.writeBytes(topic);
    }
    words.writeBytes(data);
    return new Log(
        BLOCK, logIndex, TRANSACTION, contract, topics.length, words.toByteArray(), words.size());
  }

  static byte[] word(Address address) {
    byte[] word = new byte[32];
    address.write(word, 12);
    return word;
  }

  static byte[] word(long value) {
    byte[] word = new byte[32];
    for (int i = 0; i < 8; i++) {
      word[31 - i] = (byte) (value >>> (8 * i));
    }
    return word;
  }
}
