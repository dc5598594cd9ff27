package dev.millrace.rpc;

import dev.millrace.jsonrpc.JsonMemberName;
import dev.millrace.jsonrpc.JsonRpcResultReader;
import dev.millrace.jsonrpc.JsonStreamReader;
import dev.millrace.jsonrpc.RpcCallException;
import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes32;
import java.io.IOException;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads the logs of a reply straight into columns and refuses the reply if a log was not asked for.
 * Used for one call; each attempt discards the logs of a failed attempt before it.
 */
final class LogReplyReader implements JsonRpcResultReader<LogColumns> {
  private static final JsonMemberName ADDRESS = new JsonMemberName("address");
  private static final JsonMemberName TOPICS = new JsonMemberName("topics");
  private static final JsonMemberName DATA = new JsonMemberName("data");
  private static final JsonMemberName BLOCK_NUMBER = new JsonMemberName("blockNumber");
  private static final JsonMemberName BLOCK_HASH = new JsonMemberName("blockHash");
  private static final JsonMemberName BLOCK_TIMESTAMP = new JsonMemberName("blockTimestamp");
  private static final JsonMemberName TRANSACTION_HASH = new JsonMemberName("transactionHash");
  private static final JsonMemberName TRANSACTION_INDEX = new JsonMemberName("transactionIndex");
  private static final JsonMemberName LOG_INDEX = new JsonMemberName("logIndex");
  private static final JsonMemberName REMOVED = new JsonMemberName("removed");
  private static final JsonMemberName LOGS = new JsonMemberName("logs");

  private static final int HAS_ADDRESS = 1;
  private static final int HAS_TOPICS = 1 << 1;
  private static final int HAS_DATA = 1 << 2;
  private static final int HAS_NUMBER = 1 << 3;
  private static final int HAS_HASH = 1 << 4;
  private static final int HAS_TRANSACTION = 1 << 5;
  private static final int HAS_TRANSACTION_INDEX = 1 << 6;
  private static final int HAS_INDEX = 1 << 7;
  private static final int ALL = (1 << 8) - 1;

  private final LogQuery query;
  private final @Nullable Bytes32 block;
  private final byte[] topics;
  private final Set<Address> addresses;
  private final LogColumnsBuilder out;
  private final byte[] lastAcceptedAddress = new byte[Address.LENGTH];
  private boolean hasAllowed;
  private long bytes;

  /**
   * @param block the hash that the logs must carry; null where the query names blocks by number
   */
  LogReplyReader(LogQuery query, @Nullable Bytes32 block, LogColumnsBuilder out) {
    this.query = query;
    this.block = block;
    this.out = out;
    addresses = new HashSet<>(query.filter().addresses());
    topics = new byte[query.filter().topics().size() * LogColumnsBuilder.WORD];
    for (int i = 0; i < query.filter().topics().size(); i++) {
      query.filter().topics().get(i).write(topics, i * LogColumnsBuilder.WORD);
    }
  }

  /** Returns the size of the reply in bytes of JSON. */
  long bytes() {
    return bytes;
  }

  @Override
  public @Nullable LogColumns read(JsonStreamReader in) throws IOException {
    out.clear();
    in.begin('[');
    while (in.nextElement()) {
      log(in, true);
    }
    bytes = in.bytesRead();
    return finish();
  }

  /** Reads the receipts of a block and keeps the logs that the query asks for. */
  @Nullable LogColumns receipts(JsonStreamReader in) throws IOException {
    out.clear();
    if (in.takeNull()) {
      return null;
    }
    in.begin('[');
    while (in.nextElement()) {
      in.begin('{');
      while (in.nextMember()) {
        if (!in.is(LOGS)) {
          in.skip();
        } else if (!in.takeNull()) {
          in.begin('[');
          while (in.nextElement()) {
            log(in, false);
          }
        }
      }
    }
    bytes = in.bytesRead();
    return finish();
  }

  private LogColumns finish() throws RpcCallException {
    LogColumns logs = out.finish();
    for (int i = 1; i < logs.size(); i++) {
      if (logs.blockNumber(i) == logs.blockNumber(i - 1) && !logs.sameBlock(i, i - 1)) {
        throw invalidReply("two blocks of one number", "block=" + logs.blockNumber(i));
      }
    }
    int clash = logs.firstClash();
    if (clash >= 0) {
      throw invalidReply(
          "two logs of one index",
          "block=%d logIndex=%d".formatted(logs.blockNumber(clash), logs.logIndex(clash)));
    }
    return logs;
  }

