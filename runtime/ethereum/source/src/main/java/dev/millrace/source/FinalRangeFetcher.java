package dev.millrace.source;

import dev.millrace.evm.BlockHeader;
import dev.millrace.evm.LogFilter;
import dev.millrace.evm.RequestedFields;
import dev.millrace.loaders.Bytes32;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.rpc.ChainNode;
import dev.millrace.rpc.LogColumns;
import dev.millrace.rpc.LogPage;
import dev.millrace.rpc.LogQuery;
import dev.millrace.rpc.NodeBlockHeader;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Fetches one range of final blocks: the logs, then the headers that will be needed. Many threads
 * at once.
 *
 * <p>Logs from the cache and from endpoints alike have to name the blocks whose headers are
 * fetched, by hash and time; a share of ranges is compared with the blooms as well. On a mismatch
 * the files are deleted and other endpoints are asked, for as long as it takes: logs that are known
 * not to fit are never handed over.
 */
final class FinalRangeFetcher implements RangeScheduler.Fetch {
  /** Headers per call. */
  private static final int GROUP = 500;

  /** Limit of a range, so that the frontier also moves from time to time where nothing happens. */
  private static final long MAX_BLOCKS = 100_000;

  /** Number of blocks with logs up to which all headers of a range are fetched. */
  private static final int SPARSE = 16;

  /** Repetitions of a range whose logs do not fit headers that were fetched before. */
  private static final int MAX_MISFITS = 3;

  private static final String OTHER_BLOCKS = "logs name other blocks than the headers";

  private static final String LOGS_LACKING = "answer lacks logs that another answer has";

  private static final String ONE_INDEX = "answers have two logs of one index";

  private static final String LOGS_DENIED = "answer has logs that are not there";

  private final ChainNode node;
  private final FinalityChoice finality;
  private final RecentBlockCache recent;
  private final RequestedFields fields;
  private final RawCache cache;
  private final LogAuditStatistics findings;
  private final BloomLogAuditor auditor;
  private final DisputedLogs disputedLogs;
  private final AuditSample sample;
  private final Duration pause;
  private volatile String waitingFor = "";
  private volatile int cutEvery = Integer.MAX_VALUE;

  FinalRangeFetcher(ChainSource source, RequestedFields fields) {
    this.finality = source.finality();
    this.node = source.node();
    this.recent = source.recent();
    this.cache = source.cache();
    this.fields = fields;
    this.findings = source.findings();
    this.auditor = BloomLogAuditor.thorough(node, findings);
    this.disputedLogs = new DisputedLogs(node, findings);
    this.sample = new AuditSample(source.request().reading().auditRatio());
    this.pause = source.request().reading().poll();
  }

  /**
   * Sets the approximate number of logs per batch: the block at which a batch may end needs a
   * header.
   */
  void cutEvery(int logs) {
    cutEvery = Math.max(1, logs);
  }

