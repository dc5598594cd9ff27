package dev.millrace.rpc;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * The choice of the endpoint to ask: the one with the shortest expected time to an answer, its
 * queue included; another one only when it would be faster, and once in a while to see whether it
 * has become so, for each kind of data: an endpoint that is asked for final blocks alone would
 * never be found to name a later head. Guarded by the lock of {@link EndpointSelector}.
 */
final class EndpointChoice {
  private static final long PROBE = TimeUnit.SECONDS.toNanos(3);

  private final List<Endpoint> all;
  private final long chain;

  EndpointChoice(List<Endpoint> all, long chain) {
    this.all = all;
    this.chain = chain;
  }

  /** Returns the endpoint to ask now, or to wait for. */
  Endpoint of(CallRequirements need, long now) {
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
      boolean isForgotten = one.unaskedFor(need, now) > PROBE && one.pace.running() == 0;
      if (one != best && isForgotten && one.pause(need, now) == 0) {
        return one;
      }
    }
    return best;
  }

  private List<Endpoint> able(CallRequirements need, long now) {
    List<Endpoint> able = all.stream().filter(one -> one.can(need, now)).toList();
    if (able.isEmpty()) {
      able = recheck(need, now);
    }
    List<Endpoint> far =
        upToDate(able.stream().filter(one -> one.mayHave(need, now)).toList(), need, now);
    List<Endpoint> others =
        far.stream()
            .filter(one -> !need.avoid().contains(one.name))
            .filter(one -> need.avoid().isEmpty() || one.isAlternative(need, now))
            .toList();
    List<Endpoint> left = far.stream().filter(one -> !one.isStranded(need, now)).toList();
    return !others.isEmpty() ? others : !left.isEmpty() ? left : far.isEmpty() ? able : far;
  }

  /**
   * Leaves out endpoints that stand still below the heads of others, while one of these answers.
   */
  private static List<Endpoint> upToDate(List<Endpoint> some, CallRequirements need, long now) {
    if (need.kind() != CallRequirements.Kind.HEAD) {
      return some;
    }
    List<Endpoint> left = some.stream().filter(one -> !one.isBehind(now)).toList();
    boolean isAnyAnswering =
        left.stream()
            .anyMatch(
                one -> one.state != NodeStatus.State.FAILING && !need.avoid().contains(one.name));
    return isAnyAnswering ? left : some;
  }

  /**
   * Clears lacks that are only remembered, since they may be mended; throws if none can be asked.
   */
  private List<Endpoint> recheck(CallRequirements need, long now) {
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
                      .map(one -> one.name + " " + one.missingCapability(need, now))
                      .collect(Collectors.joining("\n  - "))));
    }
    return able;
  }
}
