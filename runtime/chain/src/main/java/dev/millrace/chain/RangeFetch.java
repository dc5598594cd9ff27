package dev.millrace.chain;

import dev.millrace.evm.Fields;
import dev.millrace.evm.Header;
import dev.millrace.evm.LogFilter;
import dev.millrace.loaders.Bytes32;
import dev.millrace.rpc.LogColumns;
import dev.millrace.rpc.LogPage;
import dev.millrace.rpc.LogQuery;
import dev.millrace.rpc.Node;
import dev.millrace.rpc.NodeBlock;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.NavigableMap;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.LongStream;

/**
 * Fetches one range of final blocks: the logs, then the headers that will be needed. Many threads
 * at once.
 */
final class RangeFetch implements Ranges.Fetch {
  /** Headers that one call asks for. */
  private static final int GROUP = 500;

  /** So many blooms of a range are looked at; a node that drops logs drops those of many blocks. */
  private static final int SAMPLE = 100;

  private static final int EXPECTED = 20;

  /** Even where nothing happens the frontier should move from time to time. */
  private static final long MOST_BLOCKS = 100_000;

  private final Node node;
  private final Recent recent;
  private final Fields fields;
  private final RawCache cache;
  private final Findings findings;
  private final Auditor auditor;
  private final double audited;
  private volatile int cutEvery = Integer.MAX_VALUE;
  private volatile double density; // logs per block lately; threads may overwrite each other's

  private record Fetched(LogFilter filter, LogPage page) {
    void keep(RawCache cache) {
      cache.keep(filter, page.from(), page.reached(), page.logs());
    }
  }

  RangeFetch(ChainSource source, Fields fields) {
    this.node = source.node();
    this.recent = source.recent();
    this.cache = source.cache();
    this.fields = fields;
    this.findings = source.findings();
    this.auditor = new Auditor(node, findings);
    this.audited = source.request().reading().audited();
  }

  /** About how many logs a batch takes: the block at which one may end must be complete. */
  void cutEvery(int logs) {
    cutEvery = Math.max(1, logs);
  }

  @Override
  public long span(Plan plan, long from) {
    long span = MOST_BLOCKS;
    for (LogFilter query : plan.queries()) {
      if (!cache.holds(query, from)) {
        span = Math.min(span, node.span(new LogQuery(query, from, from)));
      }
    }
    long end = from + span - 1;
    for (LogFilter query : plan.queries()) {
      end = cache.end(query, from, end);
    }
    return end - from + 1;
  }

  @Override
  public Stretch fetch(Plan plan, long from, long to) throws InterruptedException {
    return fetch(plan, from, to, "");
  }

  /** A second time elsewhere, if the first answer lacks logs; then block by block. */
  private Stretch fetch(Plan plan, long from, long to, String avoid) throws InterruptedException {
    String endpoint = "";
    List<LogColumns> pages = new ArrayList<>();
    List<Fetched> fetched = new ArrayList<>();
    long reached = to;
    for (LogFilter query : plan.queries()) {
      RawCache.Held held = cache.find(new LogQuery(query, from, reached), node);
      pages.addAll(held.logs());
      reached = held.reached();
      for (LogFilter missing : held.missing()) {
        LogPage page = node.logs(new LogQuery(missing, from, reached, avoid));
        pages.add(page.logs());
        reached = page.reached();
        endpoint = page.endpoint();
        fetched.add(new Fetched(missing, page));
      }
    }
    LogColumns logs = LogColumns.merged(pages);
    long end = reached;
    boolean lacks = !fetched.isEmpty() && lacks(plan, logs, from, end, endpoint);
    if (lacks && avoid.isEmpty()) {
      return fetch(plan, from, end, endpoint);
    }
    if (lacks) {
      List<NodeBlock> all = blocks(LongStream.rangeClosed(from, end).boxed().toList());
      logs = LogColumns.merged(List.of(logs, auditor.check(plan, logs, all, endpoint)));
    }
    NavigableMap<Long, Header> headers = headers(List.copyOf(wanted(logs, end)));
    if (!agree(logs, headers)) {
      findings.find(
          "logs name other blocks than the headers: from=%d to=%d endpoint=%s"
              .formatted(from, end, endpoint));
      cache.clear(); // at worst they are fetched again
      if (avoid.isEmpty()) {
        return fetch(plan, from, end, endpoint);
      }
    } else if (!lacks) {
      fetched.forEach(each -> each.keep(cache));
    }
    if (fields.transaction()) {
      recent.addBodies(node.transactions(transactions(logs)).values());
    }
    return new Stretch(from, end, plan, logs, headers, filter -> ask(filter, from, end));
  }

