package dev.millrace.source;

import dev.millrace.evm.BlockHeader;
import dev.millrace.evm.LogFilter;
import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes32;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.PendingCallTracker;
import dev.millrace.rpc.ChainNode;
import dev.millrace.rpc.LogColumns;
import dev.millrace.rpc.LogPage;
import dev.millrace.rpc.LogQuery;
import dev.millrace.rpc.LogsBloom;
import dev.millrace.rpc.NodeBlockHeader;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Checks logs against the blooms of their blocks. If a bloom allows logs of a filter and none came,
 * the block is asked for them again by its hash, elsewhere if possible, and then for its receipts.
 * A bloom without a single bit says nothing: it may belong to a block without logs, or to a node
 * that keeps no blooms. Many threads at once.
 *
 * <p>Near the head each address of a filter is checked, and each topic of which the block brought
 * no log at all; a {@link #thorough} auditor, used for samples of history, checks each topic of
 * each address. Neither notices a missing log in a block that brought another log of the same
 * address and topic, unless that came in another answer: only receipts would show it.
 */
final class BloomLogAuditor {
  /** Repetitions of a query whose answers lack logs, before receipts are asked for. */
  private static final int MAX_REPEATS = 3;

  private static final Duration PAUSE = Duration.ofSeconds(1);

  private final ChainNode node;
  private final LogAuditStatistics findings;
  private final DisputedLogs disputedLogs;
  private final boolean isThorough;
  private final AtomicBoolean proving = new AtomicBoolean();

  private record Pair(Address contract, Bytes32 topic) {}

  private BloomLogAuditor(ChainNode node, LogAuditStatistics findings, boolean isThorough) {
    this.node = node;
    this.findings = findings;
    this.disputedLogs = new DisputedLogs(node, findings);
    this.isThorough = isThorough;
  }

  BloomLogAuditor(ChainNode node, LogAuditStatistics findings) {
    this(node, findings, false);
  }

  /** Creates an auditor that checks each topic of each address. */
  static BloomLogAuditor thorough(ChainNode node, LogAuditStatistics findings) {
    return new BloomLogAuditor(node, findings, true);
  }

  /**
   * Fetches all logs of a block, of any contract, to find out whether the blooms of this chain can
   * be believed; does nothing once that is known. Only one thread at a time does so, and no thread
   * after a node has refused.
   */
  void proveBlooms(NodeBlockHeader block) throws InterruptedException {
    boolean isOpen = !findings.bloomsAreProven() && !findings.bloomsAreUseless();
    if (!isOpen || block.bloom().isEmpty() || !proving.compareAndSet(false, true)) {
      return;
    }
    try {
      long number = block.header().number();
      LogQuery all = new LogQuery(new LogFilter(List.of(), List.of()), number, number);
      resolved(block, node.logsOf(block.header().hash(), all), all.filter());
      proving.set(false);
    } catch (MillraceException refused) {
      if (refused.remedy() == Remedy.REWIND) {
        proving.set(false);
        throw refused;
      }
    }
  }

  /**
   * Checks blocks whose logs have been fetched, and do not contradict their blooms.
   *
   * @param endpoint the source of the logs; empty if unknown
   * @return the logs that were missing
   */
  LogColumns check(
      LogQueryPlan plan, LogColumns logs, Collection<NodeBlockHeader> blocks, String endpoint)
      throws InterruptedException {
    Map<Long, int[]> spans = new HashMap<>();
    for (int log = 0; log < logs.size(); log++) {
      int at = log;
      spans.computeIfAbsent(logs.blockNumber(log), _ -> new int[] {at, at})[1] = log + 1;
    }
    List<LogColumns> missing = new ArrayList<>();
    for (NodeBlockHeader block : blocks) {
      LogsBloom bloom = block.bloom();
      boolean says = bloom.isEmpty() ? findings.bloomsAreProven() : !findings.bloomsAreUseless();
      if (!says) {
        findings.unproven();
      } else if (!plan.mayMatch(bloom)) {
        findings.ruledOut();
      } else {
        int[] part = spans.getOrDefault(block.header().number(), new int[] {0, 0});
        List<LogFilter> silent = silent(plan, bloom, logs, part[0], part[1]);
        if (silent.isEmpty()) {
          findings.confirmed();
        } else {
          missing.add(again(block, plan, silent, part(logs, part), endpoint));
        }
      }
    }
    return LogColumns.merged(missing);
  }

  /** Returns the wanted filters that the bloom allows and that no log matches. */
  private List<LogFilter> silent(
      LogQueryPlan plan, LogsBloom bloom, LogColumns logs, int from, int to) {
    if (!isThorough && from < to && bloom.allowsMuch()) {
      return List.of(); // the filter would name half of all addresses
    }
    Set<Address> contracts = new HashSet<>();
    Set<Bytes32> topics = new HashSet<>();
    Set<Pair> pairs = new HashSet<>();
    for (int log = from; log < to; log++) {
      contracts.add(logs.contract(log));
      if (logs.topics(log) > 0) {
        topics.add(logs.topic(log, 0));
        pairs.add(new Pair(logs.contract(log), logs.topic(log, 0)));
      }
    }
    List<LogFilter> silent = new ArrayList<>();
    for (LogFilter filter : plan.wanted()) {
      List<Bytes32> allowed = filter.topics().stream().filter(bloom::mayContain).toList();
      if (allowed.isEmpty() && !filter.topics().isEmpty()) {
        continue;
      }
      if (filter.addresses().isEmpty()) {
        List<Bytes32> rest = allowed.stream().filter(topic -> !topics.contains(topic)).toList();
        if (!rest.isEmpty() || (filter.topics().isEmpty() && contracts.isEmpty())) {
          silent.add(new LogFilter(List.of(), rest));
        }
        continue;
      }
      Set<Bytes32> rest = new HashSet<>();
      List<Address> who = new ArrayList<>();
      for (Address address : filter.addresses()) {
        List<Bytes32> unheard =
            allowed.stream().filter(topic -> !pairs.contains(new Pair(address, topic))).toList();
        boolean isSilent =
            filter.topics().isEmpty()
                ? !contracts.contains(address)
                : isThorough
                    ? !unheard.isEmpty()
                    : unheard.size() == allowed.size() || !topics.containsAll(unheard);
        if (isSilent && bloom.mayContain(address)) {
          who.add(address);
          rest.addAll(unheard);
        }
      }
      if (!who.isEmpty()) {
        silent.addAll(LogQueryPlan.inChunks(who, rest));
      }
    }
    return silent;
  }

  /**
   * Asks again for the logs of a block of which an answer lacks some, elsewhere if possible, and
   * then for the receipts; where no endpoint has these, again and again with pauses.
   *
   * @param known the logs of the block that all answers have brought
   */
  LogColumns complete(NodeBlockHeader block, LogQueryAnswer refuted, LogColumns known)
      throws InterruptedException {
    String what =
        "logs that an answer lacks and another one has: block=%d endpoint=%s"
            .formatted(block.header().number(), refuted.endpoint());
    try (PendingCallTracker.Call _ = findings.disputes().begin(what)) {
      return askForRest(block, refuted, known);
    }
  }

  private LogColumns askForRest(NodeBlockHeader block, LogQueryAnswer refuted, LogColumns known)
      throws InterruptedException {
    BlockHeader header = block.header();
    long number = header.number();
    LogQueryAnswer answer = refuted;
    for (int asked = 0; answer.isRefuted(known, number); asked++) {
      if (asked == MAX_REPEATS) {
        asked = 0;
        try {
          LogQuery query = new LogQuery(answer.query(), number, number).avoiding(answer.endpoint());
          return resolved(block, node.receiptLogs(header.hash(), query), query.filter()).logs();
        } catch (MillraceException refused) {
          if (refused.remedy() == Remedy.REWIND) {
            throw refused;
          }
          node.pause(PAUSE); // no endpoint has receipts: its index may be late
        }
      }
      findings.find(
          "answer lacks logs that another answer has: block=%d endpoint=%s"
              .formatted(number, answer.endpoint()));
      LogQuery query = new LogQuery(answer.query(), number, number).avoiding(answer.endpoint());
      answer = resolved(block, node.logsOf(header.hash(), query), answer.query());
    }
    return answer.logs();
  }

  /** Returns the answer that counts where the bloom denies some logs of a page. */
  private LogQueryAnswer resolved(NodeBlockHeader block, LogPage page, LogFilter query)
      throws InterruptedException {
    LogQueryAnswer answer = new LogQueryAnswer(query, List.of(page.logs()), page.endpoint());
    return disputedLogs.resolve(block, answer).answer();
  }

  private static LogColumns part(LogColumns logs, int[] range) {
    return LogSelection.of(logs, log -> log >= range[0] && log < range[1]);
  }

  /**
   * Asks for logs of a block that seem to be missing, elsewhere if possible, and for receipts as
   * long as some seem to be: a second answer may lack less than the first, and still some.
   *
   * @param delivered the logs of the block
   */
  private LogColumns again(
      NodeBlockHeader block,
      LogQueryPlan plan,
      List<LogFilter> silent,
      LogColumns delivered,
      String endpoint)
      throws InterruptedException {
    BlockHeader header = block.header();
    long number = header.number();
    LogColumns all = delivered;
    for (LogFilter filter : plan.again(silent)) {
      LogQuery query = new LogQuery(filter, number, number).avoiding(endpoint);
      LogPage page = node.logsOf(header.hash(), query);
      all = LogColumns.merged(List.of(all, resolved(block, page, filter).logs()));
    }
    for (LogFilter filter : plan.again(silent(plan, block.bloom(), all, 0, all.size()))) {
      LogQuery query = new LogQuery(filter, number, number).avoiding(endpoint);
      try {
        LogPage page = node.receiptLogs(header.hash(), query);
        all = LogColumns.merged(List.of(all, resolved(block, page, filter).logs()));
      } catch (MillraceException refused) {
        if (refused.remedy() == Remedy.REWIND) {
          throw refused;
        }
        break; // no endpoint has receipts, so two answers have to do
      }
    }
    Set<LogIdentity> known = Set.copyOf(LogIdentity.of(delivered));
    List<LogIdentity> found = LogIdentity.of(all);
    LogColumns logs = LogSelection.of(all, log -> !known.contains(found.get(log)));
    if (logs.isEmpty()) {
      findings.falsePositive();
    } else {
      findings.missing(number, logs.size(), endpoint);
    }
    return logs;
  }
}
