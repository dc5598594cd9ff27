package dev.millrace.rpc;

import dev.millrace.jsonrpc.JsonRpcCall;
import dev.millrace.jsonrpc.JsonRpcResultReader;
import dev.millrace.jsonrpc.JsonStreamReader;
import dev.millrace.jsonrpc.RpcCallException;
import dev.millrace.loaders.Bytes32;
import dev.millrace.rpc.NodeErrorTable.Action;
import dev.millrace.rpc.NodeErrorTable.Classification;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** Repeats a call until it is answered: chooses the endpoint, asks, and records the outcome. */
final class FailoverCaller {
  private static final int INVALID_PARAMS = -32602;

  private final EndpointSelector endpoints;
  private final NodeErrorTable errors;
  private final long chain;
  private final CallRuntime runtime;
  private final AtomicLong ids = new AtomicLong(1);

  /** An answer and the endpoint that gave it. */
  record Answer<T>(@Nullable T value, String endpoint) {}

  /** Exchange with an endpoint that was acquired. */
  interface Attempt<T> {
    @Nullable T on(Endpoint endpoint) throws RpcCallException, InterruptedException, WrongChain;
  }

  FailoverCaller(
      EndpointSelector endpoints, NodeErrorTable errors, long chain, CallRuntime runtime) {
    this.endpoints = endpoints;
    this.errors = errors;
    this.chain = chain;
    this.runtime = runtime;
  }

  EndpointSelector endpoints() {
    return endpoints;
  }

  NodeErrorTable errors() {
    return errors;
  }

  long now() {
    return runtime.nanos();
  }

  JsonRpcCall call(String method, String params) {
    return new JsonRpcCall(ids.getAndIncrement(), method, params);
  }

  /** One call of a request with several. */
  record Asked(String method, String params) {}

  List<JsonRpcCall> calls(List<Asked> asked) {
    long first = ids.getAndAdd(asked.size());
    List<JsonRpcCall> calls = new ArrayList<>(asked.size());
    for (int i = 0; i < asked.size(); i++) {
      calls.add(new JsonRpcCall(first + i, asked.get(i).method(), asked.get(i).params()));
    }
    return calls;
  }

  /**
   * Checks that an endpoint has a block, and asks for its head if that is not known already.
   *
   * @throws RpcCallException BEHIND if the endpoint lacks the block
   */
  void look(Endpoint endpoint, long number) throws RpcCallException, InterruptedException {
    if (endpoints.covers(endpoint, number)) {
      return;
    }
    Long head = endpoint.transport.call(call("eth_blockNumber", "[]"), JsonStreamReader::quantity);
    if (head == null || head < 0) {
      throw RpcCallException.of(RpcCallException.Kind.NONSENSE, "node does not know its head");
    }
    endpoints.recordHead(endpoint, head);
    if (head < number) {
      throw RpcCallException.of(
          RpcCallException.Kind.BEHIND,
          "block is not there yet: block=%d head=%d".formatted(number, head));
    }
  }

  /** Asks one endpoint once; a failure is recorded before it is thrown. */
  <T> @Nullable T attempt(
      Endpoint endpoint, CallRequirements need, LogRange range, Attempt<T> attempt)
      throws Refusal, InterruptedException {
    long begun = runtime.nanos();
    try {
      if (!endpoint.proof.isGiven()) {
        verifyChainId(endpoint);
      }
      T value = attempt.on(endpoint);
      proveIfDue(endpoint); // before the answer counts: another node may have given it
      endpoints.succeeded(endpoint, need, begun);
      return value;
    } catch (RpcCallException raw) {
      RpcCallException trouble = endpoint.target.conceal(raw);
      Classification verdict = judge(trouble, need, range);
      endpoints.failed(endpoint, need, trouble, verdict, begun);
      throw new Refusal(verdict, trouble);
    } catch (WrongChain wrong) {
      endpoints.wrong(endpoint, wrong.served, begun);
      throw new Refusal(
          Classification.of(Action.RETRY),
          RpcCallException.of(RpcCallException.Kind.NONSENSE, "wrong chain"));
    } catch (InterruptedException | RuntimeException | Error ended) {
      endpoints.unanswered(endpoint);
      throw ended;
    }
  }

