package dev.millrace.rpc;

import dev.millrace.jsonrpc.EndpointUrl;
import dev.millrace.jsonrpc.InFlightByteBudget;
import dev.millrace.jsonrpc.JsonRpcTransport;
import java.util.EnumMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * One node, and the limits that were learnt of it. All mutable state is guarded by the lock of its
 * {@link EndpointSelector}, except where a field says otherwise.
 */
final class Endpoint {
  private static final double EASING = 0.2;

  /** Time for which a method counts as missing before the endpoint is asked for it again. */
  private static final long LACK = TimeUnit.MINUTES.toNanos(5);

  final String name;
  final EndpointUrl target;
  final JsonRpcTransport transport;
  private final InFlightByteBudget.Share inFlight;
  final AdaptiveRangeSize span;
  final AdaptiveRateLimiter pace;
  final EndpointHeadTracker head;

  /** Blocks, asked for by their hashes, that the endpoint lacks. */
  final MissingBlockTracker missing = new MissingBlockTracker();

  /** Latest blocks of other endpoints that the endpoint did not name as its own. */
  private final MissingBlockTracker behind = new MissingBlockTracker();

  /** The latest block that it named last; -1: none yet. A later answer may be lower. */
  long latest = -1;

  final ChainProof proof = new ChainProof();
  final BatchLimit batches = new BatchLimit();

  /** The proof of the chain that is under way, which finished calls wait for; or null. */
  final AtomicReference<@Nullable CompletableFuture<Boolean>> proving = new AtomicReference<>();

  /** False once the endpoint refused eth_getLogs by block hash; read by any thread. */
  volatile boolean takesBlockHash = true;

  /** True if the last answer was a redirect, or the status of a wrong key or path. */
  boolean isAddressRefused;

  NodeStatus.State state = NodeStatus.State.FRESH;
  String reason = "";
  boolean hasLogs = true;
  boolean hasServedLogs;

  /** Refusals of eth_getLogs as a method since the last logs. */
  int logRefusals;

  private long lacksLogsUntil;

  /** True if the lack of logs is remembered from an earlier process and may be checked again. */
  boolean isLackRemembered;

  private boolean hasReceipts = true;
  private boolean hasServedReceipts;
  private long lacksReceiptsUntil;

  /** Refusals of eth_getBlockReceipts as a method since the last receipts. */
  int receiptRefusals;

  /** Other endpoints are asked first for final blocks until this time. */
  long notFinalUntil;

  /** The logs through this block are pruned; -1 if none are known to be. */
  private long prunedThrough = -1;

  private long prunedUntil;

  /**
   * The highest block whose logs were refused as pruned. The refusals count since logs that old
   * came.
   */
  private long prunedAsked = -1;

  private int prunedRefusals;

  /**
   * Replies in a row that name another chain. {@code wrongUntil} ends the exclusion that follows.
   */
  int wrongChains;

  private long wrongUntil;

  private double latency;
  private double logLatency;
  long requests;

  /** When it last answered, or began to be asked: an endpoint that keeps silent gets slower. */
  long busySince;

  /** The times of the last requests, per kind; none of a kind that was never asked for. */
  private final Map<CallRequirements.Kind, Long> lastAsked =
      new EnumMap<>(CallRequirements.Kind.class);

  private final long created;
  long pausedUntil;
  int failures;
  long lastFailure;
  final SortedMap<String, Long> errors = new TreeMap<>();

  /**
   * @param inFlight the share of the replies of this endpoint
   */
  Endpoint(
      String name,
      EndpointUrl target,
      JsonRpcTransport transport,
      InFlightByteBudget.Share inFlight,
      long replyTarget,
      long now) {
    this.name = name;
    this.target = target;
    this.transport = transport;
    this.inFlight = inFlight;
    span = new AdaptiveRangeSize(replyTarget);
    pace = new AdaptiveRateLimiter(now);
    head = new EndpointHeadTracker(now);
    pausedUntil = now;
    created = now;
    notFinalUntil = now;
    lacksLogsUntil = now;
    lacksReceiptsUntil = now;
    busySince = now;
    lastFailure = now;
  }

