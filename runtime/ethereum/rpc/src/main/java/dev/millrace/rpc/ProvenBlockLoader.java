package dev.millrace.rpc;

import dev.millrace.jsonrpc.JsonRpcCall;
import dev.millrace.jsonrpc.JsonRpcReply;
import dev.millrace.jsonrpc.JsonStreamReader;
import dev.millrace.jsonrpc.RpcCallException;
import dev.millrace.rpc.FailoverCaller.Asked;
import dev.millrace.rpc.FailoverCaller.Refusal;
import dev.millrace.rpc.NodeErrorTable.Action;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Loads blocks from an endpoint that names its chain in the same request. Behind an address with
 * several nodes one request is answered by one of them. Any thread.
 */
final class ProvenBlockLoader {
  private static final String CHAIN = "eth_chainId";
  private static final String BY_NUMBER = "eth_getBlockByNumber";

  private final FailoverCaller calls;

  /** A result of one request: the chain, or a block. */
  private sealed interface Result {
    record Chain(long id) implements Result {}

    record Block(NodeBlockHeader block) implements Result {}
  }

  ProvenBlockLoader(FailoverCaller calls) {
    this.calls = calls;
  }

  /** Loads blocks by number, from each endpoint in turn until none is missing. */
  Map<Long, NodeBlockHeader> ask(List<Long> numbers) throws InterruptedException {
    long newest = numbers.stream().mapToLong(Long::longValue).max().orElse(-1);
    Map<Long, NodeBlockHeader> known = new HashMap<>();
    Set<String> asked = new HashSet<>();
    while (known.size() < numbers.size()) {
      Endpoint endpoint =
          calls
              .endpoints()
              .acquire(CallRequirements.blocks(Set.copyOf(asked), numbers.size() + 1, newest));
      if (asked.contains(endpoint.name)) {
        calls.endpoints().unanswered(endpoint);
        break; // there is no other endpoint
      }
      Map<Long, NodeBlockHeader> found = ask(endpoint, numbers, newest);
      if (found != null) {
        known.putAll(found);
        asked.add(endpoint.name);
      }
    }
    return known;
  }

  private @Nullable Map<Long, NodeBlockHeader> ask(
      Endpoint endpoint, List<Long> numbers, long newest) throws InterruptedException {
    CallRequirements need = CallRequirements.blocks(Set.of(), numbers.size() + 1, newest);
    boolean together =
        endpoint.batches.calls(BatchLimit.MAX_PROOF_REFUSALS, calls.now()) > numbers.size();
    BatchExchange exchange = new BatchExchange();
    try {
      return calls.attempt(
          endpoint,
          need,
          FailoverCaller.LogRange.NONE,
          one -> together ? together(one, numbers, exchange) : oneByOne(one, numbers));
    } catch (Refusal refused) {
      if (refused.verdict.action() == Action.UNKNOWN_BLOCK) {
        return Map.of();
      }
      if (exchange.isOfBatch(refused)) {
        calls.endpoints().refusedBatch(endpoint, numbers.size() + 1, refused.trouble);
      } else if (together) {
        exchange.recordRefusal(calls, endpoint, refused, BatchLimit.MAX_PROOF_REFUSALS);
      } else {
        endpoint.batches.refused(false, BatchLimit.MAX_PROOF_REFUSALS, calls.now());
      }
      return null;
    }
  }

  private Map<Long, NodeBlockHeader> together(
      Endpoint endpoint, List<Long> numbers, BatchExchange exchange)
      throws RpcCallException, InterruptedException, FailoverCaller.WrongChain {
    List<Asked> asked = new ArrayList<>();
    asked.add(new Asked(CHAIN, "[]"));
    numbers.forEach(number -> asked.add(new Asked(BY_NUMBER, byNumber(number))));
    long ended = endpoint.transport.endedConnections();
    List<JsonRpcReply<Result>> replies =
        exchange.send(endpoint, calls.calls(asked), ProvenBlockLoader::result);
    for (JsonRpcReply<Result> reply : replies) {
      if (reply.trouble() != null) {
        throw reply.trouble();
      }
    }
    endpoint.batches.accepted();
    Result first = replies.isEmpty() ? null : replies.getFirst().value();
    calls.named(endpoint, first instanceof Result.Chain(long id) ? id : null, ended);
    Map<Long, NodeBlockHeader> blocks = new HashMap<>();
    for (int i = 1; i < replies.size() && i <= numbers.size(); i++) {
      if (replies.get(i).value() instanceof Result.Block(NodeBlockHeader block)) {
        put(blocks, numbers.get(i - 1), block);
      }
    }
    return blocks;
  }

  private Map<Long, NodeBlockHeader> oneByOne(Endpoint endpoint, List<Long> numbers)
      throws RpcCallException, InterruptedException, FailoverCaller.WrongChain {
    calls.verifyChainId(endpoint);
    Map<Long, NodeBlockHeader> blocks = new HashMap<>();
    for (long number : numbers) {
      JsonRpcCall call = calls.call(BY_NUMBER, byNumber(number));
      NodeBlockHeader block = endpoint.transport.call(call, BlockReplyReader::block);
      if (block != null) {
        put(blocks, number, block);
      }
    }
    return blocks;
  }

  private static void put(Map<Long, NodeBlockHeader> blocks, long number, NodeBlockHeader block) {
    if (block.header().number() == number) {
      blocks.put(number, block);
    }
  }

  private static @Nullable Result result(JsonStreamReader in) throws IOException {
    if (in.peek() == '"') {
      return new Result.Chain(in.quantity());
    }
    NodeBlockHeader block = BlockReplyReader.block(in);
    return block == null ? null : new Result.Block(block);
  }

  private static String byNumber(long number) {
    return "[\"" + AdaptiveLogFetcher.hex(number) + "\",false]";
  }
}
