package dev.millrace.source;

import dev.millrace.evm.BlockHeader;
import dev.millrace.evm.LogFilter;
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
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Settles contradictions between logs and the bloom of their block: the logs are not there, or the
 * header is wrong, or blooms of this chain prove nothing. Many threads at once.
 *
 * <p>The logs and the header are asked for again, of another endpoint if there is one. Logs that a
 * second endpoint has too count as present, as do logs that the only endpoint repeats. Logs that
 * another answer lacks are looked for in the receipts, and dropped if the receipts lack them too.
 * Blooms are given up by {@link LogAuditStatistics} only after contradictions in several blocks
 * that no header of another endpoint resolves: a single header may be wrong.
 */
final class DisputedLogs {
  private static final Duration PAUSE = Duration.ofSeconds(1);

  /**
   * Pauses in which another endpoint may come to have the block, before the one that has it is
   * believed alone: longer than a lag, and short enough for an endpoint that never answers.
   */
  private static final int MAX_PAUSES = 60;

  /** Pauses while it is not known that blooms hold the logs of their blocks. */
  private static final int MAX_PAUSES_UNPROVEN = 10;

  /** Pauses for a bloom without bits: on some chains all blooms are so. */
  private static final int MAX_PAUSES_ZERO = 2;

  private static final LogFilter ALL = new LogFilter(List.of(), List.of());

  private final ChainNode node;
  private final LogAuditStatistics findings;

  DisputedLogs(ChainNode node, LogAuditStatistics findings) {
    this.node = node;
    this.findings = findings;
  }

  /**
   * A block and the answer about it that counts: the two agree, or no endpoint resolves their
   * contradiction.
   *
   * @param block with the bloom of another endpoint if the first one was wrong
   * @param answer another one if the first one had logs that are not there
   */
  record Resolved(NodeBlockHeader block, LogQueryAnswer answer) {}

  /**
   * The result for the answers about a range.
   *
   * @param blocks the blocks with other blooms than before
   * @param refuted the answers of which some logs are not there, and those that replace them, per
   *     block
   */
  record ResolvedRange(Map<Long, NodeBlockHeader> blocks, List<Refuted> refuted) {
    /**
     * Returns the logs without the refuted ones, and with the logs of the answers that replace
     * them.
     */
    LogColumns corrected(LogColumns logs) {
      List<LogColumns> pages = new ArrayList<>();
      Set<LogIdentity> gone = new HashSet<>();
      for (Refuted each : refuted) {
        LogColumns better = each.better().logs();
        gone.addAll(LogIdentity.of(each.part()));
        gone.removeAll(LogIdentity.of(better));
        pages.add(better);
      }
      List<LogIdentity> all = LogIdentity.of(logs);
      pages.addFirst(LogSelection.of(logs, log -> !gone.contains(all.get(log))));
      return LogColumns.merged(pages);
    }

    /** Returns the endpoint whose answer has logs that are not there; empty if unknown. */
    String endpoint() {
      return refuted.getFirst().endpoint();
    }
  }

  /**
   * An answer with logs that are not there.
   *
   * @param part its logs of one block
   * @param better the answer that counts
   */
  record Refuted(LogColumns part, String endpoint, LogQueryAnswer better) {}

  /** Settles what the answers about a range say of these blocks. */
  ResolvedRange resolve(List<LogQueryAnswer> answers, Collection<NodeBlockHeader> blocks)
      throws InterruptedException {
    Map<Long, NodeBlockHeader> named = new TreeMap<>();
    List<Refuted> refuted = new ArrayList<>();
    Map<Long, NodeBlockHeader> known = new TreeMap<>();
    blocks.forEach(block -> known.put(block.header().number(), block));
    for (LogQueryAnswer answer : answers) {
      LogColumns logs = answer.logs();
      for (int from = 0, to; from < logs.size(); from = to) {
        to = endOfBlock(logs, from);
        NodeBlockHeader block = known.get(logs.blockNumber(from));
        if (block == null || !isDenied(block, logs, from, to)) {
          continue;
        }
        LogColumns part = part(logs, from, to);
        LogQueryAnswer current =
            new LogQueryAnswer(answer.query(), List.of(part), answer.endpoint());
        Resolved resolved = resolve(block, current);
        if (!resolved.block().equals(block)) {
          known.put(block.header().number(), resolved.block());
          named.put(block.header().number(), resolved.block());
        }
        if (!resolved.answer().equals(current)) {
          refuted.add(new Refuted(part, answer.endpoint(), resolved.answer()));
        }
      }
    }
    return new ResolvedRange(named, refuted);
  }

