package dev.millrace.rpc;

import dev.millrace.jsonrpc.RpcCallException;
import dev.millrace.rpc.NodeErrorTable.Action;
import dev.millrace.rpc.NodeErrorTable.Classification;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongConsumer;
import java.util.function.Supplier;

/**
 * Hands out an endpoint for each request, as {@link EndpointChoice} finds it, and learns from the
 * outcome. An endpoint that fails is paused for a time that doubles. All state of endpoints is
 * guarded by the one lock here, which is never held during a request.
 */
final class EndpointSelector {
  /** Time for which an endpoint is passed over after it did not call blocks final. */
  private static final long NOT_FINAL = TimeUnit.SECONDS.toNanos(2);

  private static final long LOOK = TimeUnit.MILLISECONDS.toNanos(250);

  private final List<Endpoint> all;
  private final long chain;
  private final CallRuntime runtime;
  private final LearntLimitsFile memory;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final EndpointBackoff backoff;
  private final EndpointChoice choice;

  /** The reasons of the calls that wait now, as long as they wait for a pause to end. */
  private final List<String> waits = new ArrayList<>();

  private boolean closed;

  EndpointSelector(List<Endpoint> all, long chain, CallRuntime runtime, LearntLimitsFile memory) {
    this.all = List.copyOf(all);
    this.chain = chain;
    this.runtime = runtime;
    backoff = new EndpointBackoff(runtime);
    choice = new EndpointChoice(this.all, chain);
    this.memory = memory;
    all.forEach(memory::recall);
  }

  List<Endpoint> all() {
    return all;
  }

  /** Passes a listener for the numbers of new blocks to each endpoint that reports them. */
  void subscribeNewHeads(LongConsumer heads) {
    all.forEach(one -> one.transport.subscribeNewHeads(heads));
  }

  /**
   * Waits until an endpoint may be asked and returns it. A call of {@code succeeded}, {@code
   * failed}, {@code wrong} or {@code unanswered} has to follow.
   */
  Endpoint acquire(CallRequirements need) throws InterruptedException {
    lock.lockInterruptibly();
    try {
      while (true) {
        if (closed) {
          throw new InterruptedException("endpoints are closed");
        }
        long now = runtime.nanos();
        Endpoint chosen = choice.of(need, now);
        long wait = chosen.pause(need, now);
        if (wait == 0 && !chosen.isFull(need)) {
          if (need.isRange()) {
            chosen.head.begin(chosen.reach(need), now);
          }
          chosen.proof.isAsked |= !chosen.proof.isGiven();
          if (chosen.pace.running() == 0) {
            chosen.busySince = now;
          }
          chosen.pace.begin(now, need.calls());
          chosen.asked(need, now);
          chosen.requests++;
          return chosen;
        }
        await(chosen, wait);
      }
    } finally {
      lock.unlock();
    }
  }

  // The loop is in acquire, which chooses the endpoint anew after every wait.
  private void await(Endpoint chosen, long wait) throws InterruptedException {
    String reason = "%s: %s".formatted(chosen.name, chosen.reason);
    boolean isPause = wait > LOOK;
    if (isPause) {
      waits.add(reason);
    }
    try {
      long _ = runtime.await(changed, wait == 0 ? LOOK : Math.min(wait, LOOK));
    } finally {
      if (isPause) {
        waits.remove(reason);
      }
    }
  }

  /** Returns the most blocks that one request should ask of the endpoint that is first in line. */
  long span(CallRequirements need) {
    return locked(() -> choice.of(need, runtime.nanos()).span.blocks());
  }

  long spanOf(Endpoint endpoint) {
    return locked(() -> endpoint.span.blocks());
  }

  /**
   * Records that the endpoint named our chain.
   *
   * @param ended connections of the endpoint that had ended before
   */
  void proven(Endpoint endpoint, long ended) {
    change(() -> {
      endpoint.wrongChains = 0;
      endpoint.proof.give(runtime.nanos(), ended);
    });
  }

  /** Requires one endpoint to name its chain before another of its answers counts. */
  void reprove(Endpoint endpoint) {
    change(endpoint.proof::end);
  }

  /** Requires each endpoint to name its chain before another of its answers counts. */
  void reprove() {
    change(() -> all.forEach(one -> one.proof.end()));
  }

  private <T> T locked(Supplier<T> read) {
    lock.lock();
    try {
      return read.get();
    } finally {
      lock.unlock();
    }
  }

