package dev.millrace.rpc;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.rpc.ErrorTable.Action;
import dev.millrace.rpc.ErrorTable.Verdict;
import dev.millrace.wire.Trouble;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Collectors;

/**
 * Chooses who is asked next, and learns from how it went.
 *
 * <p>The one that should answer first is asked, its queue included; the others only when it would
 * be faster to ask them, and once in a while to see whether they have become so. One that fails is
 * left alone for a time that doubles. All state of endpoints is guarded by the one lock here, which
 * is never held while anything is asked.
 */
final class Endpoints {
  private static final long PROBE = TimeUnit.SECONDS.toNanos(3);

  /** How long an endpoint is passed over that did not call blocks final. */
  private static final long NOT_FINAL = TimeUnit.SECONDS.toNanos(2);

  private static final long LOOK = TimeUnit.MILLISECONDS.toNanos(250);

  private final List<Endpoint> all;
  private final long chain;
  private final CallRuntime runtime;
  private final LearntLimits memory;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final EndpointBackoff backoff;
  private int waiting;
  private String waitingFor = "";
  private boolean closed;

  Endpoints(List<Endpoint> all, long chain, CallRuntime runtime, LearntLimits memory) {
    this.all = List.copyOf(all);
    this.chain = chain;
    this.runtime = runtime;
    backoff = new EndpointBackoff(runtime);
    this.memory = memory;
    all.forEach(memory::recall);
  }

  List<Endpoint> all() {
    return all;
  }

  /** Waits until someone may be asked, and says who. Ends with one of the calls below. */
  Endpoint acquire(Need need) throws InterruptedException {
    lock.lockInterruptibly();
    try {
      while (true) {
        if (closed) {
          throw new InterruptedException("endpoints are closed");
        }
        long now = runtime.nanos();
        Endpoint chosen = choose(need, now);
        long wait = chosen.pause(need, now);
        boolean yields = need.kind() == Need.Kind.LOGS && chosen.unfinished > 0;
        if (wait == 0 && !chosen.isFull() && !yields) {
          if (need.isRange()) {
            chosen.head.begin(chosen.reach(need), now);
          }
          chosen.proof.isAsked |= !chosen.proof.isGiven();
          if (chosen.pace.running() == 0) {
            chosen.busySince = now;
          }
          chosen.pace.begin(now, need.calls());
          chosen.lastAsked = now;
          chosen.requests++;
          return chosen;
        }
        await(chosen, need, wait);
      }
    } finally {
      lock.unlock();
    }
  }

  // The loop is in acquire, where who is best is asked anew after every wait.
  private void await(Endpoint chosen, Need need, long wait) throws InterruptedException {
    boolean isNext = wait == 0 && need.kind() != Need.Kind.LOGS;
    if (isNext) {
      chosen.unfinished++;
    }
    waiting++;
    try {
      if (wait > LOOK) {
        waitingFor = "%s: %s".formatted(chosen.name, chosen.reason);
      }
      long _ = runtime.await(changed, wait == 0 ? LOOK : Math.min(wait, LOOK));
    } finally {
      waiting--;
      if (waiting == 0) {
        waitingFor = "";
      }
      if (isNext && --chosen.unfinished == 0) {
        changed.signalAll();
      }
    }
  }

  private Endpoint choose(Need need, long now) {
    List<Endpoint> able = able(need, now);
    long widest = able.stream().mapToLong(one -> one.span.blocks()).max().orElse(1);
    Endpoint best = able.getFirst();
    double soonest = best.expected(need, widest, now);
    for (Endpoint one : able) {
      double expected = one.expected(need, widest, now);
      if (expected < soonest) {
        best = one;
        soonest = expected;
      }
    }
    for (Endpoint one : able) {
      boolean isForgotten = now - one.lastAsked > PROBE && one.pace.running() == 0;
      if (one != best && isForgotten && one.pause(need, now) == 0) {
        return one;
      }
    }
    return best;
  }

  private List<Endpoint> able(Need need, long now) {
    List<Endpoint> able = all.stream().filter(one -> one.can(need, now)).toList();
    if (able.isEmpty()) {
      able = recheck(need, now);
    }
    List<Endpoint> far = able.stream().filter(one -> one.mayHave(need, now)).toList();
    List<Endpoint> others =
        far.stream()
            .filter(one -> !need.avoid().contains(one.name))
            .filter(one -> need.avoid().isEmpty() || one.state != NodeStatus.State.FAILING)
            .toList();
    return !others.isEmpty() ? others : far.isEmpty() ? able : far;
  }

  /** A lack that is only remembered may have been mended since. */
  private List<Endpoint> recheck(Need need, long now) {
    for (Endpoint one : all) {
      if (one.isLackRemembered) {
        one.isLackRemembered = false;
        one.hasLogs = true;
      }
    }
    List<Endpoint> able = all.stream().filter(one -> one.can(need, now)).toList();
    if (able.isEmpty()) {
      throw new MillraceException(
          Remedy.FIX_SETUP,
          "no endpoint of the chain can be used: chain=%d\n  - %s"
              .formatted(
                  chain,
                  all.stream()
                      .map(one -> one.name + " " + one.lack(need, now))
                      .collect(Collectors.joining("\n  - "))));
    }
    return able;
  }

  /** The most that one request of this kind should ask of whoever would be asked now. */
  long span(Need need) {
    lock.lock();
    try {
      return choose(need, runtime.nanos()).span.blocks();
    } finally {
      lock.unlock();
    }
  }