  @Override
  public long span(LogQueryPlan plan, long from) {
    long span = MAX_BLOCKS;
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
  public FetchedRange fetch(LogQueryPlan plan, long from, long to) throws InterruptedException {
    return fetch(plan, from, to, true);
  }

  /**
   * Fetches the logs of a plan in a range.
   *
   * @param isWhole true if the plan asks for all wanted logs, so that their number shows how many
   *     the next ranges should have
   */
  private FetchedRange fetch(LogQueryPlan plan, long from, long to, boolean isWhole)
      throws InterruptedException {
    Set<String> avoid = Set.of();
    boolean isLacking = false;
    boolean isDenied = false;
    for (int misfits = 0; ; ) {
      GatheredRangeLogs gathered = gather(plan.queries(), from, to, avoid);
      LogColumns logs = gathered.logs();
      long end = gathered.reached();
      NavigableMap<Long, NodeBlockHeader> blocks = blocks(wanted(logs, from, gathered));
      if (!cache.prove(gathered.used(), end, blocks, node)) {
        continue; // those files are not used again
      }
      boolean isSampled =
          !isLacking
              && sample.includes(logs, end - from + 1, isWhole)
              && !findings.bloomsAreUseless();
      if (isSampled || isLacking) {
        List<Long> compared = isLacking ? AuditSample.all(from, end) : sample.blocks(from, end);
        blocks.putAll(blocks(compared));
      }
      HeaderCheck fit = HeaderCheck.of(logs, blocks).and(gathered.check(blocks));
      if (fit == HeaderCheck.OTHER_TIMES && misfits > 0) {
        logs = LogSelection.withoutTimes(logs); // handlers read times from the headers
        gathered.fetched().clear();
      } else if (fit != HeaderCheck.FITS) {
        avoid = refuse(OTHER_BLOCKS, gathered, gathered.endpoint(), from, misfits++);
        continue;
      }
      LogColumns missing = LogColumns.EMPTY;
      try {
        DisputedLogs.ResolvedRange resolved =
            disputedLogs.resolve(gathered.answers(), blocks.values());
        blocks.putAll(resolved.blocks());
        if (!resolved.refuted().isEmpty()) {
          if (!isDenied) {
            isDenied = true;
            avoid = refuse(LOGS_DENIED, gathered, resolved.endpoint(), from, misfits++);
            continue;
          }
          logs = resolved.corrected(logs);
          cache.refuse(gathered.used());
          gathered.fetched().clear(); // none of these pages is right
        }
        if (logs.firstClash() >= 0) {
          avoid = refuse(ONE_INDEX, gathered, gathered.endpoint(), from, misfits++);
          continue;
        }
        Optional<LogQueryAnswer> refuted = gathered.refuted(logs);
        if (refuted.isPresent()) {
          avoid = refuse(LOGS_LACKING, gathered, refuted.get().endpoint(), from, misfits++);
          continue;
        }
        if (isSampled || isLacking) {
          missing = auditor.check(plan, logs, blocks.values(), gathered.endpoint());
        }
      } catch (MillraceException gone) {
        if (gone.remedy() != Remedy.REWIND) {
          throw gone;
        }
        // No endpoint has the block of that header.
        avoid = refuse(OTHER_BLOCKS, gathered, gathered.endpoint(), from, misfits++);
        continue;
      }
      if (!missing.isEmpty()) {
        cache.refuse(gathered.used());
        avoid = gathered.avoiding(gathered.endpoint(), node.status());
        if (!isLacking) {
          isLacking = true;
          continue;
        }
        logs = LogColumns.merged(List.of(logs, missing));
        if (logs.firstClash() >= 0) {
          avoid = refuse(ONE_INDEX, gathered, gathered.endpoint(), from, misfits++);
          continue;
        }
        gathered.fetched().clear(); // none of these pages is whole
      }
      List<RawCacheSegment> files = keep(gathered, from, blocks);
      if (fields.transaction()) {
        recent.addBodies(node.transactions(transactions(logs)).values());
      }
      waitingFor = "";
      NavigableMap<Long, BlockHeader> headers = headers(blocks, end);
      List<NodeBlockHeader> compared =
          isSampled || isLacking ? List.copyOf(blocks.values()) : List.of();
      return new FetchedRange(
          from, end, plan, logs, headers, new RangeRefetch(from, headers, compared, files));
    }
  }

  /** Drops wrong logs and returns the endpoints to avoid. */
  private Set<String> refuse(
      String why, GatheredRangeLogs gathered, String endpoint, long from, int misfits)
      throws InterruptedException {
    cache.refuse(gathered.used());
    node.reprove(); // the endpoint may lead to another chain by now
    String what =
        "%s: from=%d to=%d endpoint=%s".formatted(why, from, gathered.reached(), endpoint);
    if (misfits == 0) {
      findings.find(what);
    } else {
      waitingFor = what; // every endpoint has been asked
      node.pause(pause);
    }
    return gathered.avoiding(endpoint, node.status());
  }

  /**
   * Returns the reason why a range is asked for repeatedly, in words for people; empty if none is.
   */
  String waitingFor() {
    return waitingFor;
  }

  private GatheredRangeLogs gather(List<LogFilter> queries, long from, long to, Set<String> avoid)
      throws InterruptedException {
    List<LogQueryAnswer> answers = new ArrayList<>();
    List<RawCacheSegment> used = new ArrayList<>();
    List<GatheredRangeLogs.Fetched> fetched = new ArrayList<>();
    long reached = to;
    for (LogFilter query : queries) {
      RawCache.CachedPart held = cache.find(new LogQuery(query, from, reached));
      List<LogColumns> pages = new ArrayList<>(held.logs());
      String endpoint = "";
      used.addAll(held.used());
      reached = held.reached();
      for (LogFilter missing : held.missing()) {
        LogPage page = node.logs(new LogQuery(missing, from, reached, avoid));
        pages.add(page.logs());
        reached = page.reached();
        fetched.add(new GatheredRangeLogs.Fetched(missing, page));
        endpoint = page.endpoint();
      }
      answers.add(new LogQueryAnswer(query, pages, endpoint));
    }
    return new GatheredRangeLogs(reached, answers, used, fetched, avoid);
  }

  /** Writes the fetched logs to files; returns these files and those that were used. */
  private List<RawCacheSegment> keep(
      GatheredRangeLogs gathered, long from, NavigableMap<Long, NodeBlockHeader> blocks) {
    List<RawCacheSegment> files = new ArrayList<>(gathered.used());
    for (GatheredRangeLogs.Fetched each : gathered.fetched()) {
      long to = each.page().reached();
      NodeBlockHeader last = blocks.get(to);
      if (last != null) {
        cache
            .keep(each.filter(), from, to, last.header().hash(), each.page().logs())
            .ifPresent(files::add);
      }
    }
    return files;
  }

  /**
   * Returns the blocks whose headers are needed: the first, which names the one before it; the
   * blocks where a batch or a file may end; and blocks with logs. The latter are all included if
   * few blocks hold logs, or if handlers read the time and the logs lack it.
   */
  private List<Long> wanted(LogColumns logs, long from, GatheredRangeLogs gathered) {
    long end = gathered.reached();
    NavigableSet<Long> wanted = new TreeSet<>();
    wanted.add(from);
    wanted.add(end);
    gathered.ends().forEach(wanted::add);
    boolean timed = !logs.isEmpty() && logs.blockTime(0) != LogColumns.NO_TIME;
    boolean each = (fields.header() && !timed) || logs.blocks() <= SPARSE;
    int every = each ? 1 : cutEvery;
    int count = 0;
    long bytes = 0;
    for (int at = 0; at < logs.size() && logs.blockNumber(at) < end; at++) {
      bytes += logs.length(at);
      if (++count == every || bytes > DecodedBlocks.MAX_PIECE_BYTES) {
        wanted.add(logs.blockNumber(at));
        count = 0;
        bytes = 0;
      }
    }
    if (!logs.isEmpty() && !findings.bloomsAreProven()) {
      wanted.add(logs.blockNumber(0));
    }
    return List.copyOf(wanted);
  }

  private static Set<Bytes32> transactions(LogColumns logs) {
    Set<Bytes32> hashes = new LinkedHashSet<>();
    for (int log = 0; log < logs.size(); log++) {
      hashes.add(logs.transactionHash(log));
    }
    return hashes;
  }

  private static NavigableMap<Long, BlockHeader> headers(
      NavigableMap<Long, NodeBlockHeader> blocks, long end) {
    NavigableMap<Long, BlockHeader> headers = new TreeMap<>();
    blocks.headMap(end, true).forEach((number, block) -> headers.put(number, block.header()));
    return headers;
  }

  private NavigableMap<Long, NodeBlockHeader> blocks(List<Long> numbers)
      throws InterruptedException {
    NavigableMap<Long, NodeBlockHeader> blocks = new TreeMap<>();
    for (int at = 0; at < numbers.size(); at += GROUP) {
      List<Long> group = numbers.subList(at, Math.min(numbers.size(), at + GROUP));
      for (NodeBlockHeader block :
          node.finalBlocks(group, finality.checked(), FinalityChoice.PATIENCE)) {
        blocks.put(block.header().number(), block);
      }
    }
    return blocks;
  }

  /** Asks a range again for the logs of contracts that its blocks have created. */
  private final class RangeRefetch implements FetchedRange.Refetch {
    private final long from;
    private final NavigableMap<Long, BlockHeader> headers;
    private final List<NodeBlockHeader> compared;
    private final List<RawCacheSegment> files;

    /**
     * @param compared the blocks whose blooms the logs of the range were compared with
     * @param files the files that hold logs of the range; those of later requests are added
     */
    RangeRefetch(
        long from,
        NavigableMap<Long, BlockHeader> headers,
        List<NodeBlockHeader> compared,
        List<RawCacheSegment> files) {
      this.from = from;
      this.headers = headers;
      this.compared = compared;
      this.files = files;
    }

    @Override
    public LogColumns ask(LogFilter filter) throws InterruptedException {
      return FinalRangeFetcher.this.ask(filter, from, headers, files);
    }

    @Override
    public MillraceException refused(String why) {
      cache.refuse(files);
      return new MillraceException(Remedy.RESTART, why);
    }

    @Override
    public LogColumns missing(LogFilter filter, LogColumns atHand) throws InterruptedException {
      if (compared.isEmpty()) {
        return LogColumns.EMPTY;
      }
      LogColumns missing = auditor.check(LogQueryPlan.of(filter), atHand, compared, "");
      if (!missing.isEmpty()) {
        cache.refuse(files);
      }
      return missing;
    }
  }

  /** Returns all logs of a filter in a range that has been fetched, and adds their files. */
  private LogColumns ask(
      LogFilter filter,
      long from,
      NavigableMap<Long, BlockHeader> headers,
      List<RawCacheSegment> files)
      throws InterruptedException {
    LogQueryPlan plan = LogQueryPlan.of(filter);
    long to = headers.lastKey();
    List<LogColumns> pages = new ArrayList<>();
    int misfits = 0;
    for (long next = from; next <= to; ) {
      FetchedRange part = fetch(plan, next, to, false);
      HeaderCheck fit = HeaderCheck.ofHeaders(part.logs(), headers);
      if (fit == HeaderCheck.OTHER_BLOCKS && misfits++ < MAX_MISFITS) {
        node.pause(pause);
        continue;
      }
      pages.add(part.logs());
      if (part.refetch() instanceof RangeRefetch asked) {
        files.addAll(asked.files);
      }
      next = part.lastBlock() + 1;
    }
    return LogColumns.merged(pages);
  }
}
