package dev.millrace.rpc;

import dev.millrace.evm.BlockHeader;
import dev.millrace.jsonrpc.JsonRpcCall;
import dev.millrace.jsonrpc.JsonRpcReply;
import dev.millrace.jsonrpc.JsonRpcResultReader;
import dev.millrace.jsonrpc.JsonStreamReader;
import dev.millrace.jsonrpc.RpcCallException;
import dev.millrace.loaders.Bytes32;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Logs and their last block, from one endpoint in one request. The block comes first and so proves
 * that the endpoint had it when it looked for logs; behind an address with several backends one
 * request is answered by one of them. Confined to one thread.
 */
final class LogsAndEndBlock implements JsonRpcResultReader<LogsAndEndBlock.Part> {
  private final JsonRpcResultReader<LogColumns> logs;
  private final long number;
  private final @Nullable Bytes32 hash;
  private final BatchExchange exchange = new BatchExchange();

  /**
   * @param logs reads the reply to the second call
   * @param number the block
   * @param hash the hash that the block must have; null: any
   */
  LogsAndEndBlock(JsonRpcResultReader<LogColumns> logs, long number, @Nullable Bytes32 hash) {
    this.logs = logs;
    this.number = number;
    this.hash = hash;
  }

  /** Returns the exchange of both calls as one request. */
  BatchExchange exchange() {
    return exchange;
  }

  /** One of the two replies. */
  sealed interface Part {}

  record End(NodeBlockHeader block) implements Part {}

  record Logs(LogColumns columns) implements Part {}

  /** Both replies of a pair that agrees. */
  record Proven(LogColumns logs, NodeBlockHeader end) {}

  @Override
  public @Nullable Part read(JsonStreamReader in) throws IOException {
    if (in.peek() == '[') {
      LogColumns columns = logs.read(in);
      return columns == null ? null : new Logs(columns);
    }
    NodeBlockHeader end = BlockReplyReader.block(in);
    return end == null ? null : new End(end);
  }

  /** Makes both calls, as one request or one after the other. */
  Proven ask(Endpoint endpoint, List<JsonRpcCall> calls, boolean together)
      throws RpcCallException, InterruptedException {
    JsonRpcCall blockCall = calls.getFirst();
    JsonRpcCall logCall = calls.getLast();
    Part first;
    Part second;
    if (together) {
      List<JsonRpcReply<Part>> replies = exchange.send(endpoint, calls, this);
      if (replies.size() != 2) {
        throw RpcCallException.of(RpcCallException.Kind.TORN, "batch has no reply to a call");
      }
      first = value(replies.getFirst());
      check(first);
      second = value(replies.getLast());
    } else {
      first = endpoint.transport.call(blockCall, this);
      check(first);
      second = endpoint.transport.call(logCall, this);
    }
    if (!(first instanceof End end) || !(second instanceof Logs found)) {
      throw RpcCallException.of(
          RpcCallException.Kind.NONSENSE, "reply has no logs where logs were asked for");
    }
    agree(found.columns(), end.block().header());
    return new Proven(found.columns(), end.block());
  }

  private static @Nullable Part value(JsonRpcReply<Part> reply) throws RpcCallException {
    RpcCallException trouble = reply.trouble();
    if (trouble != null) {
      throw trouble;
    }
    return reply.value();
  }

  private void check(@Nullable Part first) throws RpcCallException {
    if (first instanceof Logs
        || (first instanceof End other && other.block().header().number() != number)) {
      throw RpcCallException.of(
          RpcCallException.Kind.NONSENSE, "reply is not the block that was asked for");
    }
    Bytes32 named = hash;
    boolean isThere =
        first instanceof End end && (named == null || end.block().header().hash().equals(named));
    if (!isThere) {
      throw named == null
          ? RpcCallException.of(
              RpcCallException.Kind.BEHIND, "block is not there yet: block=" + number)
          : RpcCallException.error(0, "unknown block: hash=" + named);
    }
  }

  private static void agree(LogColumns logs, BlockHeader end) throws RpcCallException {
    int last = logs.size() - 1;
    if (last < 0 || logs.blockNumber(last) != end.number()) {
      return;
    }
    long time = logs.blockTime(last);
    if (!logs.blockHash(last).equals(end.hash())
        || (time != LogColumns.NO_TIME && time != end.timestamp().getEpochSecond())) {
      throw RpcCallException.of(
          RpcCallException.Kind.NONSENSE,
          "logs are of another block than the header: " + end.number());
    }
  }
}