  /**
   * Judges a failure. An endpoint that does not know a block of a range is behind. SHRINK is no way
   * out for one block or its header: an error text of an outage would end the lane.
   */
  private Classification judge(RpcCallException trouble, CallRequirements need, LogRange range) {
    Classification verdict = errors.judge(trouble, range.from(), range.to());
    boolean isRange = !range.equals(LogRange.NONE);
    return switch (verdict.action()) {
      case UNKNOWN_BLOCK -> isRange ? Classification.of(Action.NOT_YET_AVAILABLE) : verdict;
      case SHRINK -> {
        boolean mayShrink =
            switch (need.kind()) {
              case LOGS -> true;
              case RECEIPTS -> NodeErrorTable.isResultLimit(trouble);
              case FINAL, HEAD, REST -> need.calls() > 1;
            };
        yield mayShrink ? verdict : Classification.of(Action.RETRY);
      }
      case NOT_YET_AVAILABLE, RATE_LIMITED, PRUNED, NO_METHOD, RETRY, UNKNOWN -> verdict;
    };
  }

  /** The range that a call is about, as far as an error may name another one. */
  record LogRange(long from, long to) {
    static final LogRange NONE = new LogRange(-1, -1);
  }

  /** Reason for a missing answer: our verdict and the error of the node. */
  static final class Refusal extends Exception {
    private static final long serialVersionUID = 1L;
    final transient Classification verdict;
    final transient RpcCallException trouble;

    Refusal(Classification verdict, RpcCallException trouble) {
      super(trouble.text(), trouble, false, false);
      this.verdict = verdict;
      this.trouble = trouble;
    }
  }

  /** An endpoint named another chain than ours. */
  static final class WrongChain extends Exception {
    private static final long serialVersionUID = 1L;
    final long served;

    WrongChain(long served) {
      super("endpoint serves another chain: chain=" + served, null, false, false);
      this.served = served;
    }
  }

  /** Lets one of several concurrent calls prove the chain for all that wait for it. */
  private void proveIfDue(Endpoint endpoint)
      throws RpcCallException, InterruptedException, WrongChain {
    while (endpoint.proof.isDue(runtime.nanos(), endpoint.transport.endedConnections())) {
      CompletableFuture<Boolean> mine = new CompletableFuture<>();
      CompletableFuture<Boolean> underWay = endpoint.proving.compareAndExchange(null, mine);
      if (underWay != null) {
        await(underWay);
        continue;
      }
      try {
        verifyChainId(endpoint);
        mine.complete(true);
        return;
      } catch (RpcCallException | WrongChain failed) {
        mine.completeExceptionally(failed);
        throw failed;
      } finally {
        endpoint.proving.set(null);
        mine.complete(false); // no result if the thread was interrupted
      }
    }
  }

  private static void await(CompletableFuture<Boolean> proof)
      throws RpcCallException, InterruptedException, WrongChain {
    try {
      boolean _ = proof.get();
    } catch (ExecutionException failed) {
      switch (failed.getCause()) {
        case RpcCallException trouble -> throw trouble;
        case WrongChain wrong -> throw wrong;
        case null, default -> throw new IllegalStateException(failed);
      }
    }
  }

  /** Asks an endpoint for its chain and records the proof. */
  void verifyChainId(Endpoint endpoint) throws RpcCallException, InterruptedException, WrongChain {
    long ended = endpoint.transport.endedConnections();
    named(endpoint, served(endpoint), ended);
  }

  /**
   * Checks the chain that an endpoint named and records the proof.
   *
   * @param served null if the endpoint named none
   * @param ended connections of the endpoint that had ended before it was asked
   */
  void named(Endpoint endpoint, @Nullable Long served, long ended)
      throws RpcCallException, WrongChain {
    if (served == null || served < 0) {
      throw RpcCallException.of(RpcCallException.Kind.NONSENSE, "node does not know its chain");
    }
    if (served != chain) {
      throw new WrongChain(served);
    }
    endpoints.proven(endpoint, ended);
  }

  /** Asks for the chain, twice if the first call is lost: a finished answer may depend on it. */
  private @Nullable Long served(Endpoint endpoint) throws RpcCallException, InterruptedException {
    try {
      return endpoint.transport.call(call("eth_chainId", "[]"), JsonStreamReader::quantity);
    } catch (RpcCallException lost) {
      if (lost.kind() == RpcCallException.Kind.TIMEOUT) {
        throw lost;
      }
      return endpoint.transport.call(call("eth_chainId", "[]"), JsonStreamReader::quantity);
    }
  }

  /** Asks until there is an answer, which may be null. */
  <T> Answer<T> ask(CallRequirements need, Attempt<T> attempt) throws InterruptedException {
    while (true) {
      Endpoint endpoint = endpoints.acquire(need);
      try {
        return new Answer<>(attempt(endpoint, need, LogRange.NONE, attempt), endpoint.name);
      } catch (Refusal refused) {
        if (refused.verdict.action() == Action.UNKNOWN_BLOCK) {
          return new Answer<>(null, endpoint.name);
        }
      }
    }
  }