  /** The method was missing in an earlier process: for a while it counts as missing. */
  void remembersNoLogs() {
    hasLogs = false;
    isLackRemembered = true;
    lacksLogsUntil += LACK;
  }

  /** The method is missing for now; a plan or a backend may change, so it is tried again later. */
  void lacksLogs(long now) {
    hasLogs = false;
    lacksLogsUntil = now + LACK;
  }

  /** Marks eth_getBlockReceipts as missing for now. */
  void lacksReceipts(long now) {
    hasReceipts = false;
    lacksReceiptsUntil = now + LACK;
  }

  /** Records that receipts came. */
  void recordReceipts() {
    hasReceipts = true;
    hasServedReceipts = true;
    receiptRefusals = 0;
  }

  /** True if receipts have ever come. */
  boolean hasServedReceipts() {
    return hasServedReceipts;
  }

  private boolean mayHaveReceipts(long now) {
    return hasReceipts || now - lacksReceiptsUntil > 0;
  }

  /**
   * Records that logs from a block on were refused as pruned; believed for a while, once repeated.
   */
  void refusedPruned(long oldest, int max, long now) {
    prunedAsked = Math.max(prunedAsked, oldest);
    if (++prunedRefusals >= max) {
      prunedThrough = Math.max(prunedThrough, oldest);
      prunedUntil = now + LACK;
    }
  }

  /** Records that logs from a block on came. */
  void recordLogs(long oldest) {
    hasServedLogs = true;
    hasLogs = true;
    logRefusals = 0;
    if (oldest <= prunedAsked) {
      prunedThrough = -1;
      prunedAsked = -1;
      prunedRefusals = 0;
    }
  }

  private boolean mayReach(long oldest, long now) {
    return oldest > prunedThrough || now - prunedUntil > 0;
  }

  /** Drops the proof and the head: the endpoint named another chain. */
  void isOfAnotherChain() {
    proof.end();
    proof.isAsked = false;
    head.forget();
    latest = -1;
  }

  /** Excludes the endpoint for now: it serves another chain. Another backend may serve ours. */
  void isWrong(long now) {
    state = NodeStatus.State.WRONG;
    wrongUntil = now + LACK;
  }

  private boolean mayHaveLogs(long now) {
    return hasLogs || now - lacksLogsUntil > 0;
  }

  void asked(CallRequirements need, long now) {
    lastAsked.put(need.kind(), now);
  }

  /** Returns the time since it was asked for this kind of data. */
  long unaskedFor(CallRequirements need, long now) {
    return now - lastAsked.getOrDefault(need.kind(), created);
  }

  /**
   * Records the latest block that the endpoint names.
   *
   * @param isBehind true if another endpoint has named a later one
   */
  void recordLatest(long number, boolean isBehind, long now) {
    latest = number;
    if (isBehind) {
      behind.recordLack(now);
    } else {
      behind.recordBlock();
    }
  }

  /**
   * True if the endpoint has named earlier heads than others for longer than a lag: it may stand
   * still.
   */
  boolean isBehind(long now) {
    return behind.isStranded(now);
  }

  /** Records that logs or receipts came together with their last block. */
  void proved(CallRequirements need, long now) {
    head.proved(need.newest(), now);
    if (!need.isRange()) {
      missing.recordBlock();
    }
  }

  /**
   * True if a block that is asked for by its hash is probably not there: the endpoint lacks those
   * of other endpoints.
   */
  boolean isStranded(CallRequirements need, long now) {
    boolean isByHash =
        switch (need.kind()) {
          case LOGS, RECEIPTS -> !need.isRange();
          case FINAL, HEAD, REST -> false;
        };
    return isByHash && missing.isStranded(now);
  }

  /** True if the endpoint is worth waiting for instead of asking one to avoid. */
  boolean isAlternative(CallRequirements need, long now) {
    return state != NodeStatus.State.FAILING
        && !isStranded(need, now)
        && !(need.isRange() && head.isStuckBelow(reach(need), now));
  }

