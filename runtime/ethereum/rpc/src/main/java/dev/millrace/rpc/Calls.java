package dev.millrace.rpc;

import dev.millrace.jsonrpc.Call;
import dev.millrace.jsonrpc.JsonInput;
import dev.millrace.jsonrpc.ReplyReader;
import dev.millrace.jsonrpc.Trouble;
import dev.millrace.rpc.ErrorTable.Action;
import dev.millrace.rpc.ErrorTable.Verdict;
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
final class Calls {
  private static final int INVALID_PARAMS = -32602;

  private final Endpoints endpoints;
  private final ErrorTable errors;
  private final long chain;
  private final CallRuntime runtime;
  private final AtomicLong ids = new AtomicLong(1);

  /** An answer and the endpoint that gave it. */
  record Answer<T>(@Nullable T value, String endpoint) {}

  /** Exchange with an endpoint that was acquired. */
  interface Attempt<T> {
    @Nullable T on(Endpoint endpoint) throws Trouble, InterruptedException, WrongChain;
  }

  Calls(Endpoints endpoints, ErrorTable errors, long chain, CallRuntime runtime) {
    this.endpoints = endpoints;
    this.errors = errors;
    this.chain = chain;
    this.runtime = runtime;
  }

  Endpoints endpoints() {
    return endpoints;
  }

  ErrorTable errors() {
    return errors;
  }

  long now() {
    return runtime.nanos();
  }

  Call call(String method, String params) {
    return new Call(ids.getAndIncrement(), method, params);
  }

  /** One call of a request with several. */
  record Asked(String method, String params) {}

  List<Call> calls(List<Asked> asked) {
    long first = ids.getAndAdd(asked.size());
    List<Call> calls = new ArrayList<>(asked.size());
    for (int i = 0; i < asked.size(); i++) {
      calls.add(new Call(first + i, asked.get(i).method(), asked.get(i).params()));
    }
    return calls;
  }

  /**
   * Checks that an endpoint has a block, and asks for its head if that is not known already.
   *
   * @throws Trouble BEHIND if the endpoint lacks the block
   */
  void look(Endpoint endpoint, long number) throws Trouble, InterruptedException {
    if (endpoints.covers(endpoint, number)) {
      return;
    }
    Long head = endpoint.transport.call(call("eth_blockNumber", "[]"), JsonInput::quantity);
    if (head == null || head < 0) {
      throw Trouble.of(Trouble.Kind.NONSENSE, "node does not know its head");
    }
    endpoints.heard(endpoint, head);
    if (head < number) {
      throw Trouble.of(
          Trouble.Kind.BEHIND, "block is not there yet: block=%d head=%d".formatted(number, head));
    }
  }

  /** Asks one endpoint once; a failure is recorded before it is thrown. */
  <T> @Nullable T once(Endpoint endpoint, Need need, LogRange range, Attempt<T> attempt)
      throws Refusal, InterruptedException {
    long begun = runtime.nanos();
    try {
      if (!endpoint.proof.isGiven()) {
        prove(endpoint);
      }
      T value = attempt.on(endpoint);
      proveIfDue(endpoint); // before the answer counts: another node may have given it
      endpoints.succeeded(endpoint, need, begun);
      return value;
    } catch (Trouble raw) {
      Trouble trouble = endpoint.target.conceal(raw);
      Verdict verdict = judge(trouble, need, range);
      endpoints.failed(endpoint, need, trouble, verdict, begun);
      throw new Refusal(verdict, trouble);
    } catch (WrongChain wrong) {
      endpoints.wrong(endpoint, wrong.served, begun);
      throw new Refusal(Verdict.of(Action.AGAIN), Trouble.of(Trouble.Kind.NONSENSE, "wrong chain"));
    } catch (InterruptedException | RuntimeException | Error ended) {
      endpoints.unanswered(endpoint);
      throw ended;
    }
  }

  /**
   * Judges a failure. An endpoint that does not know a block of a range is behind. SHRINK is no way
   * out for one block or its header: an error text of an outage would end the lane.
   */
  private Verdict judge(Trouble trouble, Need need, LogRange range) {
    Verdict verdict = errors.judge(trouble, range.from(), range.to());
    boolean isRange = !range.equals(LogRange.NONE);
    return switch (verdict.action()) {
      case GONE -> isRange ? Verdict.of(Action.WAIT) : verdict;
      case SHRINK -> {
        boolean mayShrink =
            switch (need.kind()) {
              case LOGS -> true;
              case RECEIPTS -> ErrorTable.isResultLimit(trouble);
              case FINAL, REST -> need.calls() > 1;
            };
        yield mayShrink ? verdict : Verdict.of(Action.AGAIN);
      }
      case WAIT, RATE, PRUNED, NO_METHOD, AGAIN, UNKNOWN -> verdict;
    };
  }

  /** The range that a call is about, as far as an error may name another one. */
  record LogRange(long from, long to) {
    static final LogRange NONE = new LogRange(-1, -1);
  }

  /** Reason for a missing answer: our verdict and the error of the node. */
  static final class Refusal extends Exception {
    private static final long serialVersionUID = 1L;
    final transient Verdict verdict;
    final transient Trouble trouble;