  private void change(Runnable change) {
    lock.lock();
    try {
      change.run();
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  void wrong(Endpoint endpoint, long served, long begun) {
    change(() -> {
      endpoint.pace.end();
      endpoint.isOfAnotherChain();
      backoff.wrong(
          endpoint,
          "serves another chain: chain=%d asked=%d".formatted(served, chain),
          new EndpointBackoff.Attempted(begun, runtime.nanos()));
    });
  }

  void succeeded(Endpoint endpoint, CallRequirements need, long begun) {
    change(() -> {
      long now = runtime.nanos();
      endpoint.busySince = now;
      endpoint.pace.end();
      endpoint.pace.succeeded(now);
      endpoint.measured(need, now - begun);
      endpoint.isAddressRefused = false;
      if (endpoint.failures > 0 && begun - endpoint.lastFailure > 0) {
        endpoint.failures = 0;
      }
      if (endpoint.failures == 0) {
        EndpointBackoff.becomes(endpoint, endpoint.answeringState(), "");
      }
    });
  }

  /** True if the endpoint is known to have a block. */
  boolean covers(Endpoint endpoint, long number) {
    return locked(() -> endpoint.head.covers(number));
  }

  /** True if an endpoint may have a block, as far as answers show. */
  boolean mayHave(long number) {
    return locked(() ->
        all.stream()
            .anyMatch(one ->
                one.state != NodeStatus.State.WRONG
                    && one.state != NodeStatus.State.FAILING
                    && !one.head.isBelow(number)));
  }

  void has(Endpoint endpoint, long number) {
    change(() -> endpoint.head.has(number, runtime.nanos()));
  }

  /** Records the block that the endpoint named for a tag. */
  void named(Endpoint endpoint, BlockTag tag, long number) {
    change(() -> {
      long now = runtime.nanos();
      endpoint.head.has(number, now);
      if (tag == BlockTag.LATEST) {
        boolean isBehind = all.stream().anyMatch(one -> one.latest > number);
        endpoint.recordLatest(number, isBehind, now);
      }
    });
  }

  /**
   * Records that the endpoint did not call blocks final: it is behind, or does not know the tag.
   */
  void isNotFinal(Endpoint endpoint) {
    change(() -> endpoint.notFinalUntil = runtime.nanos() + NOT_FINAL);
  }

  /** Records the head that the endpoint named. */
  void recordHead(Endpoint endpoint, long number) {
    change(() -> endpoint.head.is(number, runtime.nanos()));
  }

  /** Records that the endpoint knows no block of this number. */
  void lacks(String name, long number) {
    change(() -> {
      all.stream().filter(one -> one.name.equals(name)).forEach(one -> one.head.lacks(number));
    });
  }

  /** Records that a block that these endpoints lack was found at another one. */
  void foundElsewhere(Set<String> lacking) {
    if (!lacking.isEmpty()) {
      change(() -> {
        all.stream()
            .filter(one -> lacking.contains(one.name))
            .forEach(one -> one.missing.recordLack(runtime.nanos()));
      });
    }
  }

  /** Records that logs came together with their last block. */
  void proved(Endpoint endpoint, CallRequirements need) {
    change(() -> {
      endpoint.proved(need, runtime.nanos());
      switch (need.kind()) {
        case LOGS -> endpoint.recordLogs(need.oldest());
        case RECEIPTS -> endpoint.recordReceipts();
        case FINAL, HEAD, REST -> {}
      }
    });
  }

  /** Adapts the span to a reply with logs. */
  void read(Endpoint endpoint, long blocks, long bytes, long took) {
    change(() -> endpoint.span.succeeded(blocks, bytes, took));
  }

  /**
   * Releases the endpoint after a call without an answer that counts, through no fault of its own.
   */
  void unanswered(Endpoint endpoint) {
    change(() -> {
      endpoint.pace.end();
      endpoint.proof.isAsked = false;
    });
  }

  /** Releases the endpoint after a failed call and learns from the failure. */
  void failed(
      Endpoint endpoint,
      CallRequirements need,
      RpcCallException trouble,
      Classification verdict,
      long begun) {
    change(() -> {
      long now = runtime.nanos();
      endpoint.busySince = now;
      endpoint.pace.end();
      endpoint.proof.isAsked = false;
      if (verdict.action() == Action.RETRY && trouble.kind() != RpcCallException.Kind.ERROR) {
        endpoint.proof.shake();
      }
      backoff.failed(endpoint, need, trouble, verdict, new EndpointBackoff.Attempted(begun, now));
      if (verdict.isStated() || verdict.action() == Action.NO_METHOD) {
        memory.keep(all);
      }
    });
  }

  /** Records that fewer calls at once may be easier for the endpoint, for a while. */
  void easedBatch(Endpoint endpoint, int calls) {
    change(() -> endpoint.batches.ease(calls, runtime.nanos()));
  }

  /** Records that the endpoint takes fewer calls at once. */
  void refusedBatch(Endpoint endpoint, int calls, RpcCallException trouble) {
    change(() -> {
      endpoint.batches.lower(calls, BatchedCallRunner.mentionsBatch(trouble), runtime.nanos());
      memory.keep(all);
    });
  }

  /** True if an endpoint other than these fails. */
  boolean isAnyOtherFailing(Set<String> names) {
    return locked(() ->
        all.stream()
            .anyMatch(one -> !names.contains(one.name) && one.state == NodeStatus.State.FAILING));
  }

  /** True if an endpoint other than these answers. */
  boolean hasOther(Set<String> names) {
    return locked(() ->
        all.stream()
            .anyMatch(one ->
                !names.contains(one.name)
                    && (one.state == NodeStatus.State.GOOD
                        || one.state == NodeStatus.State.LIMITED
                        || one.state == NodeStatus.State.FRESH)));
  }

  /** True if each endpoint has refused its own address. */
  boolean areAllAddressesRefused() {
    return locked(() -> all.stream().allMatch(one -> one.isAddressRefused));
  }

  NodeStatus status() {
    return locked(() ->
        new NodeStatus(
            all.stream().map(Endpoint::status).toList(), waits.isEmpty() ? "" : waits.getFirst()));
  }

  void close() {
    lock.lock();
    try {
      closed = true;
      memory.keep(all);
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    all.forEach(one -> one.transport.close());
  }
}
