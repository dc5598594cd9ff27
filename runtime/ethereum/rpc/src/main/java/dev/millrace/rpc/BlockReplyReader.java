package dev.millrace.rpc;

import dev.millrace.evm.BlockHeader;
import dev.millrace.evm.TransactionBody;
import dev.millrace.jsonrpc.GrowableBytes;
import dev.millrace.jsonrpc.JsonMemberName;
import dev.millrace.jsonrpc.JsonStreamReader;
import dev.millrace.jsonrpc.RpcCallException;
import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes;
import dev.millrace.loaders.Bytes32;
import java.io.IOException;
import java.math.BigInteger;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** Reads blocks and transactions, as far as indexing needs them. */
final class BlockReplyReader {
  private static final JsonMemberName NUMBER = new JsonMemberName("number");
  private static final JsonMemberName HASH = new JsonMemberName("hash");
  private static final JsonMemberName PARENT = new JsonMemberName("parentHash");
  private static final JsonMemberName TIMESTAMP = new JsonMemberName("timestamp");
  private static final JsonMemberName BLOOM = new JsonMemberName("logsBloom");
  private static final JsonMemberName FROM = new JsonMemberName("from");
  private static final JsonMemberName TO = new JsonMemberName("to");
  private static final JsonMemberName VALUE = new JsonMemberName("value");
  private static final JsonMemberName INPUT = new JsonMemberName("input");
  private static final JsonMemberName NONCE = new JsonMemberName("nonce");
  private static final int MAX_NUMBER = 80;

  /** The end of the year 9999, in seconds: a later time is in milliseconds, or garbage. */
  static final long MAX_TIME = 253_402_300_799L;

  private static final BigInteger MAX_WORD = BigInteger.ONE.shiftLeft(256);

  private BlockReplyReader() {}

  static @Nullable NodeBlockHeader block(JsonStreamReader in) throws IOException {
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
        if (!in.takeEmptyHex()) {
          bloom = new byte[LogsBloom.LENGTH];
          in.hex(bloom, 0, LogsBloom.LENGTH);
        }
      } else {
        in.skip();
      }
    }
    if (number < 0 || time < 0 || hash == null || parent == null) {
      throw RpcCallException.of(
          RpcCallException.Kind.NONSENSE, "block is not complete: number=" + number);
    }
    if (time > MAX_TIME) {
      throw RpcCallException.of(
          RpcCallException.Kind.NONSENSE,
          "block has a nonsensical time: block=%d seconds=%d".formatted(number, time));
    }
    return new NodeBlockHeader(
        new BlockHeader(number, hash, parent, Instant.ofEpochSecond(time)),
        bloom == null ? LogsBloom.MISSING : LogsBloom.of(bloom));
  }

  static @Nullable TransactionBody transaction(JsonStreamReader in) throws IOException {
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
        GrowableBytes run = new GrowableBytes(128);
        in.hex(run);
        input = Bytes.of(run.bytes, 0, run.length);
      } else if (in.is(NONCE)) {
        nonce = nonce(in);
      } else {
        in.skip();
      }
    }
    if (hash == null || from == null) {
      throw RpcCallException.of(
          RpcCallException.Kind.NONSENSE, "transaction is not complete: hash=" + hash);
    }
    return new TransactionBody(hash, from, to, value, input, nonce);
  }

  private static Bytes32 word(JsonStreamReader in) throws IOException {
    byte[] bytes = new byte[Bytes32.LENGTH];
    in.hex(bytes, 0, Bytes32.LENGTH);
    return Bytes32.of(bytes);
  }

  private static Address address(JsonStreamReader in) throws IOException {
    byte[] bytes = new byte[Address.LENGTH];
    in.hex(bytes, 0, Address.LENGTH);
    return Address.of(bytes);
  }

  private static @Nullable Address skipped(JsonStreamReader in) throws IOException {
    in.skip();
    return null;
  }

  private static long nonce(JsonStreamReader in) throws IOException {
    long nonce = in.quantity();
    if (nonce < 0) {
      throw RpcCallException.of(
          RpcCallException.Kind.NONSENSE, "transaction has a negative nonce: nonce=" + nonce);
    }
    return nonce;
  }

  private static BigInteger number(JsonStreamReader in) throws IOException {
    String text = in.text(MAX_NUMBER);
    try {
      BigInteger value =
          text.startsWith("0x") ? new BigInteger(text.substring(2), 16) : new BigInteger(text);
      if (value.signum() < 0 || value.compareTo(MAX_WORD) >= 0) {
        throw RpcCallException.of(
            RpcCallException.Kind.NONSENSE, "number is no word: text=" + text);
      }
      return value;
    } catch (NumberFormatException _) {
      throw RpcCallException.of(RpcCallException.Kind.NONSENSE, "not a number: text=" + text);
    }
  }
}
