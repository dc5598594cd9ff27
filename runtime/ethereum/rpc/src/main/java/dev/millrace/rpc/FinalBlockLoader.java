package dev.millrace.rpc;

import dev.millrace.evm.BlockHeader;
import dev.millrace.jsonrpc.JsonRpcCall;
import dev.millrace.jsonrpc.JsonRpcReply;
import dev.millrace.jsonrpc.JsonRpcResultReader;
import dev.millrace.jsonrpc.RpcCallException;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.rpc.FailoverCaller.Asked;
import dev.millrace.rpc.FailoverCaller.Refusal;
import dev.millrace.rpc.NodeErrorTable.Action;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;

/**
 * Loads blocks from endpoints that call them final in the same request. An endpoint on a replaced
 * branch has its final block below that branch, so it is not believed there, however many of its
 * own answers agree with each other; behind an address with several backends one request is
 * answered by one of them. Any thread.
 */
final class FinalBlockLoader {
  private static final String BY_NUMBER = "eth_getBlockByNumber";
  private static final JsonRpcResultReader<NodeBlockHeader> BLOCK = BlockReplyReader::block;

  /**
   * Limit of calls made one by one to an endpoint that takes no batches, before its final block is
   * old.
   */
  private static final int MAX_ALONE = 8;

  private final FailoverCaller calls;
  private final NewHeadSignal heads;
  private final RpcSettings settings;
  private volatile String waitingFor = "";

  FinalBlockLoader(FailoverCaller calls, NewHeadSignal heads, RpcSettings settings) {
    this.calls = calls;
    this.heads = heads;
    this.settings = settings;
  }

  /** Returns the reason why blocks are asked for repeatedly; empty if none are. */
  String waitingFor() {
    return waitingFor;
  }

  /**
   * Returns the blocks in the order asked; waits until all are there and final.
   *
   * @param patience the time for which endpoints may answer that some are not
   */
  List<NodeBlockHeader> ask(List<Long> numbers, FinalityRule rule, Duration patience)
      throws InterruptedException {
    return split(numbers, new Wanted(rule, patience), BatchLimit.DEFAULT_CALLS - rule.proofs());
  }

  /** The blocks that count, and the time to wait for them. */
  private record Wanted(FinalityRule rule, Duration patience) {}

  private List<NodeBlockHeader> split(List<Long> numbers, Wanted wanted, int size)
      throws InterruptedException {
    if (numbers.size() <= size) {
      return numbers.isEmpty() ? List.of() : part(numbers, wanted);
    }
    List<Callable<List<NodeBlockHeader>>> parts = new ArrayList<>();
    for (int at = 0; at < numbers.size(); at += size) {
      List<Long> part = numbers.subList(at, Math.min(numbers.size(), at + size));
      parts.add(() -> part(part, wanted));
    }
    List<NodeBlockHeader> blocks = new ArrayList<>(numbers.size());
    for (List<NodeBlockHeader> part : calls.side(parts)) {
      blocks.addAll(part);
    }
    return blocks;
  }

  private List<NodeBlockHeader> part(List<Long> numbers, Wanted wanted)
      throws InterruptedException {
    FinalityRule rule = wanted.rule();
    long deniedSince = 0;
    boolean isDenied = false;
    EndpointSelector endpoints = calls.endpoints();
    NewHeadSignal.Follower news = heads.follow();
    Map<Long, NodeBlockHeader> known = new HashMap<>();
    List<Long> missing = numbers;
    try {
      for (int misses = 0; !missing.isEmpty(); ) {
        long newest = missing.stream().mapToLong(Long::longValue).max().orElse(-1);
        CallRequirements need = CallRequirements.finals(missing.size() + rule.proofs(), newest);
        Endpoint endpoint = endpoints.acquire(need);
        int batch = endpoint.batches.calls(BatchLimit.MAX_PROOF_REFUSALS, calls.now());
        boolean together = batch > 2;
        int size = together ? batch - rule.proofs() : MAX_ALONE;
        if (missing.size() > size) {
          endpoints.unanswered(endpoint);
          split(missing, wanted, size).forEach(block -> known.put(block.header().number(), block));
        } else {
          Map<Long, NodeBlockHeader> found =
              ask(endpoint, need, new Question(missing, rule, together));
          if (found != null) {
            known.putAll(found);
            deniedSince = isDenied && found.isEmpty() ? deniedSince : calls.now();
            isDenied = found.isEmpty();
          }
          if (isDenied && calls.now() - deniedSince > wanted.patience().toNanos()) {
            throw new MillraceException(
                Remedy.RETRY, "no endpoint calls the block final: block=" + newest);
          }
        }
        List<Long> left = numbers.stream().filter(number -> !known.containsKey(number)).toList();
        if (left.size() == missing.size() && ++misses % endpoints.all().size() == 0) {
          waitingFor = "no endpoint that has the block calls it final yet: block=" + newest;
          news.await(settings.poll());
        }
        missing = left;
      }
    } finally {
      waitingFor = "";
    }
    return numbers.stream().map(known::get).toList();
  }

