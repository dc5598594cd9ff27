package dev.millrace.rpc;

import dev.millrace.wire.Target;
import dev.millrace.wire.Transport;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * One node, and what has been learnt of it. Everything that changes is guarded by the lock of its
 * {@link Endpoints}, except what says otherwise.
 */
final class Endpoint {
  static final int BATCH = 50;
  private static final double EASING = 0.2;

  /** How long a missing method counts as missing where it has been there. */
  private static final long LACK = TimeUnit.MINUTES.toNanos(5);

  /** How long calls are made one by one after requests of several were refused. */
  private static final long ALONE = TimeUnit.MINUTES.toNanos(1);

  /** Refusals in a row before an endpoint counts as one that takes no requests of several calls. */
  static final int BATCH_REFUSALS = 2;

  /**
   * The same for calls of which one proves the other, and which two backends may answer where they
   * are made one by one.
   */
  static final int PROOF_REFUSALS = 6;

  /** Calls that belong together, so that one backend has to answer them. */
  private static final int MIN_BATCH = 4;

  final String name;
  final Target target;
  final Transport transport;
  final Span span;
  final Pace pace;
  final KnownHead head;

  final ChainProof proof = new ChainProof();

  /** The proof of the chain that is under way, for which answers wait that are there; or null. */
  final AtomicReference<@Nullable CompletableFuture<Boolean>> proving = new AtomicReference<>();

  /** How many calls it takes at once, as far as it said; read by anyone. */
  volatile int batch = BATCH;

  /** Whether it takes the hash of a block where logs are asked for; read by anyone. */
  volatile boolean takesBlockHash = true;

  /** Requests of several calls in a row that were refused; any thread may lose an update. */
  private volatile int refusalsTogether;

  private volatile long aloneUntil;
  private volatile boolean hasTakenBatch;
  private int batchRefusals;

  /** Whether the endpoint itself has said how many calls it takes: that alone is remembered. */
  private volatile boolean isBatchSaid;

  private volatile long batchShrunkAt;

  /**
   * How many calls one request may hold for now; any thread.
   *
   * @param refusals in a row after which calls are made one by one for a while
   */
  int together(int refusals, long now) {
    if (batch < BATCH && !isBatchSaid && now - batchShrunkAt > ALONE) {
      batch = BATCH; // what refused more may have been a gateway for a moment
      batchRefusals = 0;
    }
    return refusalsTogether < refusals || now - aloneUntil > 0 ? batch : 1;
  }

  /** It has answered several calls in one request. */
  void tookBatch() {
    refusalsTogether = 0;
    hasTakenBatch = true;
  }

  /**
   * Whether several calls have ever been answered in one request. One after the other may be
   * answered by two backends, of which nothing shows that they have the same blocks.
   */
  boolean hasTakenBatch() {
    return hasTakenBatch;
  }

  /**
   * It takes fewer calls at once than this. One by one it is asked where it says that it takes no
   * batches, or has never answered one.
   */
  void shrinkBatch(int calls, boolean isSaid, long now) {
    isBatchSaid |= isSaid;
    batchShrunkAt = now;
    boolean takesNone = isSaid || (!hasTakenBatch && ++batchRefusals >= BATCH_REFUSALS);
    batch = Math.clamp(calls / 2, takesNone ? 1 : Math.min(batch, MIN_BATCH), batch);
  }

  /** Fewer calls at once may be easier, for a while. */
  void easeBatch(int calls, long now) {
    batchShrunkAt = now;
    batch = Math.clamp(calls / 2, Math.min(batch, MIN_BATCH), batch);
  }

  /** How many calls at once the endpoint has said that it takes; else as many as usual. */
  int saidBatch() {
    return isBatchSaid ? batch : BATCH;
  }

  /** Tells what the endpoint has said before. */
  void rememberBatch(int calls) {
    batch = Math.clamp(calls, 1, BATCH);
    isBatchSaid = batch < BATCH;
  }

  /**
   * Calls were refused together, or one by one: then the other way is tried next.
   *
   * @param refusals in a row after which calls are made one by one
   */
  // A lost update costs one more request.
  @SuppressWarnings("NonAtomicVolatileUpdate")
  void refused(boolean together, int refusals, long now) {
    refusalsTogether = together ? refusalsTogether + 1 : refusals - 1;
    aloneUntil = now + ALONE;
  }

  NodeStatus.State state = NodeStatus.State.FRESH;
  String reason = "";
  boolean hasLogs = true;
  boolean hasToldLogs;

  /** Refusals of eth_getLogs as a method, since logs came last. */
  int logRefusals;

  private long lacksLogsUntil;

  /** Whether the lack of logs is a memory of another time, worth another look if need be. */
  boolean isLackRemembered;

  private boolean hasReceipts = true;
  private boolean hasToldReceipts;
  private long lacksReceiptsUntil;

