package dev.millrace.source;

import dev.millrace.evm.BlockDataSource;
import dev.millrace.evm.BlockHeader;
import dev.millrace.evm.LogFilter;
import dev.millrace.evm.LogRouter;
import dev.millrace.evm.SourceRequest;
import dev.millrace.loaders.Bytes32;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.Source;
import dev.millrace.rpc.ChainNode;
import dev.millrace.rpc.HeadSurvey;
import dev.millrace.rpc.LogColumns;
import dev.millrace.rpc.LogPage;
import dev.millrace.rpc.LogQuery;
import dev.millrace.rpc.NodeBlockHeader;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * Compares the logs that nodes return for a range of blocks with the headers. Each header names the
 * one before it, and each log names its block. If the bloom of a block allows an asked topic of an
 * asked address and no such log came, the block is asked again, and its receipts.
 *
 * <p>This proves that no address and topic was left out as a whole in any block. Blooms cannot show
 * that some of several logs of one address and topic in one block are missing.
 */
public final class RangeLogAudit implements AutoCloseable {
  private static final int GROUP = 200;

  /** Longest wait for the heads of the endpoints, if none that answers has the last block. */
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private final SourceRequest request;
  private final ChainNode node;
  private final LogQueryPlan plan;
  private final LogAuditStatistics findings;
  private final BloomLogAuditor auditor;
  private volatile boolean isSurveying;
  private long logs;

  /**
   * Results so far.
   *
   * @param to the last block that has been checked
   * @param blocks number of checked blocks
   * @param logs number of logs that the node returned for them
   * @param unproven blocks of which nothing can be said, since blooms are not kept
   * @param positive blocks whose bloom allows a log of ours
   * @param confirmed positive blocks for which all logs came that the bloom allows
   * @param falsePositive positive blocks without such a log, as a second answer or the receipts
   *     show
   * @param bloomsAreUsable true if blooms of this chain hold the logs of their blocks
   * @param findings mismatches, in words
   */
  public record Proof(
      long to,
      long blocks,
      long logs,
      long unproven,
      long positive,
      long confirmed,
      long falsePositive,
      boolean bloomsAreUsable,
      List<String> findings) {}

  private RangeLogAudit(
      SourceRequest request, List<Source.DiscoveredContract> found, ChainNode node) {
    this.request = request;
    this.node = node;
    this.plan =
        LogQueryPlan.of(
            LogRouter.of(request, BlockDataSource.NONE, found).filters(),
            0,
            LogQueryPlan.MAX_ADDRESSES);
    this.findings = new LogAuditStatistics(request.chain(), Optional.empty(), System::nanoTime);
    this.auditor = BloomLogAuditor.thorough(node, findings);
  }

  /** Opens an audit of the contracts of a configuration only, without discovered ones. */
  public static RangeLogAudit open(SourceRequest request) {
    return new RangeLogAudit(request, List.of(), ChainSource.node(request));
  }

  /**
   * Checks a range of final blocks, once.
   *
   * @param progress receives the results so far after every few blocks
   * @throws MillraceException FIX_SETUP if all endpoints that answer have a lower head
   */
  public Proof run(long from, long to, Consumer<Proof> progress) throws InterruptedException {
    requireHead(to);
    return check(from, to, progress);
  }

  /** Returns the reason why the audit waits, in words for people; empty if it does not. */
  public String waitingFor() {
    if (isSurveying) {
      return "the head of each endpoint";
    }
    String dispute = findings.disputes().waitingFor();
    return dispute.isEmpty() ? node.status().waitingFor() : dispute;
  }

  private void requireHead(long to) throws InterruptedException {
    isSurveying = true;
    HeadSurvey survey =
        new HeadSurvey(request.endpoints(), request.chain(), ChainSource.settings(request));
    OptionalLong head = survey.ask(to, PATIENCE);
    isSurveying = false;
    if (head.isPresent() && head.getAsLong() < to) {
      throw new MillraceException(
          Remedy.FIX_SETUP,
          "range ends above the head of the chain: to=%d head=%d".formatted(to, head.getAsLong()));
    }
  }

