package dev.millrace.source;

import dev.millrace.evm.LogFilter;
import dev.millrace.rpc.LogColumns;
import dev.millrace.rpc.LogPage;
import dev.millrace.rpc.NodeBlockHeader;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.LongStream;

/** The logs of a range, and their sources. */
record GatheredRangeLogs(
    long reached, List<LogQueryAnswer> answers, List<RawCacheSegment> used, List<Fetched> fetched) {
  /** A page that answers a filter. */
  record Fetched(LogFilter filter, LogPage page) {}

  LogColumns logs() {
    return LogColumns.merged(answers.stream().flatMap(answer -> answer.pages().stream()).toList());
  }

  /** Returns the first answer that lacks logs which another answer has. */
  Optional<LogQueryAnswer> refuted(LogColumns logs) {
    return answers.size() < 2
        ? Optional.empty()
        : answers.stream().filter(answer -> answer.isRefuted(logs, reached)).findFirst();
  }

  String endpoint() {
    return fetched.isEmpty() ? "" : fetched.getLast().page().endpoint();
  }

  /** Returns the last blocks of the files that were used or will be written. */
  LongStream ends() {
    return LongStream.concat(
        used.stream().mapToLong(RawCacheSegment::to).filter(end -> end <= reached),
        fetched.stream().mapToLong(each -> each.page().reached()));
  }

  /** Compares the last block of each page of logs with the final block of that number. */
  HeaderCheck check(Map<Long, NodeBlockHeader> blocks) {
    for (Fetched each : fetched) {
      NodeBlockHeader theirs = each.page().end();
      NodeBlockHeader known = blocks.get(each.page().reached());
      if (theirs != null
          && known != null
          && !known.header().hash().equals(theirs.header().hash())) {
        return HeaderCheck.OTHER_BLOCKS;
      }
    }
    return HeaderCheck.FITS;
  }
}