  private void log(JsonStreamReader in, boolean strict) throws IOException {
    LogColumnsBuilder log = out;
    log.begin();
    boolean removed = false;
    int seen = 0;
    in.begin('{');
    while (in.nextMember()) {
      if (in.is(TOPICS)) {
        topics(in, (seen & HAS_DATA) != 0);
        seen |= HAS_TOPICS;
      } else if (in.is(DATA)) {
        in.hex(log.words);
        seen |= HAS_DATA;
      } else if (in.is(ADDRESS)) {
        in.hex(log.address, 0, Address.LENGTH);
        seen |= HAS_ADDRESS;
      } else if (in.is(BLOCK_NUMBER)) {
        log.number = in.quantity();
        seen |= HAS_NUMBER;
      } else if (in.is(BLOCK_HASH)) {
        in.hex(log.blockHash, 0, Bytes32.LENGTH);
        seen |= HAS_HASH;
      } else if (in.is(TRANSACTION_HASH)) {
        in.hex(log.transactionHash, 0, Bytes32.LENGTH);
        seen |= HAS_TRANSACTION;
      } else if (in.is(TRANSACTION_INDEX)) {
        log.transactionIndex = index(in, Integer.MAX_VALUE);
        seen |= HAS_TRANSACTION_INDEX;
      } else if (in.is(LOG_INDEX)) {
        log.logIndex = index(in, LogColumns.MAX_LOG_INDEX);
        seen |= HAS_INDEX;
      } else if (in.is(BLOCK_TIMESTAMP)) {
        log.time = in.takeNull() ? LogColumns.NO_TIME : time(in);
      } else if (in.is(REMOVED)) {
        removed = in.bool();
      } else {
        in.skip();
      }
    }
    if (seen != ALL) {
      throw RpcCallException.of(
          RpcCallException.Kind.NONSENSE, "log is not complete: members=" + seen);
    }
    check(removed, strict);
  }

  private static int index(JsonStreamReader in, int max) throws IOException {
    long index = in.quantity();
    if (index < 0 || index > max) {
      throw RpcCallException.of(
          RpcCallException.Kind.NONSENSE, "log has a nonsensical index: index=" + index);
    }
    return (int) index;
  }

  private static long time(JsonStreamReader in) throws IOException {
    long time = in.quantity();
    if (time < 0 || time > BlockReplyReader.MAX_TIME) {
      throw RpcCallException.of(
          RpcCallException.Kind.NONSENSE, "log has a nonsensical time: seconds=" + time);
    }
    return time;
  }

  private void topics(JsonStreamReader in, boolean behindData) throws IOException {
    LogColumnsBuilder log = out;
    int begin = log.beginOfWords();
    int data = log.words.length - begin;
    in.begin('[');
    while (in.nextElement()) {
      if (log.topics == 4) {
        throw RpcCallException.of(
            RpcCallException.Kind.NONSENSE, "log has too many topics: most=4");
      }
      log.words.ensure(LogColumnsBuilder.WORD);
      in.hex(log.words.bytes, log.words.length, LogColumnsBuilder.WORD);
      log.words.length += LogColumnsBuilder.WORD;
      log.topics++;
    }
    if (behindData && data > 0 && log.topics > 0) {
      byte[] words = log.words.bytes;
      byte[] first = Arrays.copyOfRange(words, begin, begin + data);
      int moved = log.topics * LogColumnsBuilder.WORD;
      System.arraycopy(words, begin + data, words, begin, moved);
      System.arraycopy(first, 0, words, begin + moved, data);
    }
  }

  private void check(boolean removed, boolean strict) throws RpcCallException {
    LogColumnsBuilder log = out;
    if (removed) {
      throw invalidReply("log is of a branch that the chain has left", place());
    }
    if (log.number < query.from() || log.number > query.to()) {
      throw invalidReply("log is of another block", place());
    }
    Bytes32 hash = block;
    if (hash != null && !hash.equals(Bytes32.of(log.blockHash, 0))) {
      throw invalidReply("log is of another block", place());
    }
    if (isAsked()) {
      log.end();
    } else if (strict) {
      throw invalidReply("log was not asked for", place() + " contract=" + Address.of(log.address));
    } else {
      log.words.length = log.beginOfWords();
    }
  }

  private boolean isAsked() {
    return isAskedAddress() && isAskedTopic();
  }

  private boolean isAskedAddress() {
    if (addresses.isEmpty() || (hasAllowed && Arrays.equals(lastAcceptedAddress, out.address))) {
      return true;
    }
    if (!addresses.contains(Address.of(out.address, 0))) {
      return false;
    }
    System.arraycopy(out.address, 0, lastAcceptedAddress, 0, Address.LENGTH);
    hasAllowed = true;
    return true;
  }

  private boolean isAskedTopic() {
    if (topics.length == 0) {
      return true;
    }
    if (out.topics == 0) {
      return false;
    }
    int at = out.beginOfWords();
    for (int i = 0; i < topics.length; i += LogColumnsBuilder.WORD) {
      if (Arrays.equals(
          topics,
          i,
          i + LogColumnsBuilder.WORD,
          out.words.bytes,
          at,
          at + LogColumnsBuilder.WORD)) {
        return true;
      }
    }
    return false;
  }

  private String place() {
    return "block=%d logIndex=%d".formatted(out.number, out.logIndex);
  }

  private static RpcCallException invalidReply(String rule, String values) {
    return RpcCallException.of(RpcCallException.Kind.NONSENSE, rule + ": " + values);
  }
}