  /** Ends all waiting calls. */
  @Override
  public void close() {
    node.close();
  }

  static Proof run(
      SourceRequest request,
      List<Source.DiscoveredContract> found,
      ChainNode node,
      long from,
      long to,
      Consumer<Proof> progress)
      throws InterruptedException {
    return new RangeLogAudit(request, found, node).check(from, to, progress);
  }

  private Proof check(long from, long to, Consumer<Proof> progress) throws InterruptedException {
    @Nullable NodeBlockHeader before = null;
    for (long first = from; first <= to; first += GROUP) {
      long last = Math.min(to, first + GROUP - 1);
      before = check(first, last, before);
      progress.accept(proof(last));
    }
    return proof(to);
  }

  private NodeBlockHeader check(long first, long last, @Nullable NodeBlockHeader before)
      throws InterruptedException {
    List<NodeBlockHeader> blocks =
        node.blocks(LongStream.rangeClosed(first, last).boxed().toList());
    @Nullable NodeBlockHeader parent = before;
    for (NodeBlockHeader block : blocks) {
      if (parent != null && !block.header().parent().equals(parent.header().hash())) {
        findings.find("block does not name the one before it: block=" + block.header().number());
      }
      parent = block;
    }
    List<LogQueryAnswer> answers = new ArrayList<>();
    String endpoint = "";
    for (LogFilter filter : plan.queries()) {
      List<LogColumns> pages = new ArrayList<>();
      for (long next = first; next <= last; ) {
        LogPage page = node.logs(new LogQuery(filter, next, last));
        pages.add(page.logs());
        endpoint = page.endpoint();
        next = page.reached() + 1;
      }
      answers.add(new LogQueryAnswer(filter, pages, endpoint));
    }
    LogColumns all = LogColumns.merged(answers.stream().map(LogQueryAnswer::logs).toList());
    logs += all.size();
    int clash = all.firstClash();
    if (clash >= 0) {
      findings.find(
          "two logs of one index: block=%d logIndex=%d"
              .formatted(all.blockNumber(clash), all.logIndex(clash)));
    }
    compareHashes(all, first, blocks);
    LogColumns columns = new DisputedLogs(node, findings).resolve(answers, blocks).corrected(all);
    for (NodeBlockHeader block : blocks) {
      auditor.proveBlooms(block); // asks once, if none of our logs has shown it
    }
    auditor.check(plan, columns, blocks, endpoint);
    return blocks.getLast();
  }

  private void compareHashes(LogColumns columns, long first, List<NodeBlockHeader> blocks) {
    for (int log = 0; log < columns.size(); log++) {
      int at = (int) (columns.blockNumber(log) - first);
      BlockHeader header = blocks.get(at).header();
      Bytes32 hash = header.hash();
      long time = columns.blockTime(log);
      if (columns.startsBlock(log)
          && time != LogColumns.NO_TIME
          && time != header.timestamp().getEpochSecond()) {
        findings.find(
            "log tells another time than its block: block=%d time=%d log's=%d"
                .formatted(first + at, header.timestamp().getEpochSecond(), time));
      }
      if (!hash.equals(columns.blockHash(log))) {
        findings.find(
            "log names another block: block=%d log=%d hash=%s log's=%s"
                .formatted(first + at, columns.logIndex(log), hash, columns.blockHash(log)));
      }
    }
  }

  private Proof proof(long to) {
    LogAuditStatistics.Tally tally = findings.tally();
    return new Proof(
        to,
        tally.blocks(),
        logs,
        tally.unproven(),
        tally.positive(),
        tally.confirmed(),
        tally.falsePositive(),
        findings.bloomsAreProven(),
        findings.found());
  }
}