  /**
   * Settles one answer about one block.
   *
   * @param answer the logs of the block alone
   */
  Resolved resolve(NodeBlockHeader block, LogQueryAnswer answer) throws InterruptedException {
    NodeBlockHeader named = block;
    LogQueryAnswer current = answer;
    while (true) {
      LogColumns logs = current.logs();
      if (logs.isEmpty() || !isDenied(named, logs, 0, logs.size())) {
        return new Resolved(named, current);
      }
      Dispute dispute = new Dispute(named, current, denied(named.bloom(), logs));
      LogQueryAnswer better = dispute.betterAnswer();
      named = dispute.named;
      if (better == null) {
        return new Resolved(named, current);
      }
      findings.find(
          "logs are not there, as the bloom and other answers say: block=%d logs=%d endpoint=%s"
              .formatted(named.header().number(), dispute.denied.size(), current.endpoint()));
      current = better;
    }
  }

  /** True if the bloom denies one of the logs; records what the logs say about the bloom. */
  private boolean isDenied(NodeBlockHeader block, LogColumns logs, int from, int to) {
    LogsBloom bloom = block.bloom();
    if (findings.bloomsAreUseless()) {
      return false;
    }
    if (bloom.isMissing() || (bloom.isEmpty() && findings.zerosSayNothing())) {
      findings.bloomIsMissing(block.header().number());
      return false;
    }
    for (int log = from; log < to; log++) {
      if (denies(bloom, logs, log)) {
        return true;
      }
    }
    findings.bloomHolds();
    return false;
  }

  private static boolean denies(LogsBloom bloom, LogColumns logs, int log) {
    return !bloom.mayContain(logs.contract(log))
        || IntStream.range(0, logs.topics(log))
            .anyMatch(topic -> !bloom.mayContain(logs.topic(log, topic)));
  }

  private static LogColumns denied(LogsBloom bloom, LogColumns logs) {
    return LogSelection.of(logs, log -> denies(bloom, logs, log));
  }

  private static int endOfBlock(LogColumns logs, int from) {
    int to = from + 1;
    while (to < logs.size() && logs.blockNumber(to) == logs.blockNumber(from)) {
      to++;
    }
    return to;
  }

  private static LogColumns part(LogColumns logs, int from, int to) {
    return LogSelection.of(logs, log -> log >= from && log < to);
  }

  /** One contradiction, and the answers since. Confined to one thread. */
  private final class Dispute {
    private final BlockHeader header;
    private final LogFilter filter;
    private final LogColumns denied;
    private final Set<LogIdentity> identities;

    /** The endpoints that have the denied logs. */
    private final Set<String> having = new HashSet<>();

    private NodeBlockHeader named;

    Dispute(NodeBlockHeader block, LogQueryAnswer current, LogColumns denied) {
      this.header = block.header();
      this.filter = current.query();
      this.named = block;
      this.denied = denied;
      this.identities = Set.copyOf(LogIdentity.of(denied));
      if (!current.endpoint().isEmpty()) {
        having.add(current.endpoint());
      }
    }

    /**
     * Asks until the logs are known to be there or not.
     *
     * @return the answer that counts instead; null if the logs are there
     */
    @Nullable LogQueryAnswer betterAnswer() throws InterruptedException {
      String what =
          "logs that the bloom of their block denies: block=%d logs=%d endpoint=%s"
              .formatted(header.number(), denied.size(), String.join(",", having));
      try (PendingCallTracker.Call _ = findings.disputes().begin(what)) {
        return askUntilResolved();
      }
    }

