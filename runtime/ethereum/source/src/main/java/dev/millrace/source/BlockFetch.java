package dev.millrace.source;

import dev.millrace.evm.Header;
import dev.millrace.evm.LogFilter;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.rpc.LogColumns;
import dev.millrace.rpc.LogPage;
import dev.millrace.rpc.LogQuery;
import dev.millrace.rpc.Node;
import dev.millrace.rpc.NodeBlock;
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
final class BlockFetch {
  private final Node node;
  private final Recent recent;
  private final Auditor auditor;
  private final DisputedLogs disputedLogs;
  private final ExecutorService pool;

  BlockFetch(Node node, Recent recent, Findings findings, ExecutorService pool) {
    this.node = node;
    this.recent = recent;
    this.auditor = new Auditor(node, findings);
    this.disputedLogs = new DisputedLogs(node, findings);
    this.pool = pool;
  }

  /** Returns the blocks of a range, up to the first that the node lacks. */
  List<NodeBlock> blocks(long from, long to) throws InterruptedException {
    List<Callable<Optional<NodeBlock>>> calls = new ArrayList<>();
    for (long number = from; number <= to; number++) {
      long each = number;
      calls.add(() -> node.block(each));
    }
    List<NodeBlock> blocks = new ArrayList<>();
    for (Optional<NodeBlock> block : all(calls)) {
      if (block.isEmpty()) {
        break;
      }
      recent.addHeader(block.get().header());
      blocks.add(block.get());
    }
    return blocks;
  }

  /** Returns the blocks with their logs, up to the first block that is gone meanwhile. */
  List<Stretch> logs(List<NodeBlock> blocks, Plan plan) throws InterruptedException {
    List<Callable<Optional<Stretch>>> calls = new ArrayList<>();
    for (NodeBlock block : blocks) {
      calls.add(() -> stretch(block, plan));
    }
    List<Stretch> stretches = new ArrayList<>();
    for (Optional<Stretch> stretch : all(calls)) {
      if (stretch.isEmpty()) {
        break;
      }
      stretches.add(stretch.get());
    }
    return stretches;
  }

  /** Asks for the logs of contracts that a block has created. */
  private final class Asker implements Stretch.Asker {
    private final NodeBlock block;

    Asker(NodeBlock block) {
      this.block = block;
    }

    @Override
    public LogColumns ask(LogFilter filter) throws InterruptedException {
      return BlockFetch.this.ask(block, Plan.of(filter));
    }

    @Override
    public LogColumns missing(LogFilter filter, LogColumns atHand) throws InterruptedException {
      return auditor.check(Plan.of(filter), atHand, List.of(block), "");
    }
  }

  private Optional<Stretch> stretch(NodeBlock block, Plan plan) throws InterruptedException {
    Header header = block.header();
    NavigableMap<Long, Header> headers = new TreeMap<>();
    headers.put(header.number(), header);
    try {
      return Optional.of(
          new Stretch(
              header.number(), header.number(), plan, ask(block, plan), headers, new Asker(block)));
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
  private LogColumns ask(NodeBlock named, Plan plan) throws InterruptedException {
    NodeBlock block = named;
    Header header = block.header();
    List<QueryAnswer> answers = new ArrayList<>();
    String endpoint = "";
    for (LogFilter query : plan.queries()) {
      LogPage page =
          node.logsOf(header.hash(), new LogQuery(query, header.number(), header.number()));
      DisputedLogs.Settled settled =
          disputedLogs.settle(block, new QueryAnswer(query, List.of(page.logs()), page.endpoint()));
      block = settled.block();
      answers.add(settled.answer());
      endpoint = settled.answer().endpoint();
    }
    LogColumns logs = merged(block, answers);
    LogColumns missing = auditor.check(plan, logs, List.of(block), endpoint);
    return missing.isEmpty() ? logs : LogColumns.merged(List.of(logs, missing));
  }

  /** Merges the logs of all answers, and completes an answer that another one refutes. */
  private LogColumns merged(NodeBlock block, List<QueryAnswer> answers)
      throws InterruptedException {
    LogColumns all =
        LogColumns.merged(answers.stream().flatMap(answer -> answer.pages().stream()).toList());
    if (answers.size() < 2) {
      return all;
    }
    long number = block.header().number();
    List<LogColumns> parts = new ArrayList<>(List.of(all));
    for (QueryAnswer answer : answers) {
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
