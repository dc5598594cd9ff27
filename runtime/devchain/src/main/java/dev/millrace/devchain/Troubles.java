package dev.millrace.devchain;

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
 * What is wrong with a node. Every setting may be changed while the node runs, by any thread, and
 * counts from the next request on; each returns this.
 */
public final class Troubles {
  /** What a node says to a request that asks for too much. {@code %d} in it is the limit. */
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
  private volatile Set<Mishap> chosen = Set.of();
  private volatile RateLimit rate = new RateLimit(Long.MAX_VALUE, Mishap.TOO_MANY_REQUESTS);
  private final Queue<Mishap> script = new ConcurrentLinkedQueue<>();
  private final AtomicLong drawn = new AtomicLong();

  /** None. */
  public static Troubles none() {
    return new Troubles();
  }

  /** Each request waits so long before it is answered. */
  public Troubles latency(Duration wait) {
    latency = wait;
    return this;
  }

  /** Knows the chain without its last blocks. */
  public Troubles stale(long blocks) {
    stale = blocks;
    return this;
  }

  /** More requests per second are answered with 429 or −32005; each of a batch counts. */
  public Troubles rate(long perSecond, Mishap answer) {
    rate = new RateLimit(perSecond, answer);
    return this;
  }

  /** {@code eth_getLogs} over more blocks is refused. */
  public Troubles range(long blocks) {
    return range(blocks, RANGE);
  }

  /** The same, in the words of some provider. */
  public Troubles range(long blocks, Refusal refusal) {
    rangeRefusal = refusal;
    rangeLimit = blocks;
    return this;
  }

  /** {@code eth_getLogs} that finds more is refused. */
  public Troubles results(long logs) {
    return results(logs, RESULTS);
  }

  /** The same, in the words of some provider. */
  public Troubles results(long logs, Refusal refusal) {
    resultRefusal = refusal;
    resultLimit = logs;
    return this;
  }

  /** Says that it is a node of another chain. */
  public Troubles chainId(long id) {
    chainId = id;
    return this;
  }

  /** Does not know these methods. */
  public Troubles without(String... methods) {
    missing = new TreeSet<>(Set.of(methods));
    return this;
  }

  /** Has no logs and receipts below a block. */
  public Troubles pruned(long below) {
    prunedBelow = below;
    return this;
  }

  /** Leaves the logs of these blocks out of ranges and says nothing about it. */
  public Troubles dropLogs(LongPredicate blocks) {
    dropped = blocks;
    return this;
  }

  /** Still tells blocks that a fork has replaced when asked by their hash. */
  public Troubles keepReplaced(boolean keeps) {
    keepsReplaced = keeps;
    return this;
  }

  /** Refuses the tags {@code safe} and {@code finalized}. */
  public Troubles withoutTags(boolean refuses) {
    withoutTags = refuses;
    return this;
  }

  /** Refuses ranges that reach beyond the head instead of cutting them there. */
  public Troubles strictRanges(boolean refuses) {
    strict = refuses;
    return this;
  }

  /** These happen to the next requests, one each, in this order. */
  public Troubles next(Mishap... mishaps) {
    script.addAll(List.of(mishaps));
    return this;
  }

  /** Each request meets one of these with some probability. */
  public Troubles sometimes(double probability, Mishap... mishaps) {
    chosen = mishaps.length == 0 ? Set.of() : new TreeSet<>(Set.of(mishaps));
    chance = probability;
    return this;
  }

  /** What happens to a request; null for nothing. */
  @Nullable Mishap draw() {
    Mishap next = script.poll();
    Set<Mishap> any = chosen;
    if (next != null || any.isEmpty() || chance <= 0) {
      return next;
    }
    DevChainRandom random = new DevChainRandom();
    // By their names: the hash of an enum's constant is another one in each process.
    random.at(any.toString().hashCode() & 0xFF, 50, drawn.incrementAndGet());
    if ((random.next() >>> 11) * 0x1p-53 >= chance) {
      return null;
    }
    return List.copyOf(any).get(random.below(any.size()));
  }

  /** Whether some of what was scripted has not happened yet. */
  public boolean isScripted() {
    return !script.isEmpty();
  }

  Duration latency() {
    return latency;
  }

  Tip seen(Tip tip) {
    long behind = stale;
    return behind == 0 ? tip : new Tip(tip.branch(), Math.max(0, tip.head() - behind));
  }

  RateLimit rate() {
    return rate;
  }

  long chainIdOr(long usual) {
    Long other = chainId;
    return other == null ? usual : other;
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

  void checkRange(long from, long to, long head) throws RpcRefusal {
    if (from < prunedBelow) {
      throw new RpcRefusal(4444, "pruned history unavailable");
    }
    if (strict && to > head) {
      throw new RpcRefusal(-32602, "block range extends beyond current head block");
    }
    if (to - from + 1 > rangeLimit) {
      throw refused(rangeRefusal, rangeLimit, from);
    }
  }

  void checkResults(long logs, long from) throws RpcRefusal {
    if (logs > resultLimit) {
      throw refused(resultRefusal, resultLimit, from);
    }
  }

  /** Providers name the limit, or the range that would do: {@code {from}} and {@code {to}}. */
  private static RpcRefusal refused(Refusal refusal, long limit, long from) {
    String message =
        refusal
            .message()
            .replace("%d", Long.toString(limit))
            .replace("{from}", "0x" + Long.toHexString(from))
            .replace("{to}", "0x" + Long.toHexString(from + limit - 1));
    return new RpcRefusal(refusal.code(), message);
  }

  /** A bucket that fills by the second. */
  static final class RateLimit {
    private final long perSecond;
    private final Mishap answer;
    private long second;
    private long used;

    RateLimit(long perSecond, Mishap answer) {
      this.perSecond = perSecond;
      this.answer = answer;
    }

    /** What requests meet that come too soon; null if they do not. */
    synchronized @Nullable Mishap take(int requests, long nanoTime) {
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
