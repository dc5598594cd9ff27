package dev.millrace.source;

import dev.millrace.evm.LogFilter;
import dev.millrace.rpc.LogColumns;
import dev.millrace.rpc.LogPage;
import dev.millrace.rpc.NodeBlockHeader;
import dev.millrace.rpc.NodeStatus;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.LongStream;

/**
 * The logs of a range, and their sources.
 *
 * @param avoided the endpoints that were asked only if there were no others
 */
record GatheredRangeLogs(
    long reached,
    List<LogQueryAnswer> answers,
    List<RawCacheSegment> used,
    List<Fetched> fetched,
    Set<String> avoided) {
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

  /**
   * Returns the endpoints to avoid once the answer of one does not count: that one and those before
   * it, so that each is asked in turn, however many stand still on a replaced branch; that one
   * alone once none is left.
   */
  Set<String> avoiding(String endpoint, NodeStatus status) {
    Set<String> more = new HashSet<>(avoided);
    boolean isNew = !endpoint.isEmpty() && more.add(endpoint);
    return isNew && more.size() < status.endpoints().size()
        ? Set.copyOf(more)
        : endpoint.isEmpty() ? Set.of() : Set.of(endpoint);
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
