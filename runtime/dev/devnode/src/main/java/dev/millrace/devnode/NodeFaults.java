package dev.millrace.devnode;

import dev.millrace.devchain.DevChainHead;
import dev.millrace.devchain.DevChainRandom;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongPredicate;
import org.jspecify.annotations.Nullable;

/**
 * Faults of a node. Every setting may be changed while the node runs, by any thread, and applies
 * from the next request on; each setter returns this.
 */
public final class NodeFaults {
  /** Reply to a request that asks for too much. {@code %d} in the message is the limit. */
  public record Refusal(int code, String message) {}

  private static final Refusal RANGE = new Refusal(-32602, "Max range: %d");
  private static final Refusal RESULTS = new Refusal(-32005, "query returned more than %d results");

  private volatile Duration latency = Duration.ZERO;
  private volatile long stale;
  private volatile long rangeLimit = Long.MAX_VALUE;
  private volatile Refusal rangeRefusal = RANGE;
  private volatile long resultLimit = Long.MAX_VALUE;
  private volatile Refusal resultRefusal = RESULTS;
  private volatile @Nullable Long chainId;
  private volatile Set<String> missing = Set.of();
  private volatile long prunedBelow;
  private volatile LongPredicate dropped = _ -> false;
  private volatile boolean keepsReplaced;
  private volatile boolean withoutTags;
  private volatile boolean strict;
  private volatile double chance;
  private volatile Set<NodeFault> chosen = Set.of();
  private volatile RateLimit rate = new RateLimit(Long.MAX_VALUE, NodeFault.TOO_MANY_REQUESTS);
  private final Queue<NodeFault> script = new ConcurrentLinkedQueue<>();
  private final AtomicLong drawn = new AtomicLong();

  /** Returns troubles without any fault. */
  public static NodeFaults none() {
    return new NodeFaults();
  }

  /** Delays each answer. */
  public NodeFaults latency(Duration wait) {
    latency = wait;
    return this;
  }

  /** Hides the last blocks of the chain. */
  public NodeFaults stale(long blocks) {
    stale = blocks;
    return this;
  }

  /** Answers more requests per second with 429 or −32005; each request of a batch counts. */
  public NodeFaults rate(long perSecond, NodeFault answer) {
    rate = new RateLimit(perSecond, answer);
    return this;
  }

  /** Refuses {@code eth_getLogs} over more blocks. */
  public NodeFaults range(long blocks) {
    return range(blocks, RANGE);
  }

  /** Refuses {@code eth_getLogs} over more blocks, in the words of a provider. */
  public NodeFaults range(long blocks, Refusal refusal) {
    rangeRefusal = refusal;
    rangeLimit = blocks;
    return this;
  }

  /** Refuses {@code eth_getLogs} with more results. */
  public NodeFaults results(long logs) {
    return results(logs, RESULTS);
  }

  /** Refuses {@code eth_getLogs} with more results, in the words of a provider. */
  public NodeFaults results(long logs, Refusal refusal) {
    resultRefusal = refusal;
    resultLimit = logs;
    return this;
  }

  /** Names another chain in {@code eth_chainId}. */
  public NodeFaults chainId(long id) {
    chainId = id;
    return this;
  }

  /** Refuses methods as unknown. */
  public NodeFaults without(String... methods) {
    missing = new TreeSet<>(Set.of(methods));
    return this;
  }

  /** Prunes logs and receipts below a block. */
  public NodeFaults pruned(long below) {
    prunedBelow = below;
    return this;
  }

  /** Leaves the logs of these blocks out of ranges, without an error. */
  public NodeFaults dropLogs(LongPredicate blocks) {
    dropped = blocks;
    return this;
  }

  /** Still returns blocks that a fork has replaced when asked by their hash. */
  public NodeFaults keepReplaced(boolean keeps) {
    keepsReplaced = keeps;
    return this;
  }

