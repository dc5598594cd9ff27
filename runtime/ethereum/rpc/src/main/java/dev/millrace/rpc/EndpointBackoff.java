package dev.millrace.rpc;

import dev.millrace.jsonrpc.RpcCallException;
import dev.millrace.rpc.NodeErrorTable.Classification;
import java.time.Duration;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Lessons of failed calls: pauses that double, smaller ranges, abilities that are missing. */
final class EndpointBackoff {
  private static final Logger LOG = LoggerFactory.getLogger(EndpointBackoff.class);
  private static final long FIRST_PAUSE = TimeUnit.MILLISECONDS.toNanos(100);
  private static final long MAX_PAUSE = TimeUnit.SECONDS.toNanos(30);
  private static final int MAX_DOUBLINGS = 9;

  /** The longest pause that a node may ask for: it may be the only one. */
  private static final Duration MAX_RETRY_AFTER = Duration.ofMinutes(5);

  /**
   * Refusals in a row before a method counts as missing: one may come from a backend that starts.
   */
  private static final int REFUSALS = 3;

  /** Refusals in a row for an endpoint that has answered the method before. */
  private static final int REFUSALS_OF_A_KNOWN_METHOD = 10;

  /** Limit of the unknown texts that are remembered as logged. */
  private static final int MAX_WORDS = 1_000;

  private final CallRuntime runtime;
  private final Set<String> reportedErrors = new HashSet<>();

  EndpointBackoff(CallRuntime runtime) {
    this.runtime = runtime;
  }

  /** Begin and end of a failed call, in nanoseconds. */
  record Attempted(long begun, long ended) {}

  void failed(
      Endpoint endpoint,
      CallRequirements need,
      RpcCallException trouble,
      Classification verdict,
      Attempted call) {
    endpoint.count(word(trouble, verdict));
    endpoint.isAddressRefused =
        verdict.action() == NodeErrorTable.Action.RETRY && isOfAddress(trouble);
    switch (verdict.action()) {
      case SHRINK -> shrink(endpoint, need, trouble, verdict, call);
      case NOT_YET_AVAILABLE -> wait(endpoint, need, trouble, call);
      case RATE_LIMITED -> limited(endpoint, trouble, call);
      case PRUNED -> pruned(endpoint, need, trouble, call);
      case NO_METHOD -> lacks(endpoint, need, trouble, call);
      case UNKNOWN_BLOCK -> endpoint.failures = 0;
      case RETRY -> broken(endpoint, need, trouble, call);
      case UNKNOWN -> {
        String words = trouble.text().replaceAll("0x[0-9a-fA-F]+|[0-9]+", "N");
        if (reportedErrors.size() < MAX_WORDS && reportedErrors.add(words)) {
          LOG.warn(
              "{} says what nobody has met before; please report it: code={} text=\"{}\"",
              endpoint.name,
              trouble.code(),
              trouble.text());
        }
        broken(endpoint, need, trouble, call);
      }
    }
  }

  /** True for a redirect, and for the statuses of a wrong key or path. */
  private static boolean isOfAddress(RpcCallException trouble) {
    long status = trouble.kind() == RpcCallException.Kind.STATUS ? trouble.code() : 0;
    return (status >= 300 && status < 400) || status == 401 || status == 403 || status == 404;
  }

  private static String word(RpcCallException trouble, Classification verdict) {
    return switch (verdict.action()) {
      case SHRINK -> "range";
      case NOT_YET_AVAILABLE -> "behind";
      case RATE_LIMITED -> "rate";
      case PRUNED -> "pruned";
      case UNKNOWN_BLOCK -> "gone";
      case NO_METHOD -> "method";
      case RETRY -> trouble.kind().name().toLowerCase(Locale.ROOT);
      case UNKNOWN -> "unknown";
    };
  }

  /** Receipts cover a single block: no shorter range makes them fit, but another endpoint may. */
  private void shrink(
      Endpoint endpoint,
      CallRequirements need,
      RpcCallException trouble,
      Classification verdict,
      Attempted call) {
    switch (need.kind()) {
      case LOGS -> {
        endpoint.span.refused(verdict.step() + 1, verdict.isStated());
        endpoint.failures = 0;
      }
      case RECEIPTS -> pause(endpoint, call, trouble.text());
      case FINAL, HEAD, REST -> endpoint.failures = 0;
    }
  }

  private void wait(
      Endpoint endpoint, CallRequirements need, RpcCallException trouble, Attempted call) {
    String reason = "has not got that far: " + trouble.text();
    if (need.isRange()) {
      endpoint.reason = reason;
      endpoint.head.missed(need.newest(), call.ended());
    } else {
      pause(endpoint, call, reason);
    }
  }

