package dev.millrace.chain;

import dev.millrace.evm.Header;
import dev.millrace.evm.LogFilter;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.rpc.LogColumns;
import dev.millrace.rpc.LogQuery;
import dev.millrace.rpc.Node;
import dev.millrace.rpc.NodeBlock;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Checks logs against the blooms of their blocks. A bloom that may hold a log of ours while none
 * came is not believed: the block is asked for again by its hash, elsewhere if possible, and then
 * by its receipts. Many threads at once.
 */
final class Auditor {
  private final Node node;
  private final Findings findings;

  Auditor(Node node, Findings findings) {
    this.node = node;
    this.findings = findings;
  }

  /**
   * Checks blocks whose logs have been told.
   *
   * @param endpoint who told them; empty if it is not known
   * @return the logs that were missing
   */
  LogColumns check(Plan plan, LogColumns logs, List<NodeBlock> blocks, String endpoint)
      throws InterruptedException {
    Set<Long> full = new HashSet<>();
    for (int log = 0; log < logs.size(); log++) {
      full.add(logs.blockNumber(log));
    }
    List<LogColumns> missing = new ArrayList<>();
    for (NodeBlock block : blocks) {
      boolean told = full.contains(block.header().number());
      if (told && block.bloom().isEmpty()) {
        findings.bloomDenies(block.header().number());
      }
      if (findings.bloomsAreUseless() || !plan.mayMatch(block.bloom())) {
        findings.checked();
      } else if (told) {
        findings.confirmed();
      } else {
        missing.add(again(block, plan.queries(), endpoint));
      }
    }
    return LogColumns.merged(missing);
  }

  /** The logs of a block that seemed to have none, and the findings' word on it. */
  LogColumns again(NodeBlock block, List<LogFilter> filters, String endpoint)
      throws InterruptedException {
    List<LogColumns> pages = new ArrayList<>();
    for (LogFilter filter : filters) {
      if (block.bloom().mayMatch(filter)) {
        pages.add(again(block.header(), filter, endpoint));
      }
    }
    LogColumns logs = LogColumns.merged(pages);
    if (logs.isEmpty()) {
      findings.falsePositive();
    } else {
      findings.missing(block.header().number(), logs.size(), endpoint);
    }
    return logs;
  }

  private LogColumns again(Header header, LogFilter filter, String endpoint)
      throws InterruptedException {
    LogQuery query = new LogQuery(filter, header.number(), header.number(), endpoint);
    LogColumns logs = node.logsOf(header.hash(), query).logs();
    if (!logs.isEmpty()) {
      return logs;
    }
    try {
      return node.receiptLogs(header.hash(), query).logs();
    } catch (MillraceException refused) {
      if (refused.remedy() == Remedy.REWIND) {
        throw refused;
      }
      return logs; // no endpoint tells receipts, so two equal answers have to do
    }
  }
}
