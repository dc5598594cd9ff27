package dev.millrace.rpc;

import dev.millrace.rpc.ErrorTable.Action;
import dev.millrace.rpc.ErrorTable.Verdict;
import dev.millrace.wire.Call;
import dev.millrace.wire.JsonInput;
import dev.millrace.wire.Reply;
import dev.millrace.wire.ReplyReader;
import dev.millrace.wire.Trouble;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** Makes calls until one is answered: chooses whom to ask, asks, and passes on what was learnt. */
final class Calls {
  private final Endpoints endpoints;
  private final ErrorTable errors;
  private final long chain;
  private final CallRuntime runtime;
  private final AtomicLong ids = new AtomicLong(1);

  /** Where an answer came from. */
  record Answer<T>(@Nullable T value, String endpoint) {}

  /** What is done with an endpoint while it is ours. */
  interface Attempt<T> {
    @Nullable T on(Endpoint endpoint) throws Trouble, InterruptedException;
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

  /** Asks one endpoint once; what goes wrong is told to its record first. */
  <T> @Nullable T once(Endpoint endpoint, Need need, LogRange range, Attempt<T> attempt)
      throws Refusal, InterruptedException {
    long begun = runtime.nanos();
    try {
      prove(endpoint);
      T value = attempt.on(endpoint);
      endpoints.succeeded(endpoint, need, begun);
      return value;
    } catch (Trouble trouble) {
      Verdict verdict = errors.judge(trouble, range.from(), range.to());
      endpoints.failed(endpoint, need, trouble, verdict, begun);
      throw new Refusal(verdict, trouble);
    } catch (WrongChain wrong) {
      endpoints.wrong(endpoint, wrong.served);
      throw new Refusal(Verdict.of(Action.AGAIN), Trouble.of(Trouble.Kind.NONSENSE, "wrong chain"));
    } catch (InterruptedException | RuntimeException | Error ended) {
      endpoints.unanswered(endpoint);
      throw ended;
    }
  }

  /** The blocks that a call is about, as far as an error may name others. */
  record LogRange(long from, long to) {
    static final LogRange NONE = new LogRange(0, 0);
  }

  /** Why an attempt has no answer, in our words and in those of the node. */
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

  private static final class WrongChain extends Exception {
    private static final long serialVersionUID = 1L;
    final long served;

    WrongChain(long served) {
      super("endpoint serves another chain: chain=" + served, null, false, false);
      this.served = served;
    }
  }

  private void prove(Endpoint endpoint) throws Trouble, InterruptedException, WrongChain {
    if (endpoint.isProven) {
      return;
    }
    Long served = endpoint.transport.call(call("eth_chainId", "[]"), JsonInput::quantity);
    if (served == null) {
      throw Trouble.of(Trouble.Kind.NONSENSE, "node does not know its chain");
    }
    if (served != chain) {
      throw new WrongChain(served);
    }
    endpoints.proven(endpoint);
  }

  /** Asks until there is an answer; null is one. */
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

  <T> Answer<T> ask(String avoid, String method, String params, ReplyReader<T> reader)
      throws InterruptedException {
    return ask(
        Need.rest(avoid, 1), endpoint -> endpoint.transport.call(call(method, params), reader));
  }

  /** The same, and once more elsewhere if the first knew nothing. */
  <T> @Nullable T find(String method, String params, ReplyReader<T> reader)
      throws InterruptedException {
    Answer<T> first = ask("", method, params, reader);
    return first.value() == null && endpoints.hasOther(first.endpoint())
        ? ask(first.endpoint(), method, params, reader).value()
        : first.value();
  }

  /** What is known by a name; null too where the node does not know the name. */
  <T> @Nullable T tagged(String method, String params, ReplyReader<T> reader)
      throws InterruptedException {
    Need need = Need.rest("", 1);
    while (true) {
      Endpoint endpoint = endpoints.acquire(need);
      try {
        return once(
            endpoint, need, LogRange.NONE, one -> one.transport.call(call(method, params), reader));
      } catch (Refusal refused) {
        boolean isAnswer =
            refused.trouble.kind() == Trouble.Kind.ERROR
                && refused.verdict.action() != Action.RATE
                && refused.verdict.action() != Action.AGAIN;
        if (isAnswer) {
          return null;
        }
      }
    }
  }