  <T> Answer<T> ask(
      CallRequirements need, String method, String params, JsonRpcResultReader<T> reader)
      throws InterruptedException {
    Answer<T> answer = ask(need, endpoint -> endpoint.transport.call(call(method, params), reader));
    if (answer.value() == null && need.newest() >= 0) {
      endpoints.lacks(answer.endpoint(), need.newest());
    }
    return answer;
  }

  /**
   * Asks until there is an answer, and asks the other endpoints that answer while it is null: those
   * that are fastest may stand still on a replaced branch.
   *
   * @param newest the block that the endpoint must have; -1: none
   */
  <T> @Nullable T find(long newest, String method, String params, JsonRpcResultReader<T> reader)
      throws InterruptedException {
    Set<String> asked = new HashSet<>();
    while (true) {
      CallRequirements need = CallRequirements.blocks(Set.copyOf(asked), 1, newest);
      Answer<T> answer = ask(need, method, params, reader);
      boolean isLast = !asked.add(answer.endpoint()) || !endpoints.hasOther(asked);
      if (answer.value() != null || isLast) {
        return answer.value();
      }
    }
  }

  /** Asks the other endpoints that answer, each once, whether they have a block. */
  boolean isElsewhere(Bytes32 block, Set<String> lacking) throws InterruptedException {
    String params = "[\"%s\",false]".formatted(block);
    Set<String> asked = new HashSet<>(lacking);
    while (endpoints.hasOther(asked)) {
      CallRequirements need = CallRequirements.rest(Set.copyOf(asked), 1);
      Endpoint endpoint = endpoints.acquire(need);
      if (!asked.add(endpoint.name)) {
        endpoints.unanswered(endpoint);
        return false; // all others have failed meanwhile
      }
      try {
        NodeBlockHeader found =
            attempt(
                endpoint,
                need,
                LogRange.NONE,
                one ->
                    one.transport.call(
                        call("eth_getBlockByHash", params), BlockReplyReader::block));
        if (found != null && found.header().hash().equals(block)) {
          return true;
        }
      } catch (Refusal _) {
        // No answer shows nothing.
      }
    }
    return false;
  }

  /** Loads the block of a tag; null if no endpoint that answers knows the tag. */
  @Nullable NodeBlockHeader tagged(
      BlockTag tag, String method, JsonRpcResultReader<NodeBlockHeader> reader)
      throws InterruptedException {
    String params = "[\"%s\",false]".formatted(tag.word());
    Set<String> asked = new HashSet<>();
    while (true) {
      CallRequirements need = CallRequirements.head(Set.copyOf(asked));
      Endpoint endpoint = endpoints.acquire(need);
      if (asked.contains(endpoint.name)) {
        endpoints.unanswered(endpoint);
        return null; // all others have failed meanwhile
      }
      try {
        NodeBlockHeader block =
            attempt(
                endpoint,
                need,
                LogRange.NONE,
                one -> {
                  try {
                    return one.transport.call(call(method, params), reader);
                  } catch (RpcCallException trouble) {
                    if (isAboutTag(trouble, tag)) {
                      return null; // the node is healthy
                    }
                    throw trouble;
                  }
                });
        if (block != null) {
          endpoints.named(endpoint, tag, block.header().number());
          return block;
        }
      } catch (Refusal refused) {
        boolean isAnswer =
            refused.trouble.kind() == RpcCallException.Kind.ERROR
                && refused.verdict.action() != Action.RATE_LIMITED
                && refused.verdict.action() != Action.RETRY;
        if (!isAnswer) {
          continue;
        }
      }
      asked.add(endpoint.name);
      if (!endpoints.hasOther(asked)) {
        return null;
      }
    }
  }

  /** True if the error says that the node does not know the tag, or has no such block yet. */
  private boolean isAboutTag(RpcCallException trouble, BlockTag tag) {
    return trouble.kind() == RpcCallException.Kind.ERROR
        && (trouble.code() == INVALID_PARAMS
            || errors.judge(trouble, -1, -1).action() == Action.UNKNOWN_BLOCK
            || trouble.text().contains(tag.word()));
  }

  /** Runs all parts concurrently. */
  <T> List<T> side(List<Callable<T>> parts) throws InterruptedException {
    List<T> values = new ArrayList<>();
    try (ExecutorService threads = runtime.threads("millrace-calls-")) {
      try {
        for (Future<T> part : threads.invokeAll(parts)) {
          values.add(part.get());
        }
      } catch (ExecutionException failed) {
        threads.shutdownNow();
        switch (failed.getCause()) {
          case InterruptedException ended -> throw ended;
          case RuntimeException wrong -> throw wrong;
          case null, default -> throw new IllegalStateException(failed);
        }
      }
    }
    return values;
  }
}
