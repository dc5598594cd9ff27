package dev.millrace.rpc;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.rpc.ErrorTable.Action;
import dev.millrace.rpc.ErrorTable.Verdict;
import dev.millrace.wire.Trouble;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Chooses who is asked next, and learns from how it went.
 *
 * <p>The one that should answer first is asked, its queue included; the others only when it would
 * be faster to ask them, and once in a while to see whether they have become so. One that fails is
 * left alone for a time that doubles. All state of endpoints is guarded by the one lock here, which
 * is never held while anything is asked.
 */
final class Endpoints {
  private static final Logger LOG = LoggerFactory.getLogger(Endpoints.class);
  private static final long PROBE = TimeUnit.SECONDS.toNanos(3);
  private static final long FIRST_PAUSE = TimeUnit.MILLISECONDS.toNanos(100);
  private static final long LONGEST_PAUSE = TimeUnit.SECONDS.toNanos(30);
  private static final long LOOK = TimeUnit.MILLISECONDS.toNanos(250);

  private final List<Endpoint> all;
  private final long chain;
  private final CallRuntime runtime;
  private final LearntLimits memory;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Set<String> metWords = new HashSet<>();
  private int waiting;
  private String waitingFor = "";
  private boolean closed;

  Endpoints(List<Endpoint> all, long chain, CallRuntime runtime, LearntLimits memory) {
    this.all = List.copyOf(all);
    this.chain = chain;
    this.runtime = runtime;
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
        long wait = chosen.pause(now);
        if (wait == 0 && !chosen.isFull()) {
          chosen.pace.begin(now, need.calls());
          chosen.lastAsked = now;
          chosen.requests++;
          return chosen;
        }
        await(chosen, wait);
      }
    } finally {
      lock.unlock();
    }
  }

  // The loop is in acquire, where who is best is asked anew after every wait.
  private void await(Endpoint chosen, long wait) throws InterruptedException {
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
    }
  }

  private Endpoint choose(Need need, long now) {
    List<Endpoint> able = able(need);
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
      if (one != best && isForgotten && one.pause(now) == 0) {
        return one;
      }
    }
    return best;
  }

  private List<Endpoint> able(Need need) {
    List<Endpoint> able = all.stream().filter(one -> one.can(need)).toList();
    if (able.isEmpty()) {
      able = recheck(need);
    }
    List<Endpoint> others =
        able.stream()
            .filter(one -> !one.name.equals(need.avoid()))
            .filter(one -> need.avoid().isEmpty() || one.state != NodeStatus.State.FAILING)
            .toList();
    return others.isEmpty() ? able : others;
  }

  /** A lack that is only remembered may have been mended since. */
  private List<Endpoint> recheck(Need need) {
    for (Endpoint one : all) {
      if (one.isLackRemembered) {
        one.isLackRemembered = false;
        one.hasLogs = true;
      }
    }
    List<Endpoint> able = all.stream().filter(one -> one.can(need)).toList();
    if (able.isEmpty()) {
      throw new MillraceException(
          Remedy.FIX_SETUP,
          "no endpoint of the chain can be used: chain=%d\n  - %s"
              .formatted(
                  chain,
                  all.stream()
                      .map(one -> one.name + " " + one.lack(need))
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

  void proven(Endpoint endpoint) {
    endpoint.isProven = true;
  }

  void wrong(Endpoint endpoint, long served) {
    lock.lock();
    try {
      endpoint.state = NodeStatus.State.WRONG;
      endpoint.reason = "serves another chain: chain=%d asked=%d".formatted(served, chain);
      endpoint.pace.end();
      LOG.error("endpoint is not used: {} {}", endpoint.name, endpoint.reason);
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  void succeeded(Endpoint endpoint, Need need, long begun) {
    lock.lock();
    try {
      long now = runtime.nanos();
      endpoint.pace.end();
      endpoint.pace.succeeded(now);
      endpoint.measured(need, now - begun);
      if (endpoint.failures > 0 && begun - endpoint.lastFailure > 0) {
        endpoint.failures = 0;
      }
      if (endpoint.failures == 0) {
        becomes(endpoint, usual(endpoint), "");
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private static NodeStatus.State usual(Endpoint endpoint) {
    return Double.isInfinite(endpoint.pace.perSecond())
        ? NodeStatus.State.GOOD
        : NodeStatus.State.LIMITED;
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
      endpoint.pace.end();
      endpoint.count(word(trouble, verdict));
      switch (verdict.action()) {
        case SHRINK -> {
          endpoint.span.refused(verdict.step() + 1, verdict.isStated());
          endpoint.failures = 0;
        }
        case WAIT -> pause(endpoint, begun, now, "has not got that far: " + trouble.text());
        case RATE -> limited(endpoint, trouble, begun, now);
        case PRUNED -> endpoint.prunedThrough = Math.max(endpoint.prunedThrough, need.oldest());
        case NO_METHOD -> lacks(endpoint, need, trouble, begun, now);
        case GONE -> endpoint.failures = 0;
        case AGAIN -> broken(endpoint, need, trouble, begun, now);
        case UNKNOWN -> {
          if (metWords.add(trouble.text().replaceAll("0x[0-9a-fA-F]+|[0-9]+", "N"))) {
            LOG.warn(
                "{} says what nobody has met before; please report it: code={} text=\"{}\"",
                endpoint.name,
                trouble.code(),
                trouble.text());
          }
          broken(endpoint, need, trouble, begun, now);
        }
      }
      if (verdict.isStated() || verdict.action() == Action.NO_METHOD) {
        memory.keep(all);
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private static String word(Trouble trouble, Verdict verdict) {
    return switch (verdict.action()) {
      case SHRINK -> "range";
      case WAIT -> "behind";
      case RATE -> "rate";
      case PRUNED -> "pruned";
      case GONE -> "gone";
      case NO_METHOD -> "method";
      case AGAIN -> trouble.kind().name().toLowerCase(Locale.ROOT);
      case UNKNOWN -> "unknown";
    };
  }

  private void lacks(Endpoint endpoint, Need need, Trouble trouble, long begun, long now) {
    switch (need.kind()) {
      case LOGS -> endpoint.hasLogs = false;
      case RECEIPTS -> endpoint.hasReceipts = false;
      case REST -> broken(endpoint, need, trouble, begun, now);
    }
  }

  private void broken(Endpoint endpoint, Need need, Trouble trouble, long begun, long now) {
    if (need.kind() == Need.Kind.LOGS) {
      endpoint.span.shrink();
    }
    endpoint.pace.overloaded(begun, now);
    pause(endpoint, begun, now, trouble.text());
    if (endpoint.failures > 1) {
      becomes(endpoint, NodeStatus.State.FAILING, endpoint.reason);
    }
  }

  private void limited(Endpoint endpoint, Trouble trouble, long begun, long now) {
    endpoint.pace.refused(begun, now);
    pause(endpoint, begun, now, "allows fewer requests: " + trouble.text());
    trouble
        .retryAfter()
        .map(Duration::toNanos)
        .ifPresent(asked -> endpoint.pausedUntil = Math.max(endpoint.pausedUntil, now + asked));
    becomes(endpoint, NodeStatus.State.LIMITED, endpoint.reason);
  }

  /** Of several calls that fail together only the first makes the pause longer. */
  private void pause(Endpoint endpoint, long begun, long now, String reason) {
    endpoint.reason = reason;
    if (endpoint.failures > 0 && begun - endpoint.lastFailure < 0) {
      return;
    }
    endpoint.lastFailure = now;
    int doubled = Math.min(endpoint.failures++, 9);
    long pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE << doubled);
    endpoint.pausedUntil = now + pause / 2 + runtime.chance(pause);
  }

  private static void becomes(Endpoint endpoint, NodeStatus.State state, String reason) {
    if (endpoint.state != state) {
      if (state == NodeStatus.State.FAILING) {
        LOG.warn("{} fails: {}", endpoint.name, reason);
      } else if (endpoint.state != NodeStatus.State.FRESH) {
        LOG.info("{} is {} again", endpoint.name, state.name().toLowerCase(Locale.ROOT));
      }
    }
    endpoint.state = state;
    endpoint.reason = reason;
  }

  /** It takes fewer calls at once. */
  void refusedBatch(Endpoint endpoint, int calls) {
    lock.lock();
    try {
      endpoint.batch = Math.max(1, Math.min(endpoint.batch, calls / 2));
      memory.keep(all);
    } finally {
      lock.unlock();
    }
  }

  boolean hasOther(String name) {
    lock.lock();
    try {
      return all.stream()
          .anyMatch(one ->
              !one.name.equals(name)
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