    Refusal(Verdict verdict, Trouble trouble) {
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
  private void proveIfDue(Endpoint endpoint) throws Trouble, InterruptedException, WrongChain {
    while (endpoint.proof.isDue(runtime.nanos(), endpoint.transport.endedConnections())) {
      CompletableFuture<Boolean> mine = new CompletableFuture<>();
      CompletableFuture<Boolean> underWay = endpoint.proving.compareAndExchange(null, mine);
      if (underWay != null) {
        await(underWay);
        continue;
      }
      try {
        prove(endpoint);
        mine.complete(true);
        return;
      } catch (Trouble | WrongChain failed) {
        mine.completeExceptionally(failed);
        throw failed;
      } finally {
        endpoint.proving.set(null);
        mine.complete(false); // no result if the thread was interrupted
      }
    }
  }

  private static void await(CompletableFuture<Boolean> proof)
      throws Trouble, InterruptedException, WrongChain {
    try {
      boolean _ = proof.get();
    } catch (ExecutionException failed) {
      switch (failed.getCause()) {
        case Trouble trouble -> throw trouble;
        case WrongChain wrong -> throw wrong;
        case null, default -> throw new IllegalStateException(failed);
      }
    }
  }

  /** Asks an endpoint for its chain and records the proof. */
  void prove(Endpoint endpoint) throws Trouble, InterruptedException, WrongChain {
    long ended = endpoint.transport.endedConnections();
    named(endpoint, served(endpoint), ended);
  }

  /**
   * Checks the chain that an endpoint named and records the proof.
   *
   * @param served null if the endpoint named none
   * @param ended connections of the endpoint that had ended before it was asked
   */
  void named(Endpoint endpoint, @Nullable Long served, long ended) throws Trouble, WrongChain {
    if (served == null || served < 0) {
      throw Trouble.of(Trouble.Kind.NONSENSE, "node does not know its chain");
    }
    if (served != chain) {
      throw new WrongChain(served);
    }
    endpoints.proven(endpoint, ended);
  }

  /** Asks for the chain, twice if the first call is lost: a finished answer may depend on it. */
  private @Nullable Long served(Endpoint endpoint) throws Trouble, InterruptedException {
    try {
      return endpoint.transport.call(call("eth_chainId", "[]"), JsonInput::quantity);
    } catch (Trouble lost) {
      if (lost.kind() == Trouble.Kind.TIMEOUT) {
        throw lost;
      }
      return endpoint.transport.call(call("eth_chainId", "[]"), JsonInput::quantity);
    }
  }

  /** Asks until there is an answer, which may be null. */
  <T> Answer<T> ask(Need need, Attempt<T> attempt) throws InterruptedException {
    while (true) {
      Endpoint endpoint = endpoints.acquire(need);
      try {
        return new Answer<>(once(endpoint, need, LogRange.NONE, attempt), endpoint.name);
      } catch (Refusal refused) {
        if (refused.verdict.action() == Action.GONE) {
          return new Answer<>(null, endpoint.name);
        }
      }
    }
  }

  <T> Answer<T> ask(Need need, String method, String params, ReplyReader<T> reader)
      throws InterruptedException {
    Answer<T> answer = ask(need, endpoint -> endpoint.transport.call(call(method, params), reader));
    if (answer.value() == null && need.newest() >= 0) {
      endpoints.lacks(answer.endpoint(), need.newest());
    }
    return answer;
  }

  /**
   * Asks until there is an answer, and asks a second endpoint if the first answer is null.
   *
   * @param newest the block that the endpoint must have; -1: none
   */
  <T> @Nullable T find(long newest, String method, String params, ReplyReader<T> reader)
      throws InterruptedException {
    Answer<T> first = ask(Need.blocks(Set.of(), 1, newest), method, params, reader);
    return first.value() == null && endpoints.hasOther(Set.of(first.endpoint()))
        ? ask(Need.blocks(Set.of(first.endpoint()), 1, newest), method, params, reader).value()
        : first.value();
  }

  /** Loads the block of a tag; null if no endpoint that answers knows the tag. */
  @Nullable NodeBlock tagged(Tag tag, String method, ReplyReader<NodeBlock> reader)
      throws InterruptedException {
    String params = "[\"%s\",false]".formatted(tag.word());
    Set<String> asked = new HashSet<>();
    while (true) {
      Need need = Need.rest(Set.copyOf(asked), 1);
      Endpoint endpoint = endpoints.acquire(need);
      if (asked.contains(endpoint.name)) {
        endpoints.unanswered(endpoint);
        return null; // all others have failed meanwhile
      }
      try {
        NodeBlock block =
            once(
                endpoint,
                need,
                LogRange.NONE,
                one -> {
                  try {
                    return one.transport.call(call(method, params), reader);
                  } catch (Trouble trouble) {
                    if (isAboutTag(trouble, tag)) {
                      return null; // the node is healthy
                    }
                    throw trouble;
                  }
                });
        if (block != null) {
          endpoints.has(endpoint, block.header().number());
          return block;
        }
      } catch (Refusal refused) {
        boolean isAnswer =
            refused.trouble.kind() == Trouble.Kind.ERROR
                && refused.verdict.action() != Action.RATE
                && refused.verdict.action() != Action.AGAIN;
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
  private boolean isAboutTag(Trouble trouble, Tag tag) {
    return trouble.kind() == Trouble.Kind.ERROR
        && (trouble.code() == INVALID_PARAMS
            || errors.judge(trouble, -1, -1).action() == Action.GONE
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