  /**
   * Question to one endpoint.
   *
   * @param together true for one request, false for calls one by one
   */
  private record Question(List<Long> numbers, FinalityRule rule, boolean together) {}

  /** Returns the blocks that an endpoint has and calls final; null if it gives no answer. */
  private @Nullable Map<Long, NodeBlockHeader> ask(
      Endpoint endpoint, CallRequirements need, Question question) throws InterruptedException {
    List<Long> numbers = question.numbers();
    FinalityRule rule = question.rule();
    boolean together = question.together();
    List<Asked> asked = new ArrayList<>();
    rule.asked(need.newest())
        .forEach(proof -> asked.add(new Asked(BY_NUMBER, "[\"" + proof + "\",false]")));
    numbers.forEach(number ->
        asked.add(new Asked(BY_NUMBER, "[\"" + AdaptiveLogFetcher.hex(number) + "\",false]")));
    BatchExchange exchange = new BatchExchange();
    try {
      List<JsonRpcReply<NodeBlockHeader>> replies =
          calls.attempt(
              endpoint,
              need,
              FailoverCaller.LogRange.NONE,
              one ->
                  together
                      ? replies(one, calls.calls(asked), exchange)
                      : replies(one, calls.calls(asked), rule));
      Map<Long, NodeBlockHeader> blocks =
          replies == null ? Map.of() : taken(endpoint, need.newest(), replies, numbers, rule);
      if (blocks.isEmpty()) {
        calls.endpoints().isNotFinal(endpoint);
      }
      return blocks;
    } catch (Refusal refused) {
      if (exchange.isOfBatch(refused)) {
        calls.endpoints().refusedBatch(endpoint, asked.size(), refused.trouble);
      } else if (together && BatchedCallRunner.isOverload(refused)) {
        calls.endpoints().easedBatch(endpoint, asked.size());
      }
      if (together) {
        exchange.recordRefusal(calls, endpoint, refused, BatchLimit.MAX_PROOF_REFUSALS);
      } else {
        endpoint.batches.refused(false, BatchLimit.MAX_PROOF_REFUSALS, calls.now());
      }
      return null;
    }
  }

  /** Makes all calls in one request. */
  private List<JsonRpcReply<NodeBlockHeader>> replies(
      Endpoint endpoint, List<JsonRpcCall> asked, BatchExchange exchange)
      throws RpcCallException, InterruptedException {
    List<JsonRpcReply<NodeBlockHeader>> replies = exchange.send(endpoint, asked, BLOCK);
    for (JsonRpcReply<NodeBlockHeader> reply : replies) {
      throwIfOfEndpoint(reply.trouble());
    }
    if (replies.stream().noneMatch(JsonRpcReply::isThere)) {
      throw RpcCallException.of(RpcCallException.Kind.TORN, "batch has no replies");
    }
    endpoint.batches.accepted();
    return replies;
  }

  /** Makes one call after the other. */
  private List<JsonRpcReply<NodeBlockHeader>> replies(
      Endpoint endpoint, List<JsonRpcCall> asked, FinalityRule rule)
      throws RpcCallException, InterruptedException {
    List<JsonRpcReply<NodeBlockHeader>> replies = new ArrayList<>();
    for (JsonRpcCall call : asked) {
      try {
        replies.add(new JsonRpcReply<>(endpoint.transport.call(call, BLOCK), null));
      } catch (RpcCallException trouble) {
        if (replies.size() >= rule.proofs()) {
          throw trouble;
        }
        throwIfOfEndpoint(trouble);
        return List.of(); // the endpoint does not know the tag
      }
    }
    return replies;
  }

  /** Throws a trouble that concerns the endpoint as a whole, not a tag or a block. */
  private void throwIfOfEndpoint(@Nullable RpcCallException trouble) throws RpcCallException {
    if (trouble == null || trouble.kind() == RpcCallException.Kind.TORN) {
      return;
    }
    Action action = calls.errors().judge(trouble, -1, -1).action();
    if (trouble.kind() != RpcCallException.Kind.ERROR
        || action == Action.RATE_LIMITED
        || action == Action.RETRY) {
      throw trouble;
    }
  }

  private Map<Long, NodeBlockHeader> taken(
      Endpoint endpoint,
      long newest,
      List<JsonRpcReply<NodeBlockHeader>> replies,
      List<Long> numbers,
      FinalityRule rule) {
    int proofs = rule.proofs();
    List<BlockHeader> proven = new ArrayList<>();
    for (JsonRpcReply<NodeBlockHeader> reply :
        replies.subList(0, Math.min(proofs, replies.size()))) {
      NodeBlockHeader block = reply.value();
      if (block != null) {
        proven.add(block.header());
        calls.endpoints().has(endpoint, block.header().number());
      }
    }
    Map<Long, NodeBlockHeader> blocks = new HashMap<>();
    long finalBlock = rule.finalBlock(newest, proven);
    for (int i = proofs; i < replies.size() && i - proofs < numbers.size(); i++) {
      NodeBlockHeader block = replies.get(i).value();
      long number = numbers.get(i - proofs);
      if (block != null && number <= finalBlock && block.header().number() == number) {
        blocks.put(number, block);
      }
    }
    return blocks;
  }
}
