package dev.millrace.rpc;

import dev.millrace.jsonrpc.JsonRpcReply;
import dev.millrace.jsonrpc.JsonRpcResultReader;
import dev.millrace.jsonrpc.RpcCallException;
import dev.millrace.rpc.FailoverCaller.Asked;
import dev.millrace.rpc.FailoverCaller.Refusal;
import dev.millrace.rpc.NodeErrorTable.Action;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;

/**
 * Makes many calls of one method, in as few requests as the nodes allow.
 *
 * @param method the method of all calls
 * @param reader reads each result
 */
record BatchedCallRunner<T>(FailoverCaller calls, String method, JsonRpcResultReader<T> reader) {
  /** Statuses that say that a request is wrong, not that its address is. */
  private static final Set<Integer> OF_REQUESTS = Set.of(400, 405, 406, 411, 413, 414, 415, 422);

  /**
   * One call.
   *
   * @param newest the block that the endpoint must have; -1: none
   */
  record Params(String text, long newest) {}

  /** Returns the results in the order of the calls; null where an endpoint knew nothing. */
  List<@Nullable T> ask(List<Params> params) throws InterruptedException {
    if (params.size() <= 1) {
      return params.isEmpty() ? List.of() : Collections.singletonList(one(params.getFirst()));
    }
    return split(params, BatchLimit.DEFAULT_CALLS);
  }

  private @Nullable T one(Params params) throws InterruptedException {
    return calls
        .ask(CallRequirements.blocks(Set.of(), 1, params.newest()), method, params.text(), reader)
        .value();
  }

  private List<@Nullable T> split(List<Params> params, int size) throws InterruptedException {
    List<Callable<List<@Nullable T>>> parts = new ArrayList<>();
    for (int i = 0; i < params.size(); i += size) {
      List<Params> part = params.subList(i, Math.min(params.size(), i + size));
      parts.add(
          part.size() == 1
              ? () -> Collections.singletonList(one(part.getFirst()))
              : () -> part(part));
    }
    List<@Nullable T> values = new ArrayList<>();
    for (List<@Nullable T> part : calls.side(parts)) {
      values.addAll(part);
    }
    return values;
  }

  private List<@Nullable T> part(List<Params> params) throws InterruptedException {
    long newest = params.stream().mapToLong(Params::newest).max().orElse(-1);
    CallRequirements need = CallRequirements.blocks(Set.of(), params.size(), newest);
    List<Asked> asked = params.stream().map(each -> new Asked(method, each.text())).toList();
    EndpointSelector endpoints = calls.endpoints();
    while (true) {
      Endpoint endpoint = endpoints.acquire(need);
      int batch = endpoint.batches.calls(BatchLimit.MAX_REFUSALS, calls.now());
      if (batch < params.size()) {
        endpoints.unanswered(endpoint);
        return split(params, batch);
      }
      BatchExchange exchange = new BatchExchange();
      try {
        List<JsonRpcReply<T>> replies =
            calls.attempt(
                endpoint,
                need,
                FailoverCaller.LogRange.NONE,
                one -> exchange.send(one, calls.calls(asked), reader));
        if (replies != null) {
          if (replies.stream().anyMatch(JsonRpcReply::isThere)) {
            endpoint.batches.accepted();
          }
          return rest(endpoint, params, replies);
        }
      } catch (Refusal refused) {
        if (exchange.isOfBatch(refused)) {
          endpoints.refusedBatch(endpoint, params.size(), refused.trouble);
          return split(params, Math.max(1, params.size() / 2));
        } else if (isOverload(refused)) {
          endpoints.easedBatch(endpoint, params.size());
          return split(params, params.size() / 2);
        }
        exchange.recordRefusal(calls, endpoint, refused, BatchLimit.MAX_REFUSALS);
      }
    }
  }

  /** True if a refusal may concern the batch rather than its calls. */
  static boolean isOfBatch(Refusal refused) {
    Action action = refused.verdict.action();
    return action == Action.UNKNOWN
        || action == Action.NO_METHOD
        || action == Action.SHRINK
        || (refused.trouble.kind() == RpcCallException.Kind.STATUS
            && OF_REQUESTS.contains((int) refused.trouble.code()));
  }

  /**
   * True if the calls may be answered one by one: an unreadable reply may be the endpoint's only
   * answer to a batch. For an endpoint that has answered a batch, only if the error names batches.
   */
  static boolean mayBeOfBatch(Endpoint endpoint, Refusal refused) {
    RpcCallException.Kind kind = refused.trouble.kind();
    boolean isUnread =
        kind == RpcCallException.Kind.NONSENSE
            || kind == RpcCallException.Kind.TORN
            || kind == RpcCallException.Kind.STATUS;
    return endpoint.batches.hasAccepted()
        ? mentionsBatch(refused.trouble)
        : isUnread || isOfBatch(refused);
  }

  /** True if the error text of the node, not of this client, mentions batches. */
  static boolean mentionsBatch(RpcCallException trouble) {
    boolean isOfNode =
        trouble.kind() == RpcCallException.Kind.ERROR
            || trouble.kind() == RpcCallException.Kind.STATUS;
    return isOfNode && trouble.text().toLowerCase(Locale.ROOT).contains("batch");
  }

  /** True if fewer calls at once may be easier for now. */
  static boolean isOverload(Refusal refused) {
    RpcCallException.Kind kind = refused.trouble.kind();
    return refused.verdict.action() == Action.RATE_LIMITED
        || kind == RpcCallException.Kind.TIMEOUT
        || (refused.verdict.action() == Action.RETRY
            && (kind == RpcCallException.Kind.ERROR || kind == RpcCallException.Kind.STATUS));
  }

  /** Repeats the failed calls of a batch one by one. */
  private List<@Nullable T> rest(
      Endpoint endpoint, List<Params> params, List<JsonRpcReply<T>> replies)
      throws InterruptedException {
    List<@Nullable T> values = new ArrayList<>();
    for (int i = 0; i < replies.size(); i++) {
      JsonRpcReply<T> reply = replies.get(i);
      Params each = params.get(i);
      if (reply.trouble() == null && reply.value() == null && each.newest() >= 0) {
        calls.endpoints().lacks(endpoint.name, each.newest());
      }
      values.add(reply.trouble() == null ? reply.value() : one(each));
    }
    return values;
  }
}
