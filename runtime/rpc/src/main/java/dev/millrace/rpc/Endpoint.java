package dev.millrace.rpc;

import dev.millrace.wire.Target;
import dev.millrace.wire.Transport;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/**
 * One node, and what has been learnt of it. Everything that changes is guarded by the lock of its
 * {@link Endpoints}, except what says otherwise.
 */
final class Endpoint {
  static final int BATCH = 50;
  private static final double EASING = 0.2;

  final String name;
  final Target target;
  final Transport transport;
  final Span span;
  final Pace pace;

  /** Whether it has proved to serve our chain; set once, read by anyone. */
  volatile boolean isProven;

  /** How many calls it takes at once; read by anyone. */
  volatile int batch = BATCH;

  /** Whether it takes the hash of a block where logs are asked for; read by anyone. */
  volatile boolean takesBlockHash = true;

  NodeStatus.State state = NodeStatus.State.FRESH;
  String reason = "";
  boolean hasLogs = true;

  /** Whether the lack of logs is a memory of another time, worth another look if need be. */
  boolean isLackRemembered;

  boolean hasReceipts = true;

  /** The logs of this block and of those below it are gone; -1 if none are known to be. */
  long prunedThrough = -1;

  private double latency;
  private double logLatency;
  private double bytesPerBlock;
  long requests;
  long lastAsked;
  long pausedUntil;
  int failures;
  long lastFailure;
  final SortedMap<String, Long> errors = new TreeMap<>();

  Endpoint(String name, Target target, Transport transport, long replyTarget, long now) {
    this.name = name;
    this.target = target;
    this.transport = transport;
    span = new Span(replyTarget);
    pace = new Pace(now);
    pausedUntil = now;
    lastAsked = now;
    lastFailure = now;
  }

  boolean can(Need need) {
    return state != NodeStatus.State.WRONG
        && switch (need.kind()) {
          case LOGS -> hasLogs && need.oldest() > prunedThrough;
          case RECEIPTS -> hasReceipts;
          case REST -> true;
        };
  }

  /** Why it cannot, in words; empty if it can. */
  String lack(Need need) {
    if (can(need)) {
      return "";
    }
    if (state == NodeStatus.State.WRONG) {
      return reason;
    }
    return switch (need.kind()) {
      case LOGS -> hasLogs ? "has no logs up to block " + prunedThrough : "has no eth_getLogs";
      case RECEIPTS -> "has no eth_getBlockReceipts";
      case REST -> reason;
    };
  }

  /** How long until it may be asked, in nanoseconds. */
  long pause(long now) {
    return Math.max(Math.max(0, pausedUntil - now), pace.pause(now));
  }

  /** Nobody is asked more than once before it has proved itself. */
  boolean isFull() {
    return isProven ? pace.isFull() : pace.running() > 0;
  }

  /**
   * How long an answer should take, in nanoseconds, so that endpoints can be compared: for logs the
   * time for as many blocks as the one with the widest span reads at once.
   */
  double expected(Need need, long widest, long now) {
    double answer =
        need.kind() == Need.Kind.LOGS
            ? (logLatency == 0 ? latency : logLatency) * widest / span.blocks()
            : latency;
    return pause(now) + answer * pace.queue();
  }

  void measured(Need need, long nanos) {
    latency = need.kind() == Need.Kind.REST ? eased(latency, (double) nanos) : latency;
    logLatency = need.kind() == Need.Kind.LOGS ? eased(logLatency, (double) nanos) : logLatency;
  }

  void measuredLogs(long blocks, long bytes) {
    bytesPerBlock = eased(bytesPerBlock, (double) bytes / blocks);
  }

  private static double eased(double before, double now) {
    return before == 0 ? now : before + (now - before) * EASING;
  }

  /** How large a reply about so many blocks will be; a guess. */
  long expectedBytes(long blocks) {
    return (long) (bytesPerBlock * blocks) + 4096;
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