  long spanOf(Endpoint endpoint) {
    lock.lock();
    try {
      return endpoint.span.blocks();
    } finally {
      lock.unlock();
    }
  }

  long expectedBytes(Endpoint endpoint, long blocks) {
    lock.lock();
    try {
      return endpoint.expectedBytes(blocks);
    } finally {
      lock.unlock();
    }
  }

  /** The endpoint named our chain when so many of its connections had ended. */
  void proven(Endpoint endpoint, long ended) {
    change(() -> {
      endpoint.wrongChains = 0;
      endpoint.proof.give(runtime.nanos(), ended);
    });
  }

  /** Each endpoint has to name its chain before another answer of it counts. */
  void reprove() {
    change(() -> all.forEach(one -> one.proof.end()));
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
    lock.lock();
    try {
      endpoint.pace.end();
      endpoint.isOfAnotherChain();
      backoff.wrong(
          endpoint,
          "serves another chain: chain=%d asked=%d".formatted(served, chain),
          new EndpointBackoff.Attempted(begun, runtime.nanos()));
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  void succeeded(Endpoint endpoint, Need need, long begun) {
    lock.lock();
    try {
      long now = runtime.nanos();
      endpoint.busySince = now;
      endpoint.pace.end();
      endpoint.pace.succeeded(now);
      endpoint.measured(need, now - begun);
      if (endpoint.failures > 0 && begun - endpoint.lastFailure > 0) {
        endpoint.failures = 0;
      }
      if (endpoint.failures == 0) {
        EndpointBackoff.becomes(endpoint, endpoint.usual(), "");
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Whether the endpoint is known to have a block. */
  boolean covers(Endpoint endpoint, long number) {
    lock.lock();
    try {
      return endpoint.head.covers(number);
    } finally {
      lock.unlock();
    }
  }

  /** Whether an endpoint may have a block, as far as its answers show. */
  boolean mayHave(long number) {
    lock.lock();
    try {
      return all.stream()
          .anyMatch(one ->
              one.state != NodeStatus.State.WRONG
                  && one.state != NodeStatus.State.FAILING
                  && !one.head.isBelow(number));
    } finally {
      lock.unlock();
    }
  }

  void has(Endpoint endpoint, long number) {
    change(() -> endpoint.head.has(number));
  }

  /** The endpoint did not call blocks final: it is behind, or does not know the name. */
  void isNotFinal(Endpoint endpoint) {
    change(() -> endpoint.notFinalUntil = runtime.nanos() + NOT_FINAL);
  }

  /** The endpoint named its head. */
  void heard(Endpoint endpoint, long number) {
    change(() -> endpoint.head.is(number, runtime.nanos()));
  }

  /** The endpoint knows no block of this number. */
  void lacks(String name, long number) {
    lock.lock();
    try {
      all.stream().filter(one -> one.name.equals(name)).forEach(one -> one.head.lacks(number));
    } finally {
      lock.unlock();
    }
  }

  /** Logs came with the block where they end. */
  void proved(Endpoint endpoint, Need need) {
    lock.lock();
    try {
      endpoint.head.proved(need.newest(), runtime.nanos());
      switch (need.kind()) {
        case LOGS -> endpoint.toldLogs(need.oldest());
        case RECEIPTS -> endpoint.toldReceipts();
        case FINAL, REST -> {}
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** What a reply with logs says about ranges. */
  void read(Endpoint endpoint, long blocks, long bytes, long took) {
    lock.lock();
    try {
      endpoint.measuredLogs(blocks, bytes);
      endpoint.span.succeeded(blocks, bytes, took);
    } finally {
      lock.unlock();
    }
  }

  /** The call ended without an answer that counts, and nobody is to blame. */
  void unanswered(Endpoint endpoint) {
    lock.lock();
    try {
      endpoint.pace.end();
      endpoint.proof.isAsked = false;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** The call failed; what that says about the endpoint. */
  void failed(Endpoint endpoint, Need need, Trouble trouble, Verdict verdict, long begun) {
    lock.lock();
    try {
      long now = runtime.nanos();
      endpoint.busySince = now;
      endpoint.pace.end();
      endpoint.proof.isAsked = false;
      if (verdict.action() == Action.AGAIN && trouble.kind() != Trouble.Kind.ERROR) {
        endpoint.proof.shake();
      }
      backoff.failed(endpoint, need, trouble, verdict, new EndpointBackoff.Attempted(begun, now));
      if (verdict.isStated() || verdict.action() == Action.NO_METHOD) {
        memory.keep(all);
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** It takes fewer calls at once. */
  void refusedBatch(Endpoint endpoint, int calls, Trouble trouble) {
    lock.lock();
    try {
      endpoint.shrinkBatch(calls, BatchCalls.isSaid(trouble), runtime.nanos());
      memory.keep(all);
    } finally {
      lock.unlock();
    }
  }

  /** Whether an endpoint answers that is none of these. */
  boolean hasOther(Set<String> names) {
    lock.lock();
    try {
      return all.stream()
          .anyMatch(one ->
              !names.contains(one.name)
                  && (one.state == NodeStatus.State.GOOD
                      || one.state == NodeStatus.State.LIMITED
                      || one.state == NodeStatus.State.FRESH));
    } finally {
      lock.unlock();
    }
  }

  NodeStatus status() {
    lock.lock();
    try {
      return new NodeStatus(all.stream().map(Endpoint::status).toList(), waitingFor);
    } finally {
      lock.unlock();
    }
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