  /**
   * Believes that logs are pruned after {@code REFUSALS} only: a backend may just be starting, or
   * the error may concern another request.
   */
  private void pruned(
      Endpoint endpoint, CallRequirements need, RpcCallException trouble, Attempted call) {
    boolean isFirst = !isOfBurst(endpoint, call);
    pause(endpoint, call, "has it no more: " + trouble.text());
    if (need.kind() == CallRequirements.Kind.LOGS && isFirst) {
      endpoint.refusedPruned(need.oldest(), REFUSALS, call.ended());
    }
  }

  private void lacks(
      Endpoint endpoint, CallRequirements need, RpcCallException trouble, Attempted call) {
    int counted = isOfBurst(endpoint, call) ? 0 : 1;
    switch (need.kind()) {
      case LOGS -> {
        endpoint.logRefusals += counted;
        broken(endpoint, need, trouble, call);
        if (endpoint.logRefusals >= refusals(endpoint.hasServedLogs)) {
          endpoint.lacksLogs(call.ended());
        }
      }
      case RECEIPTS -> {
        endpoint.receiptRefusals += counted;
        pause(endpoint, call, trouble.text());
        if (endpoint.receiptRefusals >= refusals(endpoint.hasServedReceipts())) {
          endpoint.lacksReceipts(call.ended());
        }
      }
      case FINAL, HEAD, REST -> broken(endpoint, need, trouble, call);
    }
  }

  private static int refusals(boolean isKnown) {
    return isKnown ? REFUSALS_OF_A_KNOWN_METHOD : REFUSALS;
  }

  /** Records that an endpoint named another chain: a backend is wrong, or the address is. */
  void wrong(Endpoint endpoint, String reason, Attempted call) {
    boolean isFirst = !isOfBurst(endpoint, call);
    pause(endpoint, call, reason);
    becomes(endpoint, NodeStatus.State.FAILING, reason);
    if (isFirst && ++endpoint.wrongChains >= refusals(endpoint.proof.hasServed())) {
      endpoint.isWrong(call.ended());
      LOG.error("endpoint is not used for minutes: {} {}", endpoint.name, reason);
    }
  }

  private void broken(
      Endpoint endpoint, CallRequirements need, RpcCallException trouble, Attempted call) {
    if (need.kind() == CallRequirements.Kind.LOGS && !isOfBurst(endpoint, call)) {
      endpoint.span.shrink();
    }
    endpoint.pace.overloaded(call.begun(), call.ended());
    boolean isStatusNamed =
        trouble.kind() != RpcCallException.Kind.STATUS || trouble.text().startsWith("status ");
    pause(
        endpoint,
        call,
        isStatusNamed ? trouble.text() : "status %d: %s".formatted(trouble.code(), trouble.text()));
    if (endpoint.failures > 1) {
      becomes(endpoint, NodeStatus.State.FAILING, endpoint.reason);
    }
  }

  private void limited(Endpoint endpoint, RpcCallException trouble, Attempted call) {
    endpoint.pace.refused(call.begun(), call.ended());
    pause(endpoint, call, "allows fewer requests: " + trouble.text());
    trouble
        .retryAfter()
        .map(asked -> asked.compareTo(MAX_RETRY_AFTER) > 0 ? MAX_RETRY_AFTER : asked)
        .map(Duration::toNanos)
        .ifPresent(
            asked -> endpoint.pausedUntil = Math.max(endpoint.pausedUntil, call.ended() + asked));
    becomes(endpoint, NodeStatus.State.LIMITED, endpoint.reason);
  }

  /** True if an earlier failure of the same burst has been counted already. */
  private static boolean isOfBurst(Endpoint endpoint, Attempted call) {
    return endpoint.failures > 0 && call.begun() - endpoint.lastFailure < 0;
  }

  private void pause(Endpoint endpoint, Attempted call, String reason) {
    endpoint.reason = reason;
    if (isOfBurst(endpoint, call)) {
      return;
    }
    endpoint.lastFailure = call.ended();
    int doubled = Math.min(endpoint.failures++, MAX_DOUBLINGS);
    long pause = Math.min(MAX_PAUSE, FIRST_PAUSE << doubled);
    endpoint.pausedUntil = call.ended() + pause / 2 + runtime.chance(pause);
  }

  static void becomes(Endpoint endpoint, NodeStatus.State state, String reason) {
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
}
