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

/**
 * Fetches one range of final blocks: the logs, then the headers that will be needed. Many threads
 * at once.
 */
final class RangeFetch implements Ranges.Fetch {
  /** Headers that one call asks for. */
  private static final int GROUP = 500;

  private final Node node;
  private final Recent recent;
  private final Fields fields;
  private volatile int cutEvery = Integer.MAX_VALUE;

  RangeFetch(Node node, Recent recent, Fields fields) {
    this.node = node;
    this.recent = recent;
    this.fields = fields;
  }

  /** About how many logs a batch takes: the block at which one may end must be complete. */
  void cutEvery(int logs) {
    cutEvery = Math.max(1, logs);
  }

  @Override
  public long span(Plan plan, long from) {
    long span = Long.MAX_VALUE;
    for (LogFilter query : plan.queries()) {
      span = Math.min(span, node.span(new LogQuery(query, from, from)));
    }
    return span == Long.MAX_VALUE ? 10_000 : span;
  }

  @Override
  public Stretch fetch(Plan plan, long from, long to) throws InterruptedException {
    List<LogColumns> pages = new ArrayList<>();
    long reached = to;
    for (LogFilter query : plan.queries()) {
      LogPage page = node.logs(new LogQuery(query, from, reached));
      reached = page.reached();
      pages.add(page.logs());
    }
    LogColumns logs = LogColumns.merged(pages);
    long end = reached;
    NavigableMap<Long, Header> headers = headers(List.copyOf(wanted(logs, end)));
    if (fields.transaction()) {
      recent.addBodies(node.transactions(transactions(logs)).values());
    }
    return new Stretch(from, end, plan, logs, headers, (filter, first) -> ask(filter, first, end));
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
    for (int at = 0; at < numbers.size(); at += GROUP) {
      List<Long> group = numbers.subList(at, Math.min(numbers.size(), at + GROUP));
      for (NodeBlock block : node.blocks(group)) {
        headers.put(block.header().number(), block.header());
      }
    }
    return headers;
  }

  private LogColumns ask(LogFilter filter, long from, long to) throws InterruptedException {
    List<LogColumns> pages = new ArrayList<>();
    long next = from;
    while (next <= to) {
      LogPage page = node.logs(new LogQuery(filter, next, to));
      pages.add(page.logs());
      next = page.reached() + 1;
    }
    return LogColumns.merged(pages);
  }
}
