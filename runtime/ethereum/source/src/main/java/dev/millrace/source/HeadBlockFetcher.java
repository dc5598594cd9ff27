package dev.millrace.source;

import dev.millrace.evm.BlockHeader;
import dev.millrace.evm.LogFilter;
import dev.millrace.loaders.Bytes32;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.rpc.ChainNode;
import dev.millrace.rpc.LogColumns;
import dev.millrace.rpc.LogPage;
import dev.millrace.rpc.LogQuery;
import dev.millrace.rpc.NodeBlockHeader;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;

/** Fetches single blocks near the head, several at once, and their logs by their hashes. */
final class HeadBlockFetcher {
  private final ChainNode node;
  private final RecentBlockCache recent;
  private final BloomLogAuditor auditor;
  private final DisputedLogs disputedLogs;
  private final LogAuditStatistics findings;
  private final ExecutorService pool;

  HeadBlockFetcher(
      ChainNode node, RecentBlockCache recent, LogAuditStatistics findings, ExecutorService pool) {
    this.node = node;
    this.recent = recent;
    this.auditor = new BloomLogAuditor(node, findings);
    this.disputedLogs = new DisputedLogs(node, findings);
    this.findings = findings;
    this.pool = pool;
  }

  /** Returns the blocks of a range, up to the first that the node lacks. */
  List<NodeBlockHeader> blocks(long from, long to) throws InterruptedException {
    List<Callable<Optional<NodeBlockHeader>>> calls = new ArrayList<>();
    for (long number = from; number <= to; number++) {
      long each = number;
      calls.add(() -> node.block(each));
    }
    List<NodeBlockHeader> blocks = new ArrayList<>();
    for (Optional<NodeBlockHeader> block : all(calls)) {
      if (block.isEmpty()) {
        break;
      }
      recent.addHeader(block.get().header());
      blocks.add(block.get());
    }
    return blocks;
  }

  /** Finds a block by its hash. */
  Optional<NodeBlockHeader> block(Bytes32 hash) throws InterruptedException {
    Optional<NodeBlockHeader> block = node.block(hash);
    block.ifPresent(found -> recent.addHeader(found.header()));
    return block;
  }

  /** Returns the blocks with their logs, up to the first block that is gone meanwhile. */
  List<FetchedRange> logs(List<NodeBlockHeader> blocks, LogQueryPlan plan)
      throws InterruptedException {
    List<Callable<Optional<FetchedRange>>> calls = new ArrayList<>();
    for (NodeBlockHeader block : blocks) {
      calls.add(() -> range(block, plan));
    }
    List<FetchedRange> ranges = new ArrayList<>();
    for (Optional<FetchedRange> range : all(calls)) {
      if (range.isEmpty()) {
        break;
      }
      ranges.add(range.get());
    }
    return ranges;
  }

  /** Asks for the logs of contracts that a block has created. */
  private final class HeadRefetch implements FetchedRange.Refetch {
    private final NodeBlockHeader block;

    HeadRefetch(NodeBlockHeader block) {
      this.block = block;
    }

    @Override
    public LogColumns ask(LogFilter filter) throws InterruptedException {
      return HeadBlockFetcher.this.ask(block, LogQueryPlan.of(filter));
    }

    @Override
    public LogColumns missing(LogFilter filter, LogColumns atHand) throws InterruptedException {
      return auditor.check(LogQueryPlan.of(filter), atHand, List.of(block), "");
    }

    @Override
    public MillraceException refused(String why) {
      return new MillraceException(Remedy.REWIND, why);
    }
  }

  private Optional<FetchedRange> range(NodeBlockHeader block, LogQueryPlan plan)
      throws InterruptedException {
    BlockHeader header = block.header();
    NavigableMap<Long, BlockHeader> headers = new TreeMap<>();
    headers.put(header.number(), header);
    try {
      return Optional.of(
          new FetchedRange(
              header.number(),
              header.number(),
              plan,
              ask(block, plan),
              headers,
              new HeadRefetch(block)));
    } catch (MillraceException gone) {
      if (gone.remedy() == Remedy.REWIND) {
        return Optional.empty();
      }
      throw gone;
    }
  }

  /**
   * Returns all logs of a plan in a block. No bloom saves the request: a node may give the bloom of
   * another block, for some blocks only, and a request skipped because of it is a log lost.
   */
  private LogColumns ask(NodeBlockHeader named, LogQueryPlan plan) throws InterruptedException {
    NodeBlockHeader block = named;
    BlockHeader header = block.header();
    List<LogQueryAnswer> answers = new ArrayList<>();
    String endpoint = "";
    for (LogFilter query : plan.queries()) {
      LogPage page =
          node.logsOf(header.hash(), new LogQuery(query, header.number(), header.number()));
      DisputedLogs.Resolved resolved =
          disputedLogs.resolve(
              block, new LogQueryAnswer(query, List.of(page.logs()), page.endpoint()));
      block = resolved.block();
      answers.add(resolved.answer());
      endpoint = resolved.answer().endpoint();
    }
    LogColumns logs = merged(block, answers);
    LogColumns missing = auditor.check(plan, logs, List.of(block), endpoint);
    LogColumns all = missing.isEmpty() ? logs : LogColumns.merged(List.of(logs, missing));
    int clash = all.firstClash();
    if (clash >= 0) {
      String why =
          "answers have two logs of one index: block=%d logIndex=%d"
              .formatted(header.number(), all.logIndex(clash));
      findings.find(why);
      throw new MillraceException(Remedy.REWIND, why); // asked for again, as a block that is gone
    }
    return all;
  }

  /** Merges the logs of all answers, and completes an answer that another one refutes. */
  private LogColumns merged(NodeBlockHeader block, List<LogQueryAnswer> answers)
      throws InterruptedException {
    LogColumns all =
        LogColumns.merged(answers.stream().flatMap(answer -> answer.pages().stream()).toList());
    if (answers.size() < 2) {
      return all;
    }
    long number = block.header().number();
    List<LogColumns> parts = new ArrayList<>(List.of(all));
    for (LogQueryAnswer answer : answers) {
      if (answer.isRefuted(all, number)) {
        parts.add(auditor.complete(block, answer, all));
      }
    }
    return LogColumns.merged(parts);
  }

  private <T> List<T> all(List<Callable<T>> calls) throws InterruptedException {
    if (calls.size() == 1) {
      return List.of(one(calls.getFirst()));
    }
    List<T> results = new ArrayList<>();
    for (Future<T> future : pool.invokeAll(calls)) {
      results.add(one(future::get));
    }
    return results;
  }

  private static <T> T one(Callable<T> call) throws InterruptedException {
    try {
      return call.call();
    } catch (InterruptedException | RuntimeException thrown) {
      throw thrown;
    } catch (ExecutionException failed) {
      if (failed.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      if (failed.getCause() instanceof InterruptedException) {
        throw new InterruptedException("a block is no longer waited for");
      }
      throw new IllegalStateException("block cannot be fetched", failed.getCause());
    } catch (Exception other) {
      throw new IllegalStateException("block cannot be fetched", other);
    }
  }
}