    private @Nullable LogQueryAnswer askUntilResolved() throws InterruptedException {
      boolean isLacking = false;
      for (int pauses = 0; ; pauses++) {
        LogPage page = node.logsOf(header.hash(), query(filter, having));
        boolean isAnother = !having.isEmpty() && !having.contains(page.endpoint());
        boolean isHeld = isHeldBy(page.end());
        if (holds(page.logs()) || (isAnother && isHeld)) {
          having.add(page.endpoint());
          // A bloom without bits is weaker evidence than the header of the endpoint with the logs.
          boolean isOutweighed = isHeld && named.bloom().isEmpty();
          if (isAnother || isAlone() || isOutweighed) {
            confirm(page);
            return null;
          }
          boolean isLast = pauses >= maxPauses();
          Optional<LogPage> receipts = pauses == 0 || isLast ? receipts() : Optional.empty();
          if (receipts.isPresent() && !holds(receipts.get().logs())) {
            return answer(receipts.get());
          }
          if (isLast) {
            confirm(page);
            return null;
          }
        } else {
          Optional<LogPage> receipts = receipts();
          if (receipts.isPresent() && !holds(receipts.get().logs())) {
            return answer(receipts.get());
          }
          boolean isThere = receipts.isPresent() && !having.contains(receipts.get().endpoint());
          if (isThere || !isReliable()) {
            confirm(page);
            return null;
          }
          if (isLacking) {
            return answer(page); // no receipts, and it is not an index that was late
          }
          isLacking = true;
        }
        node.pause(PAUSE);
      }
    }

    private LogQueryAnswer answer(LogPage page) {
      return new LogQueryAnswer(filter, List.of(page.logs()), page.endpoint());
    }

    private LogQuery query(LogFilter asked, Set<String> avoid) {
      return new LogQuery(asked, header.number(), header.number(), avoid);
    }

    private boolean isAlone() {
      return node.status().endpoints().size() < 2;
    }

    private int maxPauses() {
      if (findings.bloomsAreProven()) {
        return MAX_PAUSES;
      }
      return named.bloom().isEmpty() ? MAX_PAUSES_ZERO : MAX_PAUSES_UNPROVEN;
    }

    private boolean holds(LogColumns logs) {
      return Set.copyOf(LogIdentity.of(logs)).containsAll(identities);
    }

    /** True if the header of this block that an endpoint has does not deny the logs. */
    private boolean isHeldBy(@Nullable NodeBlockHeader block) {
      return block != null
          && block.header().hash().equals(header.hash())
          && !block.bloom().isEmpty()
          && denied(block.bloom(), denied).isEmpty();
    }

    private Optional<LogPage> receipts() throws InterruptedException {
      try {
        return Optional.of(node.receiptLogs(header.hash(), query(filter, having)));
      } catch (MillraceException refused) {
        if (refused.remedy() == Remedy.REWIND) {
          throw refused;
        }
        return Optional.empty();
      }
    }

    /**
     * True if blooms of this chain hold the logs of their blocks. If that is not known yet, fetches
     * all logs of this block to find out.
     */
    private boolean isReliable() throws InterruptedException {
      if (findings.bloomsAreProven() || named.bloom().isEmpty()) {
        return findings.bloomsAreProven();
      }
      try {
        LogColumns all = node.logsOf(header.hash(), query(ALL, having)).logs();
        if (!all.isEmpty() && denied(named.bloom(), all).isEmpty()) {
          findings.bloomHolds();
        }
      } catch (MillraceException refused) {
        if (refused.remedy() == Remedy.REWIND) {
          throw refused;
        }
      }
      return findings.bloomsAreProven();
    }

    /**
     * Finds a header whose bloom allows the logs, which are there; records if no endpoint has such
     * a header.
     */
    private void confirm(LogPage page) throws InterruptedException {
      NodeBlockHeader end = page.end();
      if (!isHeldBy(end) && !named.bloom().isEmpty() && !isAlone()) {
        end = node.logsOf(header.hash(), query(filter, Set.of(page.endpoint()))).end();
      }
      if (end != null && isHeldBy(end)) {
        findings.find("header has the bloom of another block: block=" + header.number());
        named = end;
      } else if (named.bloom().isEmpty()) {
        findings.zerosDeny(header.number());
      } else {
        findings.recordBloomMismatch(header.number());
      }
    }
  }
}