  boolean can(CallRequirements need, long now) {
    return (state != NodeStatus.State.WRONG || now - wrongUntil > 0)
        && switch (need.kind()) {
          case LOGS -> mayHaveLogs(now) && mayReach(need.oldest(), now);
          case RECEIPTS -> mayHaveReceipts(now) && !isStranded(need, now);
          case FINAL, HEAD, REST -> true;
        };
  }

  /** Returns the reason why the endpoint cannot serve a need; empty if it can. */
  String missingCapability(CallRequirements need, long now) {
    if (can(need, now)) {
      return "";
    }
    if (state == NodeStatus.State.WRONG) {
      return reason;
    }
    return switch (need.kind()) {
      case LOGS ->
          mayHaveLogs(now) ? "has no logs up to block " + prunedThrough : "has no eth_getLogs";
      case RECEIPTS ->
          mayHaveReceipts(now)
              ? "lacks blocks that other endpoints have"
              : "has no eth_getBlockReceipts";
      case FINAL, HEAD, REST -> reason;
    };
  }

  /** Returns the time until the endpoint may be asked, in nanoseconds. */
  long pause(CallRequirements need, long now) {
    long pause = Math.max(Math.max(0, pausedUntil - now), pace.pause(now));
    return need.isRange() ? Math.max(pause, head.pause(reach(need), now)) : pause;
  }

  /** Returns the last block that a request to the endpoint would cover. */
  long reach(CallRequirements need) {
    return need.kind() == CallRequirements.Kind.LOGS
        ? Math.min(need.newest(), need.oldest() + span.blocks() - 1)
        : need.newest();
  }

  /**
   * True if no further call may begin. Until the chain is proven, calls begin one at a time. A call
   * whose reply waits for room in memory leaves its place to one with a small reply, which needs
   * none; further large replies would only wait as well.
   */
  boolean isFull(CallRequirements need) {
    boolean isUnmeasured = latency == 0 && logLatency == 0;
    if (!proof.isGiven()) {
      return proof.isAsked;
    }
    long leaving = pace.isFull(0) && need.hasSmallReply() ? inFlight.waiting() : 0;
    return pace.isFull(leaving) || (isUnmeasured && pace.running() > 0);
  }

  /** Returns the state of an endpoint that answers. */
  NodeStatus.State answeringState() {
    return Double.isInfinite(pace.perSecond()) ? NodeStatus.State.GOOD : NodeStatus.State.LIMITED;
  }

  /**
   * True if the endpoint may have the blocks. For ranges always: an endpoint that is behind waits,
   * so that its head is looked at again.
   */
  boolean mayHave(CallRequirements need, long now) {
    boolean isNotFinal = need.kind() == CallRequirements.Kind.FINAL && now - notFinalUntil < 0;
    return need.isRange() || (!isNotFinal && !head.isBelow(need.newest()));
  }

  /**
   * Estimates the time to an answer in nanoseconds, to compare endpoints. For logs: the time for as
   * many blocks as the endpoint with the widest span reads at once.
   */
  double expected(CallRequirements need, long widest, long now) {
    double answer =
        need.kind() == CallRequirements.Kind.LOGS
            ? (logLatency == 0 ? latency : logLatency) * widest / span.blocks()
            : latency;
    long silence = pace.running() > 0 ? now - busySince : 0;
    return pause(need, now) + Math.max(answer, (double) silence) * pace.queue();
  }

  void measured(CallRequirements need, long nanos) {
    boolean isShort =
        need.kind() == CallRequirements.Kind.REST || need.kind() == CallRequirements.Kind.HEAD;
    latency = isShort ? eased(latency, (double) nanos) : latency;
    logLatency =
        need.kind() == CallRequirements.Kind.LOGS ? eased(logLatency, (double) nanos) : logLatency;
  }

  private static double eased(double before, double now) {
    return before == 0 ? now : before + (now - before) * EASING;
  }

  void count(String kind) {
    errors.merge(kind, 1L, Long::sum);
  }

  NodeStatus.Endpoint status() {
    return new NodeStatus.Endpoint(
        name,
        state,
        reason,
        (logLatency == 0 ? latency : logLatency) / TimeUnit.MILLISECONDS.toNanos(1),
        pace.perSecond(),
        span.blocks(),
        requests,
        new TreeMap<>(errors));
  }
}
