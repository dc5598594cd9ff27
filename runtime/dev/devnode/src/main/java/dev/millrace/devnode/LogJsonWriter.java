package dev.millrace.devnode;

import static dev.millrace.devnode.JsonByteWriter.ascii;

import dev.millrace.devchain.DevChainRandom;
import dev.millrace.devchain.LogCursor;
import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes32;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.function.Consumer;

/**
 * Writes logs as JSON.
 *
 * <p>A log looks much like the one before it. Its fields of fixed length are kept as text;
 * differences are written over in place, eight bytes at a time, and the whole is copied out.
 * Numbers, whose length varies, come behind. So a log costs a copy of half a kilobyte and few hex
 * digits.
 */
final class LogJsonWriter implements Consumer<LogCursor> {
  private static final byte[] ADDRESS = ascii("{\"address\":\"0x");
  private static final byte[] TOPICS = ascii("\",\"topics\":[");
  private static final byte[] DATA = ascii("],\"data\":\"0x");
  private static final byte[] BLOCK_HASH = ascii("\",\"blockHash\":\"0x");
  private static final byte[] TRANSACTION_HASH = ascii("\",\"transactionHash\":\"0x");
  private static final byte[] BLOCK_NUMBER = ascii("\",\"blockNumber\":\"0x");
  private static final byte[] TRANSACTION = ascii("\",\"transactionIndex\":\"0x");
  private static final byte[] LOG_INDEX = ascii("\",\"logIndex\":\"0x");
  private static final byte[] KEPT = ascii("\",\"removed\":false}");
  private static final byte[] REMOVED = ascii("\",\"removed\":true}");
  private static final int WORD = Bytes32.LENGTH;
  private static final int MAX_WORDS = 16;

  private final JsonByteWriter out;
  private final byte[] text = new byte[2048];
  private final int[] wordAt = new int[MAX_WORDS];
  private final byte[] words = new byte[MAX_WORDS * WORD];
  private final byte[] hash = new byte[WORD];
  private byte[] end = KEPT;
  private Address contract = Address.ZERO;
  private int topics = -1;
  private int length = -1;
  private int textLength;
  private int addressAt;
  private int blockHashAt;
  private int transactionHashAt;
  private int transaction = -1;
  private byte[] number = {};
  private boolean isFirst = true;

  LogJsonWriter(JsonByteWriter out) {
    this.out = out;
  }

  /** Begins a list of logs. */
  void beginList(boolean removed) {
    isFirst = true;
    end = removed ? REMOVED : KEPT;
  }

  /** Begins the logs of a block. */
  void beginBlock(long blockNumber, Bytes32 blockHash) {
    blockHash.write(hash, 0);
    transaction = -1;
    byte[] digits = new byte[16];
    number = Arrays.copyOf(digits, JsonByteWriter.Hex.quantity(blockNumber, digits, 0));
    if (topics >= 0) {
      JsonByteWriter.Hex.bytes(hash, 0, 4, text, blockHashAt);
    }
  }

  @Override
  public void accept(LogCursor log) {
    try {
      write(log);
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  private void write(LogCursor log) throws IOException {
    if (log.topics != topics || log.length != length) {
      layOut(log);
    } else {
      patch(log);
    }
    if (!log.contract.equals(contract)) {
      contract = log.contract;
      byte[] bytes = contract.bytes();
      for (int each = 0; each < bytes.length; each++) {
        JsonByteWriter.Hex.pair(bytes[each], text, addressAt + 2 * each);
      }
    }
    if (log.transaction != transaction) {
      transaction = log.transaction;
      JsonByteWriter.Hex.bytes(log.transactionHash, 0, 4, text, transactionHashAt);
    }
    byte[] target = out.buffer();
    int at = out.at();
    if (isFirst) {
      isFirst = false;
    } else {
      target[at++] = ',';
    }
    at = put(text, textLength, target, at);
    at = put(number, number.length, target, at);
    at = put(TRANSACTION, TRANSACTION.length, target, at);
    at = JsonByteWriter.Hex.quantity(log.transaction, target, at);
    at = put(LOG_INDEX, LOG_INDEX.length, target, at);
    at = JsonByteWriter.Hex.quantity(log.logIndex, target, at);
    out.endAt(put(end, end.length, target, at));
  }

  private static int put(byte[] source, int bytes, byte[] target, int at) {
    System.arraycopy(source, 0, target, at, bytes);
    return at + bytes;
  }

  private void patch(LogCursor log) {
    for (int at = 0; at < length; at += Long.BYTES) {
      long value = DevChainRandom.read(log.words, at);
      if (value != DevChainRandom.read(words, at)) {
        DevChainRandom.write(words, at, value);
        JsonByteWriter.Hex.word(value, text, wordAt[at / WORD] + (at % WORD) * 2);
      }
    }
  }

  /** Lays out the text for a log of another shape, up to the number of the block. */
  private void layOut(LogCursor log) {
    if (log.length % WORD != 0 || log.length > words.length) {
      throw new IllegalArgumentException("log has an impossible length: bytes=" + log.length);
    }
    topics = log.topics;
    length = log.length;
    transaction = -1;
    contract = Address.ZERO;
    Arrays.fill(text, (byte) '0');
    addressAt = put(ADDRESS, ADDRESS.length, text, 0);
    int at = put(TOPICS, TOPICS.length, text, addressAt + 2 * Address.LENGTH);
    for (int word = 0; word < topics; word++) {
      if (word > 0) {
        text[at++] = ',';
      }
      text[at] = '"';
      text[at + 2] = 'x';
      wordAt[word] = at + 3;
      at += 3 + 2 * WORD;
      text[at++] = '"';
    }
    at = put(DATA, DATA.length, text, at);
    for (int word = topics; word < length / WORD; word++, at += 2 * WORD) {
      wordAt[word] = at;
    }
    blockHashAt = put(BLOCK_HASH, BLOCK_HASH.length, text, at);
    transactionHashAt =
        put(TRANSACTION_HASH, TRANSACTION_HASH.length, text, blockHashAt + 2 * WORD);
    textLength = put(BLOCK_NUMBER, BLOCK_NUMBER.length, text, transactionHashAt + 2 * WORD);
    JsonByteWriter.Hex.bytes(hash, 0, 4, text, blockHashAt);
    System.arraycopy(log.words, 0, words, 0, length);
    for (int word = 0; word < length / WORD; word++) {
      JsonByteWriter.Hex.bytes(words, word * WORD, 4, text, wordAt[word]);
    }
  }
}