  private static boolean agree(LogColumns logs, NavigableMap<Long, Header> headers) {
    for (int log = 0; log < logs.size(); log++) {
      boolean first = log == 0 || logs.blockNumber(log) != logs.blockNumber(log - 1);
      Header header = first ? headers.get(logs.blockNumber(log)) : null;
      if (header != null && !header.hash().equals(logs.blockHash(log))) {
        return false;
      }
    }
    return true;
  }

  /**
   * Whether blooms of the range allow logs that did not come. A sample of ranges is looked at, and
   * each that has none where some twenty were to be expected: a node that has lost its index tells
   * just that.
   */
  private boolean lacks(Plan plan, LogColumns logs, long from, long to, String endpoint)
      throws InterruptedException {
    double blocks = to - from + 1;
    boolean suspicious = logs.isEmpty() && density * blocks >= EXPECTED;
    double before = density;
    density = before + (logs.size() / blocks - before) / 8;
    ThreadLocalRandom random = ThreadLocalRandom.current();
    if (findings.bloomsAreUseless() || (!suspicious && random.nextDouble() >= audited)) {
      return false;
    }
    List<Long> sample =
        blocks <= SAMPLE
            ? LongStream.rangeClosed(from, to).boxed().toList()
            : random.longs(SAMPLE, from, to + 1).sorted().distinct().boxed().toList();
    return !auditor.check(plan, logs, node.blocks(sample), endpoint).isEmpty();
  }

  /** The blocks whose headers are needed: where a batch may end, or of all events. */
  private SortedSet<Long> wanted(LogColumns logs, long end) {
    SortedSet<Long> wanted = new TreeSet<>();
    wanted.add(end);
    boolean timed = !logs.isEmpty() && logs.blockTime(0) != LogColumns.NO_TIME;
    int every = fields.header() && !timed ? 1 : cutEvery;
    for (int at = every - 1; at < logs.size() && logs.blockNumber(at) < end; at += every) {
      wanted.add(logs.blockNumber(at));
    }
    return wanted;
  }

  private static Set<Bytes32> transactions(LogColumns logs) {
    Set<Bytes32> hashes = new LinkedHashSet<>();
    for (int log = 0; log < logs.size(); log++) {
      hashes.add(logs.transactionHash(log));
    }
    return hashes;
  }

  private NavigableMap<Long, Header> headers(List<Long> numbers) throws InterruptedException {
    NavigableMap<Long, Header> headers = new TreeMap<>();
    for (NodeBlock block : blocks(numbers)) {
      headers.put(block.header().number(), block.header());
    }
    return headers;
  }

  private List<NodeBlock> blocks(List<Long> numbers) throws InterruptedException {
    List<NodeBlock> blocks = new ArrayList<>(numbers.size());
    for (int at = 0; at < numbers.size(); at += GROUP) {
      blocks.addAll(node.blocks(numbers.subList(at, Math.min(numbers.size(), at + GROUP))));
    }
    return blocks;
  }

  private LogColumns ask(LogFilter filter, long from, long to) throws InterruptedException {
    List<LogColumns> pages = new ArrayList<>();
    for (long next = from; next <= to; ) {
      RawCache.Held held = cache.find(new LogQuery(filter, next, to), node);
      pages.addAll(held.logs());
      for (LogFilter missing : held.missing()) {
        pages.add(whole(missing, next, held.reached()));
      }
      next = held.reached() + 1;
    }
    return LogColumns.merged(pages);
  }

  private LogColumns whole(LogFilter filter, long from, long to) throws InterruptedException {
    List<LogColumns> pages = new ArrayList<>();
    for (long next = from; next <= to; ) {
      LogPage page = node.logs(new LogQuery(filter, next, to));
      pages.add(page.logs());
      next = page.reached() + 1;
    }
    LogColumns logs = LogColumns.merged(pages);
    cache.keep(filter, from, to, logs);
    return logs;
  }
}
