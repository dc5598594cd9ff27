package dev.millrace.rpc;

import dev.millrace.evm.Header;
import dev.millrace.evm.TransactionBody;
import dev.millrace.jsonrpc.ByteRun;
import dev.millrace.jsonrpc.JsonInput;
import dev.millrace.jsonrpc.Name;
import dev.millrace.jsonrpc.Trouble;
import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes;
import dev.millrace.loaders.Bytes32;
import java.io.IOException;
import java.math.BigInteger;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** Reads blocks and transactions, as far as indexing needs them. */
final class BlockReader {
  private static final Name NUMBER = new Name("number");
  private static final Name HASH = new Name("hash");
  private static final Name PARENT = new Name("parentHash");
  private static final Name TIMESTAMP = new Name("timestamp");
  private static final Name BLOOM = new Name("logsBloom");
  private static final Name FROM = new Name("from");
  private static final Name TO = new Name("to");
  private static final Name VALUE = new Name("value");
  private static final Name INPUT = new Name("input");
  private static final Name NONCE = new Name("nonce");
  private static final int MAX_NUMBER = 80;

  /** The end of the year 9999, in seconds: a later time is in milliseconds, or garbage. */
  static final long MAX_TIME = 253_402_300_799L;

  private static final BigInteger MAX_WORD = BigInteger.ONE.shiftLeft(256);

  private BlockReader() {}

  static @Nullable NodeBlock block(JsonInput in) throws IOException {
    if (in.takeNull()) {
      return null;
    }
    long number = -1;
    long time = -1;
    Bytes32 hash = null;
    Bytes32 parent = null;
    byte @Nullable [] bloom = null;
    in.begin('{');
    while (in.nextMember()) {
      if (in.is(NUMBER)) {
        number = in.takeNull() ? -1 : in.quantity();
      } else if (in.is(HASH)) {
        hash = in.takeNull() ? null : word(in);
      } else if (in.is(PARENT)) {
        parent = word(in);
      } else if (in.is(TIMESTAMP)) {
        time = in.quantity();
      } else if (in.is(BLOOM) && in.peek() == '"') {
        bloom = new byte[Bloom.LENGTH];
        in.hex(bloom, 0, Bloom.LENGTH);
      } else {
        in.skip();
      }
    }
    if (number < 0 || time < 0 || hash == null || parent == null) {
      throw Trouble.of(Trouble.Kind.NONSENSE, "block is not complete: number=" + number);
    }
    if (time > MAX_TIME) {
      throw Trouble.of(
          Trouble.Kind.NONSENSE,
          "block has a nonsensical time: block=%d seconds=%d".formatted(number, time));
    }
    return new NodeBlock(
        new Header(number, hash, parent, Instant.ofEpochSecond(time)),
        bloom == null ? Bloom.MISSING : Bloom.of(bloom));
  }

  static @Nullable TransactionBody transaction(JsonInput in) throws IOException {
    if (in.takeNull()) {
      return null;
    }
    Bytes32 hash = null;
    Address from = null;
    Address to = null;
    BigInteger value = BigInteger.ZERO;
    Bytes input = Bytes.EMPTY;
    long nonce = 0;
    in.begin('{');
    while (in.nextMember()) {
      if (in.is(HASH)) {
        hash = word(in);
      } else if (in.is(FROM)) {
        from = address(in);
      } else if (in.is(TO)) {
        to = in.peek() == '"' ? address(in) : skipped(in);
      } else if (in.is(VALUE)) {
        value = number(in);
      } else if (in.is(INPUT)) {
        ByteRun run = new ByteRun(128);
        in.hex(run);
        input = Bytes.of(run.bytes, 0, run.length);
      } else if (in.is(NONCE)) {
        nonce = nonce(in);
      } else {
        in.skip();
      }
    }
    if (hash == null || from == null) {
      throw Trouble.of(Trouble.Kind.NONSENSE, "transaction is not complete: hash=" + hash);
    }
    return new TransactionBody(hash, from, to, value, input, nonce);
  }

  private static Bytes32 word(JsonInput in) throws IOException {
    byte[] bytes = new byte[Bytes32.LENGTH];
    in.hex(bytes, 0, Bytes32.LENGTH);
    return Bytes32.of(bytes);
  }

  private static Address address(JsonInput in) throws IOException {
    byte[] bytes = new byte[Address.LENGTH];
    in.hex(bytes, 0, Address.LENGTH);
    return Address.of(bytes);
  }

  private static @Nullable Address skipped(JsonInput in) throws IOException {
    in.skip();
    return null;
  }

  private static long nonce(JsonInput in) throws IOException {
    long nonce = in.quantity();
    if (nonce < 0) {
      throw Trouble.of(Trouble.Kind.NONSENSE, "transaction has a negative nonce: nonce=" + nonce);
    }
    return nonce;
  }

  private static BigInteger number(JsonInput in) throws IOException {
    String text = in.text(MAX_NUMBER);
    try {
      BigInteger value =
          text.startsWith("0x") ? new BigInteger(text.substring(2), 16) : new BigInteger(text);
      if (value.signum() < 0 || value.compareTo(MAX_WORD) >= 0) {
        throw Trouble.of(Trouble.Kind.NONSENSE, "number is no word: text=" + text);
      }
      return value;
    } catch (NumberFormatException _) {
      throw Trouble.of(Trouble.Kind.NONSENSE, "not a number: text=" + text);
    }
  }
}
