package dev.millrace.rpc;

import dev.millrace.jsonrpc.JsonRpcCall;
import dev.millrace.jsonrpc.JsonRpcReply;
import dev.millrace.jsonrpc.JsonRpcResultReader;
import dev.millrace.jsonrpc.RpcCallException;
import dev.millrace.rpc.FailoverCaller.Refusal;
import java.util.List;

/**
 * One request with several calls, and the conclusion from its failure. Confined to one thread.
 *
 * <p>Only an endpoint that takes no such requests may be asked for the calls one by one: behind an
 * address with several backends two of them may answer, and one call proves nothing of the other.
 * So a failure counts as a refusal only if this very request was sent and not answered, and the
 * last one that counts has to follow a single call that is answered: an outage refuses those too.
 */
final class BatchExchange {
  private boolean isUnanswered;

  <T> List<JsonRpcReply<T>> send(
      Endpoint endpoint, List<JsonRpcCall> calls, JsonRpcResultReader<T> reader)
      throws RpcCallException, InterruptedException {
    isUnanswered = true;
    List<JsonRpcReply<T>> replies = endpoint.transport.batch(calls, reader);
    isUnanswered = !replies.stream().allMatch(JsonRpcReply::isThere);
    return replies;
  }

  /** True if the endpoint may have refused the request for its number of calls. */
  boolean isOfBatch(Refusal refused) {
    return isUnanswered && BatchedCallRunner.isOfBatch(refused);
  }

  /**
   * Counts a refusal, if it may be one. Before the last one the endpoint has to answer a single
   * call, for its chain.
   *
   * @param refusals in a row after which calls are made one by one
   */
  void recordRefusal(FailoverCaller calls, Endpoint endpoint, Refusal refused, int refusals) {
    if (isUnanswered && BatchedCallRunner.mayBeOfBatch(endpoint, refused)) {
      endpoint.batches.refused(true, refusals, calls.now());
      if (endpoint.batches.refusals() >= refusals - 1) {
        calls.endpoints().reprove(endpoint);
      }
    }
  }
}