  /** Refuses the tags {@code safe} and {@code finalized}. */
  public NodeFaults withoutTags(boolean refuses) {
    withoutTags = refuses;
    return this;
  }

  /** Refuses ranges that reach beyond the head instead of cutting them there. */
  public NodeFaults strictRanges(boolean refuses) {
    strict = refuses;
    return this;
  }

  /** Schedules one mishap for each of the next requests, in this order. */
  public NodeFaults next(NodeFault... faults) {
    script.addAll(List.of(faults));
    return this;
  }

  /** Lets each request meet one of these with some probability. */
  public NodeFaults sometimes(double probability, NodeFault... faults) {
    chosen = faults.length == 0 ? Set.of() : new TreeSet<>(Set.of(faults));
    chance = probability;
    return this;
  }

  /** Draws the mishap of a request; null for none. */
  @Nullable NodeFault nextFault() {
    NodeFault next = script.poll();
    Set<NodeFault> any = chosen;
    if (next != null || any.isEmpty() || chance <= 0) {
      return next;
    }
    DevChainRandom random = new DevChainRandom();
    // By their names: the hash of an enum constant differs between processes.
    random.at(any.toString().hashCode() & 0xFF, 50, drawn.incrementAndGet());
    if ((random.next() >>> 11) * 0x1p-53 >= chance) {
      return null;
    }
    return List.copyOf(any).get(random.below(any.size()));
  }

  /** True if some scheduled mishap has not happened yet. */
  public boolean isScripted() {
    return !script.isEmpty();
  }

  Duration latency() {
    return latency;
  }

  DevChainHead seen(DevChainHead tip) {
    long behind = stale;
    return behind == 0 ? tip : new DevChainHead(tip.branch(), Math.max(0, tip.head() - behind));
  }

  RateLimit rate() {
    return rate;
  }

  long chainIdOr(long defaults) {
    Long other = chainId;
    return other == null ? defaults : other;
  }

  boolean knows(String method) {
    return !missing.contains(method);
  }

  boolean drops(long block) {
    return dropped.test(block);
  }

  boolean keepsReplaced() {
    return keepsReplaced;
  }

  boolean knowsTags() {
    return !withoutTags;
  }

  long resultLimit() {
    return resultLimit;
  }

  void checkRange(long from, long to, long head) throws JsonRpcException {
    if (from < prunedBelow) {
      throw new JsonRpcException(4444, "pruned history unavailable");
    }
    if (strict && to > head) {
      throw new JsonRpcException(-32602, "block range extends beyond current head block");
    }
    if (to - from + 1 > rangeLimit) {
      throw refused(rangeRefusal, rangeLimit, from);
    }
  }

  void checkResults(long logs, long from) throws JsonRpcException {
    if (logs > resultLimit) {
      throw refused(resultRefusal, resultLimit, from);
    }
  }

  /** Fills in the limit, or the range that would do, as {@code {from}} and {@code {to}}. */
  private static JsonRpcException refused(Refusal refusal, long limit, long from) {
    String message =
        refusal
            .message()
            .replace("%d", Long.toString(limit))
            .replace("{from}", "0x" + Long.toHexString(from))
            .replace("{to}", "0x" + Long.toHexString(from + limit - 1));
    return new JsonRpcException(refusal.code(), message);
  }

  /** A bucket that fills by the second. */
  static final class RateLimit {
    private final long perSecond;
    private final NodeFault answer;
    private long second;
    private long used;

    RateLimit(long perSecond, NodeFault answer) {
      this.perSecond = perSecond;
      this.answer = answer;
    }

    /** Returns the answer to requests beyond the rate; null within the rate. */
    synchronized @Nullable NodeFault take(int requests, long nanoTime) {
      if (perSecond == Long.MAX_VALUE) {
        return null;
      }
      long now = nanoTime / 1_000_000_000;
      if (now != second) {
        second = now;
        used = 0;
      }
      used += requests;
      return used > perSecond ? answer : null;
    }
  }
}