  /** Refusals of eth_getBlockReceipts as a method, since receipts came last. */
  int receiptRefusals;

  /** Until then others are asked first whether blocks are final. */
  long notFinalUntil;

  /** The logs of this block and of those below it are gone; -1 if none are known to be. */
  private long prunedThrough = -1;

  private long prunedUntil;

  /** The highest block whose logs were refused as gone, and how often since logs so old came. */
  private long prunedAsked = -1;

  private int prunedRefusals;

  /** Replies in a row that name another chain, and until when the last of them counts. */
  int wrongChains;

  private long wrongUntil;

  private double latency;
  private double logLatency;
  private double bytesPerBlock;
  long requests;

  /**
   * Calls that wait for their turn and complete what has been fetched already. Logs of further
   * ranges are asked for behind them: otherwise the first range of a lane waits for all those that
   * were begun with it.
   */
  int unfinished;

  /** When it last answered, or began to be asked: an endpoint that keeps silent gets slower. */
  long busySince;

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
    head = new KnownHead(now);
    pausedUntil = now;
    lastAsked = now;
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

  /** The same for receipts. */
  void lacksReceipts(long now) {
    hasReceipts = false;
    lacksReceiptsUntil = now + LACK;
  }

  /** Receipts came. */
  void toldReceipts() {
    hasReceipts = true;
    hasToldReceipts = true;
    receiptRefusals = 0;
  }

  /** Whether receipts have ever come. */
  boolean hasToldReceipts() {
    return hasToldReceipts;
  }

  private boolean mayHaveReceipts(long now) {
    return hasReceipts || now - lacksReceiptsUntil > 0;
  }

  /** Logs from a block on were refused as gone: believed, for a while, once it repeats itself. */
  void refusedPruned(long oldest, int most, long now) {
    prunedAsked = Math.max(prunedAsked, oldest);
    if (++prunedRefusals >= most) {
      prunedThrough = Math.max(prunedThrough, oldest);
      prunedUntil = now + LACK;
    }
  }

  /** Logs from a block on came. */
  void toldLogs(long oldest) {
    hasToldLogs = true;
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

  /** Another chain was named: what was learnt of the head is of that chain. */
  void isOfAnotherChain() {
    proof.end();
    proof.isAsked = false;
    head.forget();
  }

  /** It serves another chain for now; another backend may serve ours. */
  void isWrong(long now) {
    state = NodeStatus.State.WRONG;
    wrongUntil = now + LACK;
  }

  private boolean mayHaveLogs(long now) {
    return hasLogs || now - lacksLogsUntil > 0;
  }

  boolean can(Need need, long now) {
    return (state != NodeStatus.State.WRONG || now - wrongUntil > 0)
        && switch (need.kind()) {
          case LOGS -> mayHaveLogs(now) && mayReach(need.oldest(), now);
          case RECEIPTS -> mayHaveReceipts(now);
          case FINAL, REST -> true;
        };
  }

  /** Why it cannot, in words; empty if it can. */
  String lack(Need need, long now) {
    if (can(need, now)) {
      return "";
    }
    if (state == NodeStatus.State.WRONG) {
      return reason;
    }
    return switch (need.kind()) {
      case LOGS ->
          mayHaveLogs(now) ? "has no logs up to block " + prunedThrough : "has no eth_getLogs";
      case RECEIPTS -> "has no eth_getBlockReceipts";
      case FINAL, REST -> reason;
    };
  }

  /** How long until it may be asked, in nanoseconds. */
  long pause(Need need, long now) {
    long pause = Math.max(Math.max(0, pausedUntil - now), pace.pause(now));
    return need.isRange() ? Math.max(pause, head.pause(reach(need), now)) : pause;
  }

  /** The last block that the endpoint would be asked about. */
  long reach(Need need) {
    return need.kind() == Need.Kind.LOGS
        ? Math.min(need.newest(), need.oldest() + span.blocks() - 1)
        : need.newest();
  }

  /** Until the chain is proven one call at a time begins. */
  boolean isFull() {
    boolean isUnmeasured = latency == 0 && logLatency == 0;
    return proof.isGiven() ? pace.isFull() || (isUnmeasured && pace.running() > 0) : proof.isAsked;
  }

  /** The state of an endpoint that answers. */
  NodeStatus.State usual() {
    return Double.isInfinite(pace.perSecond()) ? NodeStatus.State.GOOD : NodeStatus.State.LIMITED;
  }

  /** For logs an endpoint that is behind waits, so that it is looked at again. */
  boolean mayHave(Need need, long now) {
    boolean isNotFinal = need.kind() == Need.Kind.FINAL && now - notFinalUntil < 0;
    return need.isRange() || (!isNotFinal && !head.isBelow(need.newest()));
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
    long silence = pace.running() > 0 ? now - busySince : 0;
    return pause(need, now) + Math.max(answer, silence) * pace.queue();
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