  /** Many calls of one method, in as few requests as the nodes allow; answers in order. */
  <T> List<@Nullable T> many(
      String avoid, String method, List<String> params, ReplyReader<T> reader)
      throws InterruptedException {
    if (params.size() <= 1) {
      return params.isEmpty()
          ? List.of()
          : Collections.singletonList(ask(avoid, method, params.getFirst(), reader).value());
    }
    List<Callable<List<@Nullable T>>> parts = new ArrayList<>();
    for (int i = 0; i < params.size(); i += Endpoint.BATCH) {
      List<String> part = params.subList(i, Math.min(params.size(), i + Endpoint.BATCH));
      parts.add(() -> part(avoid, method, part, reader));
    }
    List<@Nullable T> values = new ArrayList<>();
    for (List<@Nullable T> part : side(parts)) {
      values.addAll(part);
    }
    return values;
  }

  private <T> List<@Nullable T> part(
      String avoid, String method, List<String> params, ReplyReader<T> reader)
      throws InterruptedException {
    Need need = Need.rest(avoid, params.size());
    while (true) {
      Endpoint endpoint = endpoints.acquire(need);
      int batch = endpoint.batch;
      if (batch < params.size()) {
        endpoints.unanswered(endpoint);
        return split(avoid, method, params, reader, batch);
      }
      try {
        List<Reply<T>> replies =
            once(
                endpoint,
                need,
                Calls.LogRange.NONE,
                one -> one.transport.batch(calls(method, params), reader));
        if (replies != null) {
          return rest(avoid, method, params, reader, replies);
        }
      } catch (Refusal refused) {
        boolean isOfBatch =
            refused.verdict.action() == Action.UNKNOWN
                || refused.verdict.action() == Action.NO_METHOD
                || refused.verdict.action() == Action.SHRINK
                || (refused.trouble.kind() == Trouble.Kind.STATUS
                    && refused.trouble.code() >= 400
                    && refused.trouble.code() < 429);
        if (isOfBatch) {
          endpoints.refusedBatch(endpoint, params.size());
        }
      }
    }
  }

  private List<Call> calls(String method, List<String> params) {
    long first = ids.getAndAdd(params.size());
    List<Call> calls = new ArrayList<>(params.size());
    for (int i = 0; i < params.size(); i++) {
      calls.add(new Call(first + i, method, params.get(i)));
    }
    return calls;
  }

  private <T> List<@Nullable T> split(
      String avoid, String method, List<String> params, ReplyReader<T> reader, int size)
      throws InterruptedException {
    List<Callable<List<@Nullable T>>> parts = new ArrayList<>();
    for (int i = 0; i < params.size(); i += size) {
      List<String> part = params.subList(i, Math.min(params.size(), i + size));
      parts.add(
          part.size() == 1
              ? () -> Collections.singletonList(ask(avoid, method, part.getFirst(), reader).value())
              : () -> part(avoid, method, part, reader));
    }
    List<@Nullable T> values = new ArrayList<>();
    for (List<@Nullable T> part : side(parts)) {
      values.addAll(part);
    }
    return values;
  }

  /** Of a batch that was answered in part the rest is asked for one by one. */
  private <T> List<@Nullable T> rest(
      String avoid,
      String method,
      List<String> params,
      ReplyReader<T> reader,
      List<Reply<T>> replies)
      throws InterruptedException {
    List<@Nullable T> values = new ArrayList<>();
    for (int i = 0; i < replies.size(); i++) {
      Reply<T> reply = replies.get(i);
      values.add(
          reply.trouble() == null
              ? reply.value()
              : ask(avoid, method, params.get(i), reader).value());
    }
    return values;
  }

  /** Runs all of them side by side. */
  private <T> List<T> side(List<Callable<T>> parts) throws InterruptedException {
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
